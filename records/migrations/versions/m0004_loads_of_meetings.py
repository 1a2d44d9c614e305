"""Which load last changed a meeting, so that a load that died half way tells open cases the second time."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the number of the load; what was loaded before belongs to none."""
    op.add_column("planned_meetings", sa.Column("load", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("planned_meetings") as table:
        table.alter_column("load", server_default=None)
