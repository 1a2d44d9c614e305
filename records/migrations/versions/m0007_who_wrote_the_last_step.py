"""Which run wrote the last step of a line of entries, and when: a run that was reset is told that it is behind."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; nobody knows it of what was written before."""
    op.add_column("streams", sa.Column("last_writer", sa.Text(), nullable=False, server_default=""))
