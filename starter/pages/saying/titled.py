"""The words of a case's edition and agencies in a visitor's language."""

from protocols.editions import Edition
from records import directory
from starter.pages.titles import Titles
from starter.pages.visit import Visit


def titles_of(visit: Visit, edition: Edition) -> Titles:
    """Roles, agencies and stages as this visitor reads them.

    Raises:
        Unreachable: the records do not answer.
    """
    return Titles(visit.tongue, edition, directory.agencies(visit.door.database))
