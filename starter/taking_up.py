"""A case or an immediate action whose workflow is gone, terminated by an operator or failed, is taken up again.

It goes on from the records where it stood: what they do not know of what was said is judged now, what they know is
neither said nor sent again, and clocks run on from their old starts.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine as Database

from protocols.errors import Refused, WrongUse
from protocols.messages import read
from protocols.roles import Role
from protocols.steps import AheadQuery
from records import cases, directory, submissions
from records.ahead import ahead
from records.cases import CaseFacts
from records.followed import alarm, deliver_again, followed
from records.intake import NewSubmission
from records.streams import reference_of
from records.submissions import Kept
from starter.alarms import IMMEDIATE_ACTION
from starter.last_run import LastRun
from workflows.behind import go_on, unheard
from workflows.immediate import Emergency, as_recorded
from workflows.state import RESUMED, Case, Reopening

REOPENED = "reopened"
"""What the records call the opening again of an ended case; no workflow hears it, a new run begins with it."""
NEVER_RUN = LastRun({}, [])
UNIT = Role(role="business_unit")


def in_order(kept: list[Kept]) -> list[Kept]:
    """An immediate action waits for nothing; a workflow that is gone is taken up before it is told the rest."""
    first = [IMMEDIATE_ACTION, RESUMED]
    return sorted(kept, key=lambda one: first.index(one.signal) if one.signal in first else len(first))


def refuse_what_is_over(database: Database, workflow_id: str) -> None:
    """Refuse to take up what needs no workflow.

    Raises:
        CaseUnknown: there is no such case.
        Refused: it has not begun, or is over.
    """
    reference = reference_of(workflow_id)
    facts = cases.case_facts(database, reference)
    if workflow_id != reference and workflow_id not in cases.immediate_actions(database, reference):
        raise Refused(f"{reference} had no immediate action {workflow_id}. See it with: datrys show {reference}")
    if not facts.started:
        raise Refused(f"{reference} has not begun: it does as soon as Temporal and a worker run.")
    if workflow_id != reference and alarm(database, workflow_id) is None:
        raise Refused(f"{workflow_id} told nobody: say anew that immediate action is needed.")
    if followed(database, [workflow_id]):
        return
    if workflow_id != reference:
        raise Refused(f"{workflow_id} is over: its referral was made, and nothing waits to be sent.")
    raise WrongUse(f"{reference} has ended: say the stage at which it is to be opened again, with --stage STAGE.")


def keep_taking_up(
    database: Database, workflow_id: str, reason: str, by: Role | None, person: str, key: str, now: datetime
) -> Kept:
    """Keep that somebody takes it up, with the reason, before a new run is started."""
    if not reason.strip():
        raise WrongUse("Say why it is taken up again: --reason TEXT.")
    key, moment = key or str(uuid4()), now.isoformat()
    submission = NewSubmission(
        id=key,
        case=workflow_id,
        signal=RESUMED,
        signal_id=key,
        facts={"id": key, "by": by.role if by else "", "at": moment, "sent_at": moment, "record": key},
        by=by or Role(role=""),
        person=person,
        sent_at=now,
        record=key,
        text={"text": reason},
        presumed=frozenset({"at"}),
    )
    return submissions.keep_submission(database, submission)


def case_taken_up(
    database: Database, kept: Kept, run: LastRun | None, state_of: Callable[[CaseFacts], Case[Any]]
) -> Case[Any]:
    """The state that a new run of a case goes on from.

    Args:
        database: the records.
        kept: that it is taken up.
        run: the run that is gone; None if its history is gone too.
        state_of: the state by the records.
    """
    lost = run or NEVER_RUN
    known = ahead(database, AheadQuery(case=kept.case, after=lost.after))
    case = go_on(state_of(cases.case_facts(database, kept.case)), known, lost.heard)
    case.reopened = _resumed(kept)
    _deliver_again(database, kept, lost)
    return case


def emergency_taken_up(database: Database, kept: Kept, run: LastRun | None) -> Emergency:
    """The state that a new run of an immediate action goes on from.

    Args:
        database: the records.
        kept: that it is taken up.
        run: the run that is gone; None if its history is gone too.

    Raises:
        Refused: it told nobody, so that the records know nothing of it.
    """
    lost, began = run or NEVER_RUN, alarm(database, kept.case)
    if began is None:
        raise Refused(f"{kept.case} told nobody: say anew that immediate action is needed.")
    emergency = Emergency(
        **began._asdict() | {"to": list(began.to)},
        case=reference_of(kept.case),
        number=int(kept.case.rpartition("-")[2]),
        holidays=directory.holidays(database),
    )
    known = ahead(database, AheadQuery(case=kept.case, after=lost.after))
    state = as_recorded(emergency, known, unheard(lost.heard, known.heard))
    state.resumed = _resumed(kept)
    _deliver_again(database, kept, lost)
    return state


def _resumed(kept: Kept) -> Reopening:
    said = kept.facts
    by = Role(role=said["by"]) if said["by"] else None
    return Reopening(id=said["id"], to="", at=datetime.fromisoformat(said["at"]), record=said["record"], by=by)


def _deliver_again(database: Database, kept: Kept, lost: LastRun) -> None:
    """What a door handed to the engine and was in no history is handed to the new run."""
    known = {read(one.name, one.body, one.seen).id for one in lost.heard}
    deliver_again(database, kept.case, known, (RESUMED, REOPENED))
