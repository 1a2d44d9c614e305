"""Editions: the one that is shipped says what the protocol says, and a bad one is refused in plain lines."""

from datetime import date
from pathlib import Path

import pytest

from protocols.editions import SHIPPED, Edition, read_edition, read_editions
from protocols.errors import BadEdition

GWENT = SHIPPED / "gwent-2023-03.toml"


@pytest.fixture(scope="module")
def gwent() -> Edition:
    return read_editions()["gwent"]


def test_the_shipped_edition_reads(gwent: Edition) -> None:
    """Gwent's edition of March 2023 is shipped, with its board, its dates and its five authorities."""
    assert ("gwent", "March 2023", "GWENT") == (gwent.protocol, gwent.edition, gwent.reference)
    assert (date(2023, 3, 1), date(2026, 3, 1)) == (gwent.adopted, gwent.review_due)
    assert ("Blaenau Gwent", "Caerphilly", "Monmouthshire", "Newport", "Torfaen") == gwent.authorities
    assert ("Gwent Safeguarding Board", "Bwrdd Diogelu Gwent") == (gwent.board.en, gwent.board.cy)


@pytest.mark.clause("gwent 1.2")
def test_1_2_what_differences_are_most_often_about(gwent: Edition) -> None:
    """The four circumstances of 1.2, and others in words."""
    assert ["thresholds", "roles", "communication", "timeliness", "other"] == list(gwent.circumstances)


CLOCKS = [
    # clock, clause, limit, kind, accountable, oversees: the table of spec 2
    ("contact_team_manager", "3.3", "5 working days", "protocol", "line_manager practitioner", "safeguarding_lead"),
    ("inform_service_manager", "3.6", "48 hours", "protocol", "chair", "service_manager"),
    ("decide", "3.8", "5 working days", "protocol", "service_manager", "head_of_service"),
    ("practitioners_try", "3.1", "2 working days", "local", "practitioner", "line_manager"),
    ("team_manager_answers", "3.4", "5 working days", "local", "team_manager", "service_manager"),
    ("arrange_meeting", "3.4", "5 working days", "local", "team_manager", "service_manager"),
    ("record_outcome", "3.4", "1 working day", "local", "chair", "service_manager"),
    ("minutes", "3.11 note", "5 working days", "local", "chair", "service_manager"),
    ("consult_head_of_service", "3.6", "2 working days", "local", "service_manager", "business_unit"),
    ("review_progress", "3.9", "20 working days", "local", "reviewer", "service_manager"),
    ("accept_report", "3.10", "5 working days", "local", "service_manager", "head_of_service"),
    ("feedback", "3.11", "5 working days", "local", "chair", "business_unit"),
]


@pytest.mark.parametrize(("clock", "clause", "within", "kind", "accountable", "oversees"), CLOCKS)
@pytest.mark.clause(
    "gwent 3.1", "gwent 3.3", "gwent 3.4", "gwent 3.6", "gwent 3.8", "gwent 3.9", "gwent 3.10", "gwent 3.11"
)
def test_3_1_to_3_11_each_clock_has_the_limit_of_its_clause(
    gwent: Edition, clock: str, clause: str, within: str, kind: str, accountable: str, oversees: str
) -> None:
    """Each clock has its clause, its limit, its kind, and the roles that are accountable and oversee."""
    rule = gwent.clocks[clock]
    assert (clause, within, kind) == (rule.clause, str(rule.within), rule.kind)
    assert (accountable, oversees) == (" ".join(rule.accountable), " ".join(rule.oversees))


@pytest.mark.clause("common local target")
def test_there_is_no_other_clock_and_only_three_protocol_limits(gwent: Edition) -> None:
    """The text states three time limits; all else is a local target, and no clock is missing from the table."""
    assert [clock[0] for clock in CLOCKS] == list(gwent.clocks)
    protocol_limits = [name for name, rule in gwent.clocks.items() if rule.kind == "protocol"]
    assert ["contact_team_manager", "inform_service_manager", "decide"] == protocol_limits


