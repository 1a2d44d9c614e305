"""What staff and boards do, whichever door they come through: one module that every door calls."""

import asyncio
import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Engine as Database

from protocols.case_file import CaseFile
from protocols.coming_in import EXCLUDED, read_case_file, unreadable
from protocols.editions import Edition, read_editions
from protocols.errors import CaseRefused, NotAllowed, RaisedAlready, Refused, WrongUse
from protocols.messages import BODY_BYTES, CONFIRMATION, MESSAGES, ImmediateActionConfirmed, Signal
from protocols.roles import Role
from protocols.says import ANY_TIME
from records import cases, reading, register, submissions
from records.intake import KeptCase, NewSubmission
from records.reading import CaseView, TimelineEntry
from records.register import RegisterRow
from records.streams import reference_of
from records.submissions import Kept
from settings import Settings
from starter.delivery import Delivery, last_state
from starter.going_back import stages_to_open
from starter.loads import Loads
from starter.new_case import fingerprint, key_mark, new_case, surroundings, within_calendar
from starter.taking_up import REOPENED, UNIT, keep_taking_up, refuse_what_is_over
from starter.temporal import RUNNING, Engine
from starter.told import Told
from workflows.registry import PROTOCOLS, protocol_of

SAME_WITHIN = timedelta(days=1)


def utc_now() -> datetime:
    """The moment at which a door takes something."""
    return datetime.now(UTC)


class Raised(NamedTuple):
    """A case that was raised.

    Attributes:
        kept: Temporal is away, and the relay will start it.
        advice: what whoever raised it should do besides.
        new: false where the same was raised before under the same key.
    """

    reference: str
    kept: bool
    advice: tuple[str, ...] = ()
    new: bool = True


class CaseReport(NamedTuple):
    """A case as it stands, and its timeline."""

    view: CaseView
    timeline: list[TimelineEntry]


