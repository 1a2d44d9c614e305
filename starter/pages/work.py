"""My work: what is asked of whoever is signed in, the most pressing first."""

from fastapi import APIRouter
from fastapi.responses import Response

from starter.pages.due import Group, in_words
from starter.pages.tasks import work
from starter.pages.tongues import later
from starter.pages.visit import Visiting

router = APIRouter()
GROUPS = {
    Group.OVERDUE: later("Overdue"),
    Group.TODAY: later("Today"),
    Group.THIS_WEEK: later("This week"),
    Group.LATER: later("Later, or without a date"),
}


@router.api_route("/work", methods=["GET", "HEAD"])
def my_work(visit: Visiting) -> Response:
    """All that is asked of the visitor, with the meetings of this week and what they began to write."""
    found = work(visit)
    return visit.page(
        "work.html.j2",
        work=found,
        groups={group: visit.say(words) for group, words in GROUPS.items() if group in found.tasks},
        until=lambda due: in_words(due, visit.now, visit.house.duty.holidays, visit.tongue),
        unit=visit.door.settings.business_unit,
    )