def test_which_clocks_outlive_or_are_met_by_leaving_their_stage(gwent: Edition) -> None:
    """3.3 runs over its two stages and is met on leaving them; only the minutes outlive their stage."""
    assert ("practitioners", "line_managers") == gwent.clocks["contact_team_manager"].stages
    met_on_leaving = [name for name, rule in gwent.clocks.items() if rule.met_on_leaving]
    assert ["contact_team_manager", "practitioners_try", "team_manager_answers"] == met_on_leaving
    assert ["minutes"] == [name for name, rule in gwent.clocks.items() if rule.runs_on]


@pytest.mark.parametrize(
    ("stage", "clause"),
    [
        ("practitioners", "3.1"),
        ("line_managers", "3.2"),
        ("team_manager", "3.3"),
        ("meeting", "3.4"),
        ("review_request", "3.6"),
        ("decision", "3.8"),
        ("review", "3.9"),
        ("report", "3.10"),
        ("feedback", "3.11"),
        ("ended", ""),
    ],
)
def test_each_stage_has_its_clause(gwent: Edition, stage: str, clause: str) -> None:
    """The stages and their clauses are those of the table of stages."""
    assert clause == gwent.stages[stage].clause
    assert 10 == len(gwent.stages)


def test_each_role_is_held_of_its_agency_authority_board_or_case(gwent: Edition) -> None:
    """Four roles belong to an agency, the rest to the authority, the board or the case."""
    assert {"practitioner", "line_manager", "safeguarding_lead", "reviewer"} == gwent.agency_roles()
    others = {role: title.of for role, title in gwent.roles.items() if title.of != "agency"}
    assert {
        "team_manager": "authority",
        "service_manager": "authority",
        "head_of_service": "authority",
        "duty_team": "authority",
        "chair": "case",
        "business_unit": "board",
        "local_network": "board",
    } == others


# --- A bad edition

SHOWN = "write “5 working days”, “5 days”, “48 hours” or “next meeting”"
FAULTS = [
    # what stands in the file, what stands there instead, the line that says so
    (
        'within = "48 hours"',
        'within = "48 hrs"',
        f"clocks.inform_service_manager.within: “48 hrs” is no time limit: {SHOWN}. Mend the file.",
    ),
    (
        'within = "48 hours"',
        "within = 48",
        f"clocks.inform_service_manager.within: “48” is no time limit: {SHOWN}. Mend the file.",
    ),
    ('within = "48 hours"', "", "clocks.inform_service_manager.within: Field required. Mend the file."),
    (
        'cy = "Rhwng y rheolwyr llinell"',
        'cy = ""',
        "stages.line_managers.cy: the Welsh words are missing. Add them.",
    ),
    (
        ', cy = "Rhwng y rheolwyr llinell"',
        "",
        "stages.line_managers.cy: the Welsh words are missing. Add them.",
    ),
    ('en = "Chair", ', "", "roles.chair.en: the English words are missing. Add them."),
    ('cy = "Rhoi adborth', 'cymraeg = "Rhoi adborth', "clocks.feedback.cy: the Welsh words are missing. Add them."),
    (
        'stages = ["decision"]',
        'stages = ["decison"]',
        "clocks.decide: “decison” is no stage of this edition. Mend the file.",
    ),
    (
        'accountable = ["reviewer"]',
        'accountable = ["auditor"]',
        "clocks.review_progress: “auditor” is no role of this edition. Mend the file.",
    ),
    (
        'oversees = ["safeguarding_lead"]',
        'oversees = ["guardian"]',
        "clocks.contact_team_manager: “guardian” is no role of this edition. Mend the file.",
    ),
    (
        'of = "board", en = "Business Unit"',
        'of = "region", en = "Business Unit"',
        "roles.business_unit.of: Input should be 'agency', 'raising agency', 'other agency', 'authority', ",
    ),
    ("adopted = 2023-03-01", 'adopted = "spring"', "adopted: "),
]


