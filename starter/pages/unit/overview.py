"""What needs the Business Unit's attention."""

from typing import NamedTuple

from fastapi import APIRouter
from fastapi.responses import Response

from records import directory, submissions
from records.register import RegisterRow, register
from starter.checks import board
from starter.pages.unit.meetings import GROUPS
from starter.pages.unit.who import AsUnit, Unit, cases_of

router = APIRouter()


class Cases(NamedTuple):
    """The cases of the board that need attention, each list by itself.

    Attributes:
        overdue: a limit of the protocol passed unmet.
        late: a target of the board passed unmet, and no limit of the protocol.
        undelivered: mails did not reach whoever holds the role.
        not_started: kept until Datrys can start them.
        waiting: how many things that somebody said wait to be delivered.
    """

    overdue: tuple[RegisterRow, ...]
    late: tuple[RegisterRow, ...]
    undelivered: tuple[RegisterRow, ...]
    not_started: tuple[RegisterRow, ...]
    waiting: int


def needing_attention(unit: Unit) -> Cases:
    """The cases of the board that need attention."""
    mine, door = cases_of(unit), unit.visit.door
    rows = [row for row in register(door.database, protocol=unit.board, open_only=True) if row.reference in mine]
    return Cases(
        overdue=tuple(row for row in rows if row.overdue),
        late=tuple(row for row in rows if row.late and not row.overdue),
        undelivered=tuple(row for row in rows if row.undelivered),
        not_started=tuple(row for row in rows if not row.started),
        waiting=sum(kept.case.partition("-immediate-")[0] in mine for kept in submissions.kept(door.database)),
    )


@router.api_route("/unit", methods=["GET", "HEAD"])
def overview(unit: AsUnit) -> Response:
    """The board at a glance."""
    database, edition, now = unit.visit.door.database, unit.edition, unit.visit.now
    people = directory.people(database, unit.board)
    vacant = [
        (one.role, "" if one.everywhere else unit.places(one.where))
        for one in board.vacancies(database, edition, people)
    ]
    last, known = board.known_until(database, now)
    return unit.visit.page(
        "unit/overview.html.j2",
        unit=unit,
        cases=needing_attention(unit),
        vacant=vacant,
        silent=unit.places(board.silent_duty_teams(database, edition)),
        at_night=", ".join(dict.fromkeys(one.authority or one.name for one in board.silent_at_night(people))),
        meetings=board.next_meetings(database, edition, now),
        names=GROUPS,
        last=last,
        ends=known is not board.Known.LONG,
        ended=known is board.Known.ENDED,
    )