class Datrys(Loads):
    """The use cases.

    Args:
        settings: what the environment says.
        database: the records.
        engine: Temporal.
        now: the door's clock.
    """

    def __init__(
        self, settings: Settings, database: Database, engine: Engine, now: Callable[[], datetime] = utc_now
    ) -> None:
        self.settings, self.database, self.engine, self.now = settings, database, engine, now
        self.delivery = Delivery(database, engine, now)

    @property
    def editions(self) -> Mapping[str, Edition]:
        """The editions in force."""
        return read_editions(self.settings.editions)

    # --- cases

    async def raise_case(
        self,
        data: Any,
        again: bool = False,
        may_raise: Callable[[CaseFile], bool] = lambda file: True,
        key: str = "",
        person: str = "",
        draft: str = "",
    ) -> Raised:
        """Start a case from a case file.

        Args:
            data: the JSON object.
            again: the same case file was raised within a day, and is meant once more.
            may_raise: whether whoever asks may raise this case.
            key: the sender's key, under which it is raised once within a day; person: whose key it is.
            draft: the id of the draft that it was written in, if any; it becomes one case, however often it is sent.

        Raises:
            CaseRefused: everything that is wrong with it, a line a field.
            NotAllowed: they may not.
            RaisedAlready: the same case file was raised within a day.
            KeyReused: another one was raised under this key.
            Refused: the bank holidays end.
        """
        mark = key_mark(person, key)
        kept, advice = await asyncio.to_thread(self._keep_case, data, again, may_raise, mark, draft)
        return Raised(kept.reference, not await self.delivery.start(kept.reference), advice, kept.new)

    async def tell(
        self,
        case: str,
        name: str,
        by: Role,
        data: Mapping[str, Any],
        signal_id: str = "",
        entered_by: str = "",
        person: str = "",
    ) -> Told:
        """Tell a case something.

        Args:
            case: the reference, or `REFERENCE-immediate-N`.
            name: the signal's name.
            by: the role that says so; an empty role is found missing by the case.
            data: its facts, and the text (`text`, `holder`, `people`, …) that belongs into the records.
            signal_id: the sender's key; made here if there is none.
            entered_by: ``business_unit`` where it enters for that role.
            person: who it is, where known, as a reference without a name (`NewSubmission.person`).

        Raises:
            WrongUse: there is no such signal, or its facts are too long.
            CaseUnknown: there is no such case.
            KeyReused: something else was said under this key.
        """
        kind = ImmediateActionConfirmed if name == CONFIRMATION else MESSAGES.get(name)
        if kind is None:
            raise WrongUse(f"“{name}” is no signal. Signals are: {', '.join([*MESSAGES, CONFIRMATION])}.")
        kept = await asyncio.to_thread(self._keep_said, case, name, kind, by, data, signal_id, entered_by, person)
        receipt = kept.receipt or await self.delivery.deliver(kept)
        refused = receipt is not None and not receipt.accepted
        waits_for = await asyncio.to_thread(self._waits_for, case) if refused else ""
        return Told(kept.facts["id"], receipt, waits_for, kept.new)

    async def take_up(
        self, workflow_id: str, reason: str, by: Role | None = UNIT, person: str = "", key: str = ""
    ) -> Raised:
        """Take up a case, or an immediate action, whose workflow is gone; it goes on from the records where it stood.

        Args:
            workflow_id: the reference, or `REFERENCE-immediate-N`.
            reason: why; kept in the records.
            by: the Business Unit; None for an operator.
            person: who it is, where known, as a reference without a name.
            key: said twice, it counts once; made here if there is none.

        Raises:
            Refused: its workflow runs, or it is over.
            Unreachable: nobody can tell whether it runs, since Temporal does not answer.
        """
        await asyncio.to_thread(refuse_what_is_over, self.database, workflow_id)
        if await self.engine.how_it_runs(workflow_id) == RUNNING:
            words = f"{workflow_id} is followed by a workflow that runs: there is nothing to take up."
            raise Refused(f"{words} To lead a case back to a stage, send corrected with return_to.")
        now = self.now()
        kept = await asyncio.to_thread(keep_taking_up, self.database, workflow_id, reason, by, person, key, now)
        receipt = kept.receipt or await self.delivery.deliver(kept)
        if receipt and not receipt.accepted:
            raise Refused(f"{workflow_id} was not taken up: {receipt.reason}.")
        return Raised(workflow_id, kept=receipt is None)

    async def reopen(self, reference: str, stage: str, reason: str, person: str = "", key: str = "") -> Raised:
        """Open an ended case again at a stage that it went through; only the Business Unit does so.

        Args:
            reference: the case.
            stage: where it goes on.
            reason: why; kept in the records.
            person: who it is, where known, as a reference without a name.
            key: said twice, it counts once; made here if there is none.

        Raises:
            Refused: the case has not ended, or did not go through that stage.
        """
        kept = await asyncio.to_thread(self._keep_reopening, reference, stage, reason, person, key)
        return Raised(reference, kept=(kept.receipt or await self.delivery.deliver(kept)) is None)

    def _keep_reopening(self, reference: str, stage: str, reason: str, person: str, key: str) -> Kept:
        if reference_of(reference) != reference:
            raise WrongUse(f"{reference} is an immediate action: it has no stages. Leave out --stage to take it up.")
        facts, now = cases.case_facts(self.database, reference), self.now()
        if key and (known := submissions.submission(self.database, key)):
            return known
        if facts.stage != "ended" or facts.snapshot is None:
            words = "To lead it back, send corrected with return_to; if datrys check says that nobody follows it"
            raise Refused(f"{reference} has not ended. {words}, leave out --stage.")
        possible, state = stages_to_open(facts, now), last_state(facts)
        if stage in state.gone_through and stage in state.missed(now):
            raise Refused(f"{reference} cannot go back to “{stage}”: its time limit is past, and would move it on.")
        if stage not in possible:
            raise Refused(f"{reference} did not go through “{stage}”. It went through: {', '.join(possible)}.")
        if not reason.strip():
            raise WrongUse("Say why the case is opened again: --reason TEXT.")
        key, moment = key or str(uuid.uuid4()), now.isoformat()
        submission = NewSubmission(
            id=key,
            case=reference,
            signal=REOPENED,
            signal_id=key,
            facts={"id": key, "to": stage, "at": moment, "sent_at": moment, "record": key},
            by=Role(role="business_unit"),
            person=person,
            sent_at=now,
            record=key,
            text={"text": reason},
            presumed=frozenset({"at"}),  # of two at once the second has another
        )
        return submissions.keep_submission(self.database, submission)

    # --- what staff look at

    def case(self, reference: str) -> CaseReport:
        """A case as it stands, with its timeline.

        Raises:
            CaseUnknown: there is no such case.
        """
        view = reading.case_view(self.database, reference)
        return CaseReport(view, reading.timeline(self.database, reference))

    def register(self, protocol: str, stage: str, overdue: bool, waiting_for: str) -> list[RegisterRow]:
        """The register of cases, oldest first."""
        return register.register(
            self.database, protocol=protocol, stage=stage, overdue=overdue, waiting_for=waiting_for
        )

    # --- machinery

    def _keep_case(
        self, data: Any, again: bool, may_raise: Callable[[CaseFile], bool], key: str, draft: str
    ) -> tuple[KeptCase, tuple[str, ...]]:
        """Keep a case with what the edition advises besides."""
        if not isinstance(data, Mapping):
            raise CaseRefused({"case file": "is no JSON object; see docs/case-file.md"})
        edition = self._edition(data)
        now = self.now()
        protocol = protocol_of(edition.protocol)
        try:
            file = read_case_file(data, surroundings(self.database, edition, now), protocol.coming_in)
        except CaseRefused as refused:
            self._count_excluded(edition, data, refused)
            raise
        if not may_raise(file):
            raise NotAllowed(f"You may not raise a case as {file.raised_by.role} of {file.raised_by.agency}.")
        within_calendar(self.database, now)
        new = new_case(file, edition, now, protocol.starts[file.start_at_stage], fingerprint(data), key)
        day_ago = now - SAME_WITHIN
        kept = cases.keep_case(self.database, new, None if again else day_ago, day_ago, draft)
        if not (kept.new or kept.same_key):
            raise RaisedAlready(kept.reference)
        advice = tuple(words.en for answer, words in edition.advice.items() if getattr(file.screening, answer))
        return kept, advice

    def _edition(self, data: Mapping[str, Any]) -> Edition:
        protocol = data.get("protocol")
        if not isinstance(protocol, str) or protocol not in self.editions or protocol not in PROTOCOLS:
            known = [name for name in PROTOCOLS if name in self.editions]
            raise CaseRefused({**unreadable(data), "protocol": f"is not one of {', '.join(known)}"})
        return self.editions[protocol]

    def _count_excluded(self, edition: Edition, data: Mapping[str, Any], refused: CaseRefused) -> None:
        """What the protocol is not for is counted, and nothing else of it is kept."""
        screening = data.get("screening")
        why = screening.get("excluded_because") if isinstance(screening, Mapping) else None
        if EXCLUDED in refused.faults and isinstance(why, str) and why in edition.exclusions:
            cases.count(self.database, edition.protocol, f"excluded: {why}", self.now())

    def _keep_said(self, case: str, name: str, kind: type[Signal], *said: Any) -> Kept:
        submission = self._submission(case, name, kind, *said)
        if len(json.dumps(submission.facts)) > BODY_BYTES:
            raise WrongUse(f"The facts are longer than {BODY_BYTES} bytes: put what is text under “text”.")
        return submissions.keep_submission(self.database, submission)

    def _submission(
        self,
        case: str,
        name: str,
        kind: type[Signal],
        by: Role,
        data: Mapping[str, Any],
        signal_id: str,
        entered_by: str,
        person: str,
    ) -> NewSubmission:
        key, now = str(uuid.uuid4()), self.now().isoformat()
        facts = {field: data[field] for field in kind.model_fields if data.get(field) is not None}
        text = {field: value for field, value in data.items() if field not in kind.model_fields}
        said = {"by": by.role or None, "agency": by.agency or None, "entered_by": entered_by or None}
        facts |= {field: value for field, value in said.items() if value}
        presumed = {"at", "stage", "turn"} - facts.keys()
        facts |= {"id": signal_id or facts.get("id") or key, "sent_at": now}
        facts.setdefault("at", now)
        if text:
            facts["record"] = key
        if name != CONFIRMATION:
            facts |= self._stage_answered(case, name, facts)
        return NewSubmission(
            id=key,
            case=case,
            signal=name,
            signal_id=str(facts["id"]),
            facts=facts,
            by=by,
            entered_by=entered_by,
            person=person,
            sent_at=datetime.fromisoformat(now),
            record=key if text else "",
            text=text or None,
            presumed=frozenset(presumed),
        )

    def _stage_answered(self, case: str, name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        """A door always says which stage is answered: the one that the records show, unless the sender says it."""
        if "stage" in facts:
            return {}
        view = reading.case_view(self.database, case)
        rules = protocol_of(view.row.protocol).workflow.rules
        at_any_time = all(row.stage == ANY_TIME for row in rules.says if row.signal is MESSAGES[name])
        return {} if at_any_time or not view.turn else {"stage": view.row.stage, "turn": view.turn}

    def _waits_for(self, case: str) -> str:
        row = reading.case_view(self.database, case.partition("-immediate-")[0]).row
        if not row.waiting_for:
            return "The case has ended and waits for nobody."
        return f"The case is at {row.stage} and waits for: {', '.join(map(str, row.waiting_for))}."
