"""What is asked of somebody across all cases: tasks by how soon they are due, meetings this week, what they began."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from protocols.access import ALARM, INVITATIONS, holds
from protocols.editions import Kind
from protocols.roles import Role
from records import asked as open_things
from records import directory
from records.access import Sight, visible
from records.asked import Danger
from records.drafts import Draft, drafts
from records.holding import Asker
from records.register import register
from starter.pages.asked import asked
from starter.pages.due import Group, end_of_week, group_of
from starter.pages.titles import Titles
from starter.pages.visit import Visit
from workflows.immediate import chased_after
from workflows.registry import ACCESS


class Task(NamedTuple):
    """One thing to do.

    Attributes:
        case: the reference; where: that, or the immediate action, where it is answered.
        what: in words.
        roles: as which of the visitor's roles.
        due: by when; kind: who set that limit, where it is one.
        urgent: whether it is about somebody in danger.
    """

    case: str
    where: str
    what: str
    roles: str
    due: datetime | None
    kind: Kind | None
    urgent: bool = False


class Meeting(NamedTuple):
    """A meeting that the visitor is invited to."""

    case: str
    at: datetime


class Work(NamedTuple):
    """All that somebody has to do.

    Attributes:
        tasks: by how soon, each group by its dates.
        meetings: those left of this week; drafts: what was begun and not sent.
        holds: whether they hold any role, by the directory or by a case.
    """

    tasks: Mapping[Group, Sequence[Task]]
    meetings: Sequence[Meeting]
    drafts: Sequence[Draft]
    holds: bool


def work(visit: Visit) -> Work:
    """What the visitor has to do.

    Raises:
        SignInFirst: nobody is signed in.
        Unreachable: the records do not answer.
    """
    database, email, now = visit.door.database, visit.person.email, visit.now
    seen = visible(database, Asker(email=email), ACCESS)
    found = [*_dangers(visit, seen), *_tasks(visit, seen)]
    found.sort(key=lambda task: (not task.urgent, task.due is None, task.due or now, task.case))
    grouped = {group: [task for task in found if _group(task, now) is group] for group in Group}
    meetings = open_things.meetings_ahead(database, now, end_of_week(now))
    invited = [Meeting(case, at) for case, times in meetings.items() if _invited(seen.get(case)) for at in times]
    return Work(
        {group: tasks for group, tasks in grouped.items() if tasks},
        sorted(invited, key=lambda meeting: (meeting.at, meeting.case)),
        drafts(database, email),
        bool(seen or visit.held),
    )


def _group(task: Task, now: datetime) -> Group:
    """Danger is for today, whatever its date."""
    found = group_of(task.due, now)
    return Group.TODAY if task.urgent and found is not Group.OVERDUE else found


def _tasks(visit: Visit, seen: Mapping[str, Sight]) -> Iterator[Task]:
    editions, agencies = visit.door.editions, directory.agencies(visit.door.database)
    titles = {name: Titles(visit.tongue, edition, agencies) for name, edition in editions.items()}
    clocks = open_things.running_clocks(visit.door.database)
    for row in register(visit.door.database, open_only=True, among=seen):
        sight, said = seen.get(row.reference), titles.get(row.protocol)
        if sight is None or said is None:
            continue
        for one in asked(sight, row, clocks.get(row.reference, ()), said.edition):
            agency = f" ({said.agency(one.agency)})" if one.agency else ""
            stage = visit.say("The case waits for your answer: %(stage)s", stage=said.stage(one.stage))
            what = said.task(one.clock) + agency if one.clock else stage
            yield Task(one.case, one.case, what, said.together(said.roles(one.roles)), one.due, one.kind)


def _dangers(visit: Visit, seen: Mapping[str, Sight]) -> Iterator[Task]:
    """The immediate actions that nobody confirmed, for each role that was told; chased, they are overdue."""
    open_ones = open_things.dangers(visit.door.database)
    agencies = directory.agencies(visit.door.database) if open_ones else {}
    for case, dangers in open_ones.items():
        sight = seen.get(case)
        mine = _told_of_danger(sight) if sight else []
        if not sight or not mine:
            continue
        titles = Titles(visit.tongue, visit.door.editions[sight.case.board], agencies)
        for danger in dangers:
            yield _confirm(visit, case, danger, titles.together(titles.roles(mine)))


def _confirm(visit: Visit, case: str, danger: Danger, roles: str) -> Task:
    due: datetime = danger.began + chased_after(0)
    what = visit.say("Somebody may be in danger: say whether the referral was made")
    return Task(case, danger.id, what, roles, due, None, urgent=True)


def _told_of_danger(seen: Sight) -> list[Role]:
    told = sorted({role for kind, role in seen.case.notices if kind == ALARM}, key=str)
    return [role for role in told if holds(role, seen.held, seen.case)]


def _invited(seen: Sight | None) -> bool:
    if seen is None:
        return False
    mine = (held.role for held in seen.held if holds(held.role, seen.held, seen.case))
    return any(seen.case.was_sent(role, *INVITATIONS) for role in mine)
