"""Steps that were refused since steps before them are missing, and notices that an operator let go."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; nothing was refused before."""
    op.add_column("streams", sa.Column("refused_step", sa.Integer(), nullable=True))
    op.add_column("notices", sa.Column("released", sa.Boolean(), nullable=False, server_default=sa.false()))
