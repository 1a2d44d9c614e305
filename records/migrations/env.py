"""How alembic runs a migration: inside the caller's transaction; the triggers are made anew at its end."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from records.append_only import protect
from records.models import Base, Moment


def _render(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Scripts name plain column types, so that they outlive the models."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Moment) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=_render,
    transactional_ddl=False,  # the transaction is the caller's
)
context.run_migrations()
protect(connection)
