"""What is kept of a case, apart from the engine. Names and free text stand here and nowhere else."""

from records.database import connect
from records.migrations import Revision, migrate, revision

__all__ = ["Revision", "connect", "migrate", "revision"]
