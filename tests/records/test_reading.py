"""What pages, register and script read."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from protocols.errors import CaseUnknown
from protocols.roles import Role
from protocols.steps import ClockState, Code
from records.reading import case_view, standing, timeline
from records.register import register
from tests.records.making import LINE_MANAGER, MONDAY, PRACTITIONER, a_clock, a_step, an_entry, keep, write


def test_the_register_shows_every_case_oldest_first(engine: Engine) -> None:
    """With what it waits for, and what is late, local targets too."""
    later, earlier = keep(engine, raised_at=MONDAY + timedelta(days=1)), keep(engine)
    local = a_clock("arrange_meeting#1", kind="local", late=True)
    met = a_clock("minutes#1", late=True, state=ClockState.MET)
    write(engine, a_step(later, stage="meeting", clocks=[local, met], waiting_for=[LINE_MANAGER]))
    assert [(earlier, False, (), ()), (later, True, ("arrange_meeting",), (LINE_MANAGER,))] == [
        (row.reference, row.started, row.late, row.waiting_for) for row in register(engine)
    ]


def test_the_register_is_filtered(engine: Engine) -> None:
    """By protocol, stage, lateness, whom it waits for, and whether it has ended."""
    late, ended = keep(engine), keep(engine)
    write(engine, a_step(late, stage="meeting", overdue=True, waiting_for=[LINE_MANAGER]))
    write(engine, a_step(ended, stage="ended", outcome="resolved"))
    for found in (
        register(engine, stage="meeting"),
        register(engine, overdue=True),
        register(engine, waiting_for="line_manager"),
        register(engine, waiting_for="line_manager/ABUHB"),
        register(engine, open_only=True),
    ):
        assert [late] == [row.reference for row in found]
    assert [] == register(engine, waiting_for="line_manager/NEWPORT")
    assert [] == register(engine, protocol="cwm-taf-morgannwg")
    assert 2 == len(register(engine, protocol="gwent"))


def test_the_timeline_of_a_case_takes_in_its_immediate_actions(engine: Engine) -> None:
    """In the order in which it was recorded; a line keeps its order though a door took something earlier."""
    reference = keep(engine)
    hours = [MONDAY + timedelta(hours=n) for n in range(5)]
    entry = an_entry("not_resolved", by=PRACTITIONER, code=Code.ACCEPTED, signal_id="s1", recorded_at=hours[1])
    write(engine, a_step(reference, 1, entries=[an_entry("overdue", recorded_at=hours[2]), entry]))
    write(engine, a_step(f"{reference}-immediate-1", entries=[an_entry("immediate-action", recorded_at=hours[3])]))
    write(engine, a_step(reference, 2, entries=[an_entry("ended", recorded_at=hours[4])]))
    lines = timeline(engine, reference)
    assert ["overdue", "not_resolved", "immediate-action", "ended"] == [line.entry.what for line in lines]
    assert entry == lines[1].entry


def test_where_a_case_stands_is_asked_by_any_of_its_ids(engine: Engine) -> None:
    """An immediate action stands where its case does."""
    reference = keep(engine)
    assert 0 == standing(engine, reference).turn
    write(engine, a_step(reference, stage="meeting", turn=2, waiting_for=[Role(role="chair")]))
    found = standing(engine, f"{reference}-immediate-1")
    assert (reference, "meeting", 2, (Role(role="chair"),)) == (
        found.reference,
        found.stage,
        found.turn,
        found.waiting_for,
    )


def test_a_case_that_is_not_there_is_unknown(engine: Engine) -> None:
    """To every question."""
    for ask in (case_view, timeline, standing):
        with pytest.raises(CaseUnknown):
            ask(engine, "GWENT-2026-0099")
