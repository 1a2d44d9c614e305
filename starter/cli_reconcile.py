"""`datrys reconcile`: what records and Temporal do not both have, and what is done about it. For operators."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from protocols.errors import Unreachable, WrongUse
from starter import printing
from starter.acting import operating
from starter.cli import app, somebody
from starter.reconciling import Difference, Reconciling

T = TypeVar("T")
Flag = typer.Option
DIFFERS, NOT_LOOKED = 1, 2


@app.command()
def reconcile(
    reference: Annotated[str, typer.Argument(help="One case, such as GWENT-2026-0001; all, if none is named.")] = "",
    from_engine: Annotated[
        bool, Flag("--from-engine", help="Write what the records of this case lack, from Temporal; sends nothing.")
    ] = False,
    from_records: Annotated[
        bool, Flag("--from-records", help="Tell Temporal what it lacks of this case: it goes on from the records.")
    ] = False,
    sent: Annotated[bool, Flag("--sent", help="Its messages in doubt have gone out.")] = False,
    send: Annotated[bool, Flag("--send", help="Its messages in doubt are sent, perhaps once more.")] = False,
    hold: Annotated[
        bool, Flag("--hold", help="A copy was put back: nothing that waits is sent until somebody decides.")
    ] = False,
) -> None:
    """List what the records and Temporal do not both have; change and send nothing unless told to.

    Exit code 0: nothing differs; 1: something does; 2: it could not be looked at.
    """
    chosen = sum((from_engine, from_records, sent, send, hold))
    if chosen > 1:
        raise WrongUse("Say one of --from-engine, --from-records, --sent, --send, --hold at a time.")
    if chosen and bool(reference) == hold:
        raise WrongUse("--hold is for all cases: name none." if hold else "Name the one case that this is for.")
    who = somebody()
    operating(who.door)
    both = Reconciling(who.door.database, who.door.engine, who.door.now)
    if from_engine:
        _completed(both, reference, who.person)
    elif from_records:
        for stream in _looked(lambda: both.from_records(reference)):
            typer.echo(f"{stream} goes on from the records")
    elif sent or send:
        _decided(both, reference, send, who.person)
    elif hold:
        held = _looked(both.hold)
        typer.echo(f"{printing.count(held, 'message is', 'messages are')} held until you decide (datrys reconcile).")
    else:
        _listed(_looked(lambda: both.differences(reference)))


def _looked(work: Callable[[], Awaitable[T]]) -> T:
    """What was found; where a side does not answer, that is said, and nothing is known."""

    async def looking() -> T:
        return await work()

    try:
        return asyncio.run(looking())
    except Unreachable as fault:
        for line in fault.lines:
            typer.echo(printing.plain(line), err=True)
        raise typer.Exit(NOT_LOOKED) from None


def _listed(differences: list[Difference]) -> None:
    if not differences:
        return typer.echo("Records and Temporal have the same.")
    for one in differences:
        typer.echo(one.case)
        for line in one.lines:
            typer.echo(printing.plain(f"    {line}"))
        for remedy in one.remedies:
            typer.echo(printing.plain(f"  → {remedy}"))
    typer.echo(f"{printing.count(len(differences), 'case differs', 'cases differ')}; nothing was changed or sent.")
    raise typer.Exit(DIFFERS)


def _completed(both: Reconciling, reference: str, person: str) -> None:
    for stream, one in _looked(lambda: both.from_engine(reference, person)).items():
        steps = printing.count(one.steps, "step", "steps")
        typer.echo(f"{stream}: {steps} written from Temporal, {printing.count(one.entries, 'entry', 'entries')}")
        if one.settled:
            typer.echo(f"    {printing.count(one.settled, 'message', 'messages')} that Temporal posted: taken as sent")
        for words in one.lost_text:
            typer.echo(printing.plain(f"    its text is lost, ask for it: {words}"))
        if one.held:
            held = printing.count(one.held, "message", "messages")
            command = f"datrys reconcile {reference} --sent, or --send"
            typer.echo(f"    {held} may have gone out or not, and wait for you: {command}")


def _decided(both: Reconciling, reference: str, send: bool, person: str) -> None:
    count = printing.count(_looked(lambda: both.decide(reference, send, person)), "message", "messages")
    typer.echo(f"{reference}: {count} will be sent" if send else f"{reference}: {count} taken as sent")
