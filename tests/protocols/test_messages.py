"""What is understood of what people tell a case: anything may come in, nothing may raise."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.messages import (
    BODY_BYTES,
    CONFIRMATION,
    MESSAGES,
    NOBODY,
    CalendarChanged,
    MeetingArranged,
    MeetingHeld,
    NotResolved,
    Read,
    Resolved,
    Signal,
    read,
)
from protocols.roles import Role
from tests.protocols.moments_in_words import on

SEEN = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
RESOLVED: dict[str, Any] = {"by": "practitioner", "agency": "ABUHB", "record": "text-1", "agreed": True}
NAMES = [*MESSAGES, CONFIRMATION]


def tell(name: str, **facts: Any) -> Read:
    """A signal with these facts."""
    return read(name, json.dumps(facts), SEEN)


def resolved(**changed: Any) -> Read:
    """A complete `resolved` with some facts changed."""
    return tell("resolved", **{**RESOLVED, **changed})


# --- Understood


def test_a_complete_signal_is_understood() -> None:
    """What is complete arrives as the message of its name, with its sender and nothing missing."""
    understood = resolved(id="key-1", stage="practitioners", turn=2, entered_by="business_unit")
    signal = understood.signal
    assert isinstance(signal, Resolved)
    assert ("key-1", (), "practitioners", 2) == (understood.id, understood.missing, signal.stage, signal.turn)
    assert Role(role="practitioner", agency="ABUHB") == signal.sender
    assert ("text-1", True, "business_unit") == (signal.record, signal.agreed, signal.entered_by)


def test_every_signal_of_the_interface_is_known() -> None:
    """The names are those of spec 4, and each has a message of its own."""
    expected = (
        "resolved not_resolved response_submitted meeting_arranged meeting_held minutes_recorded review_requested "
        "head_of_service_consulted review_decided panel_set_up progress_noted review_completed report_accepted "
        "report_presented feedback_given learning_disseminated immediate_action discussion_recorded role_changed "
        "agency_added corrected calendar_changed withdrawn"
    )
    assert sorted(expected.split()) == sorted(MESSAGES)
    assert len(MESSAGES) == len(set(MESSAGES.values()))
    assert "immediate_action_confirmed" == CONFIRMATION


@pytest.mark.clause("common times")
def test_without_at_and_sent_at_the_moment_counts_at_which_the_case_saw_it() -> None:
    """A raw signal without times takes the moment at which the case sees it."""
    signal = resolved().signal
    assert signal is not None
    assert (SEEN, SEEN) == (signal.at, signal.sent_at)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2026-03-02T09:00:00+00:00", "2026-03-02T09:00:00+00:00"),
        ("2026-03-02T09:00:00Z", "2026-03-02T09:00:00+00:00"),
        ("2026-07-06T10:00:00+01:00", "2026-07-06T09:00:00+00:00"),
        ("2026-03-02T04:00:00-05:00", "2026-03-02T09:00:00+00:00"),
        # without offset: what the clocks of London show
        ("2026-03-02T09:00:00", "2026-03-02T09:00:00+00:00"),
        ("2026-07-06T10:00:00", "2026-07-06T09:00:00+00:00"),
        ("2026-07-06T10:00", "2026-07-06T09:00:00+00:00"),
        ("2026-10-25T12:00:00", "2026-10-25T12:00:00+00:00"),
    ],
)
@pytest.mark.clause("common times")
def test_a_naive_time_is_a_time_in_london(said: str, expected: str) -> None:
    """A time keeps its offset; without one it is a time on the wall in Europe/London."""
    signal = resolved(at=said).signal
    assert signal is not None
    assert datetime.fromisoformat(expected) == signal.at
    assert signal.at.tzinfo is not None


def test_a_body_may_say_more_than_is_known() -> None:
    """Unknown fields are dropped, whatever they hold."""
    signal = resolved(child_name="no business of the engine", notes=[{"x": None}], panel="").signal
    assert isinstance(signal, Resolved)
    assert "no business" not in signal.model_dump_json()
    assert set(Resolved.model_fields) == set(signal.model_dump())


@pytest.mark.parametrize("absent", [None, ""])
@pytest.mark.parametrize("field", ["id", "stage", "turn", "agency", "entered_by", "at", "sent_at"])
def test_null_and_empty_count_as_absent(field: str, absent: str | None) -> None:
    """A field that holds null or nothing counts as not said."""
    without = tell("resolved", **{key: value for key, value in RESOLVED.items() if key != field})
    assert without == resolved(**{field: absent})
    assert without.signal is not None


@pytest.mark.parametrize("absent", [None, ""])
@pytest.mark.parametrize("field", ["record", "agreed", "by"])
def test_a_required_field_that_is_null_or_empty_is_missing(field: str, absent: str | None) -> None:
    """A required field that holds null or nothing is missing; who says so and when is understood all the same."""
    understood = resolved(**{field: absent})
    assert (field,) == understood.missing
    assert understood.signal is None
    assert understood.envelope is not None
    assert (NOBODY if field == "by" else "practitioner") == understood.envelope.by


def test_all_that_is_missing_is_named() -> None:
    """An empty object lacks every required field, and each is named."""
    assert ("by", "record", "agreed") == tell("resolved").missing
    assert ("by", "believed_by", "harm_through") == tell("review_requested").missing
    assert () == tell("feedback_given", by="chair").missing


def test_false_zero_and_an_empty_list_are_said() -> None:
    """What is false, or an empty list, is said: criterion i may have nobody who believes in a risk."""
    assert resolved(agreed=False).signal is not None
    assert tell("review_requested", by="chair", believed_by=[], harm_through=[]).signal is not None


# --- Not understood

WRONG_TYPES = [
    ("agreed", "true"),
    ("agreed", 1),
    ("agreed", []),
    ("record", 5),
    ("record", ["text-1"]),
    ("record", {"id": "text-1"}),
    ("record", "x" * 201),
    ("id", 5),
    ("id", "x" * 201),
    ("stage", ["practitioners"]),
    ("turn", "1"),
    ("turn", 1.0),
    ("turn", True),
    ("by", 7),
    ("by", ["practitioner"]),
    ("by", "line manager"),  # no code: it might be a name
    ("by", "chair\n"),
    ("by", "x" * 41),
    ("agency", "Aneurin Bevan"),
    ("agency", {"code": "ABUHB"}),
    ("entered_by", "chair"),
    ("entered_by", True),
    ("at", 1772445600),
    ("at", 1772445600.5),
    ("at", True),
    ("at", "yesterday"),
    ("at", "2026-02-30T10:00:00+00:00"),
    ("at", "2026-03-02T25:00:00+00:00"),
    ("at", ["2026-03-02T10:00:00+00:00"]),
    ("sent_at", {"time": "now"}),
]


@pytest.mark.parametrize(("field", "value"), WRONG_TYPES)
def test_a_wrong_type_is_not_understood(field: str, value: Any) -> None:
    """A field of the wrong type makes the signal not understood, not one that misses something."""
    understood = resolved(**{field: value})
    assert (Resolved, None, None, ()) == (
        understood.kind,
        understood.envelope,
        understood.signal,
        understood.missing,
    )


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("meeting_held", "outcome", "adjourned"),
        ("meeting_held", "attended", "everybody"),
        ("meeting_held", "attended", ["chair"]),
        ("meeting_held", "attended", [{"agency": "ABUHB"}]),
        ("meeting_held", "attended", [{"role": "Mrs Jones"}]),
        ("meeting_held", "immediate_action_needed", "no"),
        ("meeting_arranged", "meeting_at", "soon"),
        ("meeting_arranged", "meeting_at", 1772445600),
        ("review_requested", "believed_by", "ABUHB"),
        ("review_requested", "believed_by", ["Aneurin Bevan"]),
        ("review_decided", "review", "yes"),
        ("review_decided", "reviewer", ["TORFAEN"]),
        ("agency_added", "must_respond", "yes"),
        ("calendar_changed", "holidays", "2026-12-25"),
        ("calendar_changed", "holidays", ["Christmas"]),
        ("calendar_changed", "holidays", [True]),
        ("calendar_changed", "holidays", [86400]),  # no date, though a number could be read as one
        ("calendar_changed", "holidays", [86400.0]),
        ("learning_disseminated", "agencies", {"ABUHB": True}),
        ("immediate_action_confirmed", "made_at", "just now"),
    ],
)
def test_a_wrong_type_in_any_signal_is_not_understood(name: str, field: str, value: Any) -> None:
    """The fields that one signal alone has are held to their types as well."""
    understood = tell(name, by="chair", **{field: value})
    assert (None, None, ()) == (understood.envelope, understood.signal, understood.missing)


OUT_OF_THIS_WORLD = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31T12:00:00+00:00"]


@pytest.mark.parametrize("moment", OUT_OF_THIS_WORLD)
@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("not_resolved", "at"),
        ("not_resolved", "sent_at"),
        ("meeting_arranged", "meeting_at"),
        ("immediate_action_confirmed", "made_at"),
    ],
)
def test_a_moment_that_no_calendar_can_count_from_is_not_understood(name: str, field: str, moment: str) -> None:
    """A year 1 or 9999 is not understood: reckoning from it would raise, in the middle of a case."""
    facts = {"by": "team_manager", "record": "x", "meeting_at": "2026-03-09T10:00", "made_at": "2026-03-02T09:00"}
    understood = tell(name, **{**facts, field: moment})
    assert (None, None) == (understood.envelope, understood.signal)


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "null",
        "true",
        "5",
        '"resolved"',
        "[]",
        '[{"by": "chair"}]',
        "{",
        "{'by': 'chair'}",
        '{"by": "chair"} {"by": "chair"}',
        "\ud800",
        '{"by": "\ud800"}',
        "[" * 5000,
        '{"a":' * 1500,
        '{"turn": ' + "9" * 5000 + "}",
        '{"by": "chair", "x": "' + "x" * BODY_BYTES + '"}',
    ],
)
def test_what_is_no_json_object_is_not_understood(body: str | None) -> None:
    """Nothing, no JSON, no object, nested too deep, too large, half a character: known by name, not understood."""
    assert Read("", Resolved, SEEN) == read("resolved", body, SEEN)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("record", json.loads("[" * 900 + "]" * 900)),
        ("by", json.loads('{"a":' * 900 + "1" + "}" * 900)),
        ("agreed", 10**400),
        ("at", 10**400),
        ("turn", 1e308),
        ("turn", float("nan")),
        ("agreed", float("inf")),
    ],
)
def test_deep_nesting_and_huge_numbers_in_a_field_are_not_understood(field: str, value: Any) -> None:
    """A field nested deep, or a number beyond all measure, is a wrong type like any other."""
    assert resolved(**{field: value}).envelope is None


@pytest.mark.parametrize("text", ["\ud800", "key\udfff", "\udc80\udc80"])
def test_half_a_character_is_not_understood(text: str) -> None:
    """A lone surrogate in a field is not understood, and its key can be written down all the same."""
    understood = resolved(id=text)
    assert understood.envelope is None
    assert understood.id.encode()


def test_a_body_of_8000_bytes_is_read_and_one_more_is_not() -> None:
    """The bound is 8,000 bytes, not characters."""
    bare = json.dumps({**RESOLVED, "x": ""})
    fits = bare.replace('"x": ""', '"x": "' + "x" * (BODY_BYTES - len(bare)) + '"')
    assert 8_000 == len(fits)
    assert read("resolved", fits, SEEN).signal is not None
    assert read("resolved", fits + " ", SEEN).envelope is None
    welsh = fits.replace("xx", "ŵ")  # one character of two bytes each
    assert read("resolved", welsh, SEEN).signal is not None
    assert read("resolved", welsh.replace("ŵ", "ŵŵ", 1), SEEN).envelope is None


def test_an_unknown_name_keeps_the_key() -> None:
    """A signal of an unknown name has no message, but its key is known, so that its receipt can be asked for."""
    assert Read("key-1", None, SEEN) == tell("resolve", id="key-1", by="chair")
    assert Read("", None, SEEN) == read("resolve", None, SEEN)


def test_a_signal_that_is_not_understood_keeps_its_key() -> None:
    """The receipt of a signal that is not understood can be asked for by its key."""
    assert ("key-1", None) == (resolved(id="key-1", agreed="yes").id, resolved(id="key-1", agreed="yes").envelope)
    assert 200 == len(resolved(id="x" * 500).id)


# --- Single messages


def test_the_calendar_is_changed_by_the_business_unit() -> None:
    """A door that loads bank holidays need not say who says so; each date is a day."""
    signal = tell("calendar_changed", holidays=["2026-12-25", "2026-12-28"]).signal
    assert isinstance(signal, CalendarChanged)
    assert "business_unit" == signal.by
    assert (date(2026, 12, 25), date(2026, 12, 28)) == signal.holidays


def test_who_attended_may_have_an_agency_or_none() -> None:
    """Roles held once in a case attend without an agency, however that is written."""
    attended = [{"role": "chair"}, {"role": "team_manager", "agency": ""}, {"role": "duty_team", "agency": None}]
    signal = tell(
        "meeting_held",
        by="chair",
        outcome="not_resolved",
        record="x",
        attended=[*attended, {"role": "practitioner", "agency": "ABUHB", "name": "dropped"}],
    ).signal
    assert isinstance(signal, MeetingHeld)
    assert signal.attended is not None
    assert ["", "", "", "ABUHB"] == [one.agency or "" for one in signal.attended]
    assert "dropped" not in signal.model_dump_json()


def test_a_meeting_is_read_as_the_moment_it_is() -> None:
    """A meeting's time without offset is a time on the wall in London."""
    signal = tell("meeting_arranged", by="chair", meeting_at="2026-07-06T14:00").signal
    assert isinstance(signal, MeetingArranged)
    assert on("Mon 6 Jul 2026 14:00") == signal.meeting_at


