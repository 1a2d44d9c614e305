"""Which roles somebody holds: as the directory lists them, and as cases name them. No name is read for it.

A person is known by an e-mail address: the same human may stand in several rows, and each row that says this address
is theirs. A deputy holds the role too.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from protocols.access import INDEPENDENT_MEMBER, OF_AN_AGENCY, Held
from protocols.editions import Edition
from protocols.roles import Role
from records.models import CasePerson, DirectoryPerson
from records.people import closest, in_office, reference_to

Row = CasePerson | DirectoryPerson


class Asker(NamedTuple):
    """Who asks.

    Attributes:
        email: a person's address, as sign-in or a mailed link or code has proved it.
        bound: the roles that a program's or an operator's token is bound to.
    """

    email: str = ""
    bound: tuple[Held, ...] = ()

    @property
    def address(self) -> str:
        """The address as it is compared."""
        return self.email.strip().lower()

    def is_named_in(self, row: Row) -> bool:
        """Whether this is the holder, or the deputy; nobody is, where no address is given."""
        return bool(self.address) and self.address in (_address(row.email), _address(row.deputy_email))

    def names(self) -> ColumnElement[bool]:
        """The same as a condition on `case_people`."""
        columns = (CasePerson.email, CasePerson.deputy_email)
        return or_(*(func.lower(func.trim(column)) == self.address for column in columns))


class Directory:
    """What the directory gives somebody.

    Args:
        rows: the people that all boards have loaded, in the order in which they came.
        asker: who asks.
    """

    def __init__(self, rows: Sequence[DirectoryPerson], asker: Asker) -> None:
        self._asker = asker
        self._mine = [row for row in rows if asker.is_named_in(row)]
        self._peers: dict[tuple[str, Role], list[DirectoryPerson]] = {}
        for row in rows:
            self._peers.setdefault((row.board, _role(row)), []).append(row)

    @property
    def standing(self) -> list[Held]:
        """The roles that are held somewhere, whatever a single case says; a token's among them."""
        mine = (row for row in self._mine if self._holds(row, row.authority, row.group))
        return [*(self._listed(row) for row in mine), *self._asker.bound]

    def held_in(self, edition: Edition, authority: str, group: str, named: Iterable[CasePerson]) -> tuple[Held, ...]:
        """The roles that are held in one case, as `people.holders` would find them.

        Args:
            edition: the case's; authority, group: of the case.
            named: everybody that was named for the case, the latest last.
        """
        seats = {_seat(row): row for row in named}
        theirs = [self._named(row) for row in seats.values() if self._asker.is_named_in(row)]
        listed = {name for name, title in edition.roles.items() if not title.until_named}
        mine = (row for row in self._mine if row.board == edition.protocol and row.role in listed)
        now = (row for row in mine if self._holds(row, authority, group))
        theirs += [self._listed(row)._replace(replaced=_seat(row) in seats) for row in now]
        for name, title in edition.roles.items():
            if title.until_named and Role(role=name) not in seats:
                meanwhile = [one for one in theirs if one.role.role == title.until_named and not one.replaced]
                theirs += [one._replace(role=Role(role=name)) for one in meanwhile]
        return (*theirs, *self._asker.bound)

    def _holds(self, row: DirectoryPerson, authority: str, group: str) -> bool:
        """Whether this row, of all that fit, is the one that holds the role for an authority and group."""
        peers = self._peers[row.board, _role(row)]
        fitting = [one for one in peers if one.authority in ("", authority) and one.group in ("", group)]
        return row in in_office(row.role, closest(fitting))

    def _listed(self, row: DirectoryPerson) -> Held:
        return self._named(row)._replace(case="", board=row.board, authority=row.authority, group=row.group)

    def _named(self, row: Row) -> Held:
        deputy = _address(row.email) != self._asker.address
        case = row.reference if isinstance(row, CasePerson) else ""
        return Held(_role(row), case=case, person=reference_to(row), deputy=deputy)


def directory_of(session: Session, asker: Asker) -> Directory:
    """What the directory gives somebody."""
    rows = select(DirectoryPerson).order_by(DirectoryPerson.load, DirectoryPerson.id)
    return Directory(session.scalars(rows).all(), asker)


@cache
def edition_of(kept: str) -> Edition:
    """The edition that cases are kept under, read once however many they are."""
    return Edition.model_validate_json(kept)


def _address(email: str) -> str:
    return email.strip().lower()


def _seat(row: Row) -> Role:
    """The role that one person holds at a time."""
    return Role(role=row.role, agency=row.agency if row.role in OF_AN_AGENCY else "")


def _role(row: Row) -> Role:
    """The role; an independent member's with the agency that they are of, which the decision on a review names."""
    return Role(role=row.role, agency=row.agency if row.role in {*OF_AN_AGENCY, INDEPENDENT_MEMBER} else "")
