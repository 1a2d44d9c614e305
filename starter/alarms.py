"""An immediate action that a door starts itself, since no workflow hears of the danger: it waits for nobody."""

import asyncio
import json
from itertools import count

from sqlalchemy import Engine as Database

from protocols.messages import ImmediateActionNeeded, Signal, read
from protocols.roles import Role
from protocols.says import Parties
from records import directory
from records.ahead import alarms
from records.reading import standing
from records.submissions import Kept
from starter.temporal import Engine
from workflows.immediate import Emergency, ImmediateAction

IMMEDIATE_ACTION = "immediate_action"


def danger_in(kept: Kept, parties: Parties) -> tuple[Signal, Role] | None:
    """What a submission says, and who does as the case knows them; None where the sender takes no part in it."""
    said = read(kept.signal, json.dumps(kept.facts), kept.sent_at).signal
    sender = parties.known_as(said.sender) if said else None
    if not isinstance(said, ImmediateActionNeeded) or sender is None or not parties.take_part(sender):
        return None
    return said, sender


async def start_alarm(database: Database, engine: Engine, case: str, said: Signal, sender: Role) -> None:
    """Start it under the first number that is free; whoever delivers the same once more finds it started.

    Args:
        database, engine: the records, and Temporal.
        case: the reference.
        said: what a door kept, with its id; sender: who says so.

    Raises:
        Unreachable: Temporal or the records do not answer.
    """
    stands = await asyncio.to_thread(standing, database, case)
    holidays = await asyncio.to_thread(directory.holidays, database)
    lead = [Role(role="safeguarding_lead", agency=sender.agency)] if sender.agency else []
    occasion = said.id or f"{case}-unheard"
    known = await asyncio.to_thread(alarms, database, case)
    for number in count(1):
        if known.get(number) == occasion:
            return
        if number in known:
            continue
        emergency = Emergency(
            case=case,
            number=number,
            stage=stands.stage,
            raised_by=sender,
            at=said.at,
            sent_at=said.sent_at,
            occasion=occasion,
            to=list(dict.fromkeys([Role(role="duty_team"), *lead, *stands.waiting_for])),
            holidays=holidays,
        )
        if await engine.start_workflow(ImmediateAction, emergency, emergency.workflow_id, f"Immediate action, {case}"):
            return
        run = await engine.last_run(emergency.workflow_id)
        if run and run.given.get("occasion") == occasion:
            return  # it runs, and stands nowhere yet