# --- Nothing raises

FIELDS = sorted({field for kind in MESSAGES.values() for field in kind.model_fields})
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.datetimes().map(datetime.isoformat),
    st.dates().map(date.isoformat),
    st.sampled_from(["practitioner", "chair", "ABUHB", "2026-03-02T10:00:00+00:00", "\ud800"]),
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


@given(st.sampled_from([*NAMES, "no such signal"]), st.none() | st.text(st.characters(), max_size=200))
@settings(deadline=None, derandomize=True, max_examples=300)
def test_no_text_raises(name: str, body: str | None) -> None:
    """Whatever text comes in as a body, nothing is raised."""
    assert isinstance(read(name, body, SEEN), Read)


@given(st.sampled_from(NAMES), st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6))
@settings(deadline=None, derandomize=True, max_examples=300)
def test_no_object_raises(name: str, facts: dict[str, Any]) -> None:
    """Whatever the fields hold, nothing is raised; what counts is complete, and what is understood has aware times."""
    understood = read(name, json.dumps(facts), SEEN)
    assert (understood.signal is None) or not understood.missing
    if understood.envelope is not None:
        assert isinstance(understood.envelope, Signal)
        assert understood.envelope.at.utcoffset() is not None
        assert understood.envelope.sent_at.utcoffset() is not None


@given(st.dictionaries(st.sampled_from(sorted(NotResolved.model_fields)), st.none() | st.just(""), max_size=8))
@settings(deadline=None, derandomize=True)
def test_nothing_said_is_nothing_understood_but_the_name(facts: dict[str, Any]) -> None:
    """Fields of null or nothing leave what an empty object leaves."""
    assert tell("not_resolved") == tell("not_resolved", **facts)