@pytest.mark.parametrize(("stands", "instead", "expected"), FAULTS)
@pytest.mark.clause("common edition")
def test_a_bad_edition_names_file_and_field(tmp_path: Path, stands: str, instead: str, expected: str) -> None:
    """A bad limit, a missing language, an unknown stage or role: one line that names the file and the field."""
    text = GWENT.read_text(encoding="utf-8")
    assert stands in text
    file = tmp_path / "gwent.toml"
    file.write_text(text.replace(stands, instead, 1), encoding="utf-8")
    with pytest.raises(BadEdition) as caught:
        read_edition(file)
    assert any(line.startswith(f"gwent.toml: {expected}") for line in caught.value.lines), caught.value.lines
    assert 2 == caught.value.exit_code


def test_all_faults_of_an_edition_are_said_at_once(tmp_path: Path) -> None:
    """An edition with three faults is refused with three lines."""
    text = GWENT.read_text(encoding="utf-8")
    for stands, instead in [("48 hours", "48 hrs"), ("1 working day", "soon"), ('cy = "Wedi dod i ben"', 'cy = ""')]:
        text = text.replace(stands, instead, 1)
    file = tmp_path / "gwent.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadEdition) as caught:
        read_edition(file)
    assert [
        "gwent.toml: stages.ended.cy",
        "gwent.toml: clocks.inform_service_manager.within",
        "gwent.toml: clocks.record_outcome.within",
    ] == [line.rsplit(": ", 2 if "“" in line else 1)[0] for line in caught.value.lines]


@pytest.mark.parametrize("content", [b"protocol = ", b"\xff\xfe\x00", b"just words"])
def test_what_is_no_toml_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    """A file that is no TOML is refused in one line that names it."""
    file = tmp_path / "broken.toml"
    file.write_bytes(content)
    with pytest.raises(BadEdition) as caught:
        read_edition(file)
    assert 1 == len(caught.value.lines)
    assert caught.value.lines[0].startswith("broken.toml: is no TOML file: ")
    assert caught.value.lines[0].endswith("Mend the file.")


def test_an_empty_folder_is_said_to_hold_no_edition(tmp_path: Path) -> None:
    """A folder without editions, or that is not there, is refused in one line with the remedy."""
    for folder in (tmp_path, tmp_path / "not-there"):
        with pytest.raises(BadEdition) as caught:
            read_editions(folder)
        assert (
            f"{folder}: holds no edition (*.toml). Set DATRYS_EDITIONS to a folder of editions.",
        ) == caught.value.lines


@pytest.mark.clause("common edition")
def test_the_newest_edition_of_a_protocol_is_read(tmp_path: Path) -> None:
    """Of two editions of one protocol the later adopted one serves new cases, whatever the files are called."""
    text = GWENT.read_text(encoding="utf-8")
    (tmp_path / "z.toml").write_text(text, encoding="utf-8")
    newer = text.replace("adopted = 2023-03-01", "adopted = 2027-03-01").replace("March 2023", "March 2027")
    (tmp_path / "a.toml").write_text(newer, encoding="utf-8")
    assert "March 2027" == read_editions(tmp_path)["gwent"].edition


@pytest.mark.clause("common local target")
def test_a_board_may_take_a_local_target_out(tmp_path: Path) -> None:
    """An edition without one of the local targets is an edition like any other."""
    text = GWENT.read_text(encoding="utf-8")
    start = text.index("[clocks.practitioners_try]")
    file = tmp_path / "gwent.toml"
    file.write_text(text[:start] + text[text.index("[clocks.team_manager_answers]") :], encoding="utf-8")
    assert "practitioners_try" not in read_edition(file).clocks


@pytest.mark.clause("common edition")
def test_an_edition_survives_being_kept_with_its_case(gwent: Edition) -> None:
    """The edition that a case began under reads back as it was, limits included."""
    assert gwent == Edition.model_validate_json(gwent.model_dump_json())
