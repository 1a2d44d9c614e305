"""Every command of the script, by everybody who may hold a token, on a case of theirs and on a foreign one.

What happens is compared with what `protocols/access.py` and `protocols/upkeep.py` say. A command without a row fails.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer.main
from sqlalchemy import Engine, select

from protocols.access import BUSINESS_UNIT, OF_AN_AGENCY, OPERATOR, Part, entered_by, may_raise
from protocols.errors import DatrysError
from protocols.roles import Role
from protocols.upkeep import may_list, may_load, may_operate
from records.database import reading
from records.models import Submission
from records.tokens import Bound, make_token, revoke_token
from starter import cli, cli_parts
from starter.acting import NEEDED, NO_TOKEN, SIGNS
from starter.use_cases import utc_now
from tests.starter.script import Said, datrys, written
from tests.starter.test_board_files import MEETINGS, PEOPLE
from tests.walking import BOTH, SECRET, Ground, Place, Someone, Verdict, everybody
from tests.web.test_callers import NoEngine

WHOLE = {Part.PERSON, Part.CONCERN, Part.OWN_RESPONSE, Part.OTHERS_RESPONSES, Part.MEETINGS, Part.REPORT, Part.NAMES}
STANDING = {Part.REQUEST, Part.WITHOUT_TEXT, Part.WITHOUT_TEXT_OR_NAMES}
REFUSALS = ("This token ", "You may not raise a case as ")
NOT_THEIR_BOARD = "is not the board that you load for"
UNIT = Role(role=BUSINESS_UNIT)


class Ran(DatrysError):
    """Stands for what a command would have run."""

    exit_code = 0


class Files(NamedTuple):
    """What is loaded, raised and written."""

    folder: Path
    bank_holidays: Path

    def of(self, kind: str, place: Place) -> Path:
        return self.folder / f"{kind}-{place.affair.authority}.{'json' if kind == 'case' else 'csv'}"


class Walk(NamedTuple):
    """What a command is tried with, and what the policy says comes of it.

    Attributes:
        words: what is typed.
        says: the verdict.
        done: what stands on standard error where it is done, if that is not exit 0.
    """

    words: Callable[[Someone, Place, Files], Sequence[str | Path]]
    says: Callable[[Someone, Place], Verdict]
    done: str = ""


# --- what the policy says


def if_true(may: bool) -> Verdict:
    return Verdict.DONE if may else Verdict.REFUSED


def if_seen(someone: Someone, place: Place, may: bool) -> Verdict:
    return if_true(may) if someone.sees(place) else Verdict.HIDDEN


def speaks_as(role: Role) -> Callable[[Someone, Place], Verdict]:
    return lambda someone, place: if_seen(someone, place, someone.may_speak_as(role, place))


def speaks(someone: Someone, place: Place) -> Verdict:
    return speaks_as(own_role(someone))(someone, place)


def speaks_for_another(someone: Someone, place: Place) -> Verdict:
    return speaks_as(Role(role=another(place), agency=place.raising))(someone, place)


def raises(someone: Someone, place: Place) -> Verdict:
    said = place.file["raised_by"]
    by = Role(role=said["role"], agency=said["agency"])
    return if_true(may_raise(by, someone.held, place.board, place.affair.authority, "children"))


def loads(someone: Someone, place: Place) -> Verdict:
    return if_true(may_load(someone.held, place.board))


def loads_at_all(someone: Someone, _: Place) -> Verdict:
    return if_true(may_load(someone.held))


def operates(someone: Someone, _: Place) -> Verdict:
    return if_true(may_operate(someone.held))


def takes_up(someone: Someone, place: Place) -> Verdict:
    return Verdict.DONE if may_operate(someone.held) else speaks_as(UNIT)(someone, place)


# --- what is typed


def own_role(someone: Someone) -> Role:
    """In whose name somebody speaks; an agency is of an independent member, and none of what they say."""
    role = someone.role
    return role if role.role in OF_AN_AGENCY else Role(role=role.role)


def another(place: Place) -> str:
    return "line_manager" if place.board == "gwent" else "manager"


def saying(role: str, agency: str, place: Place, *more: str | Path) -> list[str | Path]:
    spoken = ["--by", role, *(["--agency", agency] if agency else [])]
    return ["signal", place.reference, "discussion_recorded", *spoken, *more]


def just(*words: str) -> Callable[[Someone, Place, Files], Sequence[str | Path]]:
    return lambda someone, place, files: words


WALKS: dict[str, list[Walk]] = {
    "show": [Walk(lambda s, p, f: ["show", p.reference], lambda s, p: if_seen(s, p, may=True))],
    "signal": [
        Walk(lambda s, p, f: saying(own_role(s).role, "", p, "--data", f.folder / "text.json"), speaks),
        Walk(lambda s, p, f: saying(another(p), p.raising, p), speaks_for_another),
    ],
    "cases": [Walk(just("cases"), lambda s, p: Verdict.DONE)],
    "reopen": [
        Walk(
            lambda s, p, f: ["reopen", p.reference, "--stage", "meeting", "--reason", "why"],
            speaks_as(UNIT),
            "has not ended",
        ),
        Walk(lambda s, p, f: ["reopen", p.reference, "--reason", "why"], takes_up, "has not begun|nothing to take up"),
    ],
    "document": [
        Walk(
            lambda s, p, f: ["document", p.reference, "form", "--out", f.folder / "form.html"],
            lambda s, p: if_seen(s, p, s.sees(p) >= WHOLE),
            "“form” is no document of ",
        )
    ],
    "agencies import": [Walk(lambda s, p, f: ["agencies", "import", f.folder / "agencies.csv"], loads_at_all)],
    "people import": [Walk(lambda s, p, f: ["people", "import", f.of("people", p)], loads)],
    "meetings import": [Walk(lambda s, p, f: ["meetings", "import", f.of("meetings", p)], loads)],
    "holidays update": [Walk(lambda s, p, f: ["holidays", "update", f.bank_holidays], loads_at_all)],
    **{
        f"{what} list": [Walk(just(what, "list", "--json"), lambda s, p: if_true(may_list(s.held)))]
        for what in ("agencies", "people", "meetings")
    },
    "tokens make": [Walk(just("tokens", "make", "x", "--role", "chair", "--board", "gwent"), operates)],
    "tokens list": [Walk(just("tokens", "list"), operates)],
    "tokens revoke": [Walk(just("tokens", "revoke", "abc"), operates, "There is no token abc")],
    "accounts list": [Walk(just("accounts", "list"), operates)],
    "accounts release": [Walk(just("accounts", "release", "a@b.invalid"), operates, "a@b.invalid")],
    **{name: [Walk(just(name), operates)] for name in ("check", "migrate", "worker", "web", "up")},
    "reconcile": [Walk(lambda s, p, f: ["reconcile", p.reference], operates, "There is no engine")],
    "demo": [Walk(just("demo"), lambda s, p: Verdict.DONE)],
    "timetable": [Walk(just("timetable", "gwent", "--from", "2026-12-18"), lambda s, p: Verdict.DONE)],
    "raise": [Walk(lambda s, p, f: ["raise", f.of("case", p), "--again"], raises)],
}
"""The last makes cases."""


# --- the walk


@pytest.fixture
def ground(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Ground:
    """Records for the script, with nothing that is run in earnest, and no engine."""
    datrys("--help")  # all modules add their commands
    monkeypatch.setattr(cli, "app", typer.main.get_command(cli.app))  # else it is made anew with each call
    monkeypatch.setattr(cli, "connect", lambda url: engine)
    monkeypatch.setattr(cli, "Engine", lambda setting: NoEngine())
    monkeypatch.setenv("DATRYS_DATABASE_URL", engine.url.render_as_string(hide_password=False))

    def run(*_: Any, **__: Any) -> Any:
        raise Ran("ran")

    for what in ("records.migrate", "worker.main", "starter.doors.doors", "starter.up.up", "starter.demo.showing.demo"):
        monkeypatch.setattr(what, run)
    monkeypatch.setattr(cli_parts, "_all_checks", run)
    return Ground(engine)


@pytest.fixture
def files(ground: Ground, tmp_path: Path) -> Files:
    """A file of each kind for each place."""
    holidays = {"division": "england-and-wales", "events": [{"title": "x", "date": "2026-12-25", "notes": ""}]}
    found = Files(tmp_path, written(tmp_path / "bank-holidays.json", {"england-and-wales": holidays}))
    written(tmp_path / "text.json", {"text": "said"})
    written(tmp_path / "agencies.csv", "code,name_en,name_cy,kind\nNEW,New,Newydd,school\n")
    for place in ground.places:
        key = place.affair.authority.replace(" ", "")
        written(found.of("case", place), place.file)
        written(found.of("people", place), f"{PEOPLE}{key},{place.board},business_unit,,,,A,a@b.invalid,,,,\n")
        written(found.of("meetings", place), f"{MEETINGS}{key},{place.board},board,2099-03-10T10:00+00:00,,planned\n")
    return found


def test_every_command_has_its_walk() -> None:
    """A new command without one has to say who may give it."""
    datrys("--help")
    root: Any = typer.main.get_command(cli.app)
    names = ((name, getattr(command, "commands", {"": None})) for name, command in root.commands.items())
    assert {f"{name} {word}".strip() for name, words in names for word in words} == set(WALKS)


def verdict(said: Said, walk: Walk) -> Verdict | str:
    """What became of a call, or what was said that nobody expected."""
    if re.fullmatch(r"There is no case \S+\. See the references with: datrys cases\n", said.err):
        return Verdict.HIDDEN
    if said.err.startswith(REFUSALS) or NOT_THEIR_BOARD in said.err:
        return Verdict.REFUSED if said.code and not said.out else f"{said}"
    return Verdict.DONE if said.code == 0 or (walk.done and re.search(walk.done, said.err)) else f"{said}"


def shown_too_much(said: Said, someone: Someone, ground: Ground) -> list[str]:
    """What of a case is in the output and is not theirs to see; what was typed is not in it."""
    found = {place.reference for place in ground.places if place.reference in said.out}
    theirs = {place.reference for place in ground.places if someone.sees(place)}
    return [*sorted(found - theirs), *([SECRET] if SECRET in said.out + said.err else [])]


def test_everybody_does_with_every_command_what_the_policy_says_and_no_more(
    ground: Ground, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With their own case and with a foreign one; a foreign one is answered as one that does not exist."""
    wrong, spoken = [], []
    tokens = [(someone, someone.token(ground.engine)) for someone in everybody()]
    for walk in (walk for walks in WALKS.values() for walk in walks):
        for someone, secret in tokens:
            monkeypatch.setenv("DATRYS_TOKEN", secret)
            calls = {tuple(walk.words(someone, place, files)): place for place in reversed(ground.both(someone))}
            for words, place in calls.items():
                said = datrys(*words)
                found, expected = verdict(said, walk), walk.says(someone, place)
                if found != expected or shown_too_much(said, someone, ground):
                    wrong.append((str(someone), words, expected, found, shown_too_much(said, someone, ground)))
                if words[0] == "signal" and expected is Verdict.DONE:
                    spoken.append(
                        (place.reference, *in_whose_name(words, someone, place), f"token:{secret.split('_')[1]}")
                    )
    assert [] == wrong
    assert spoken == list(kept(ground.engine))
    assert {"", BUSINESS_UNIT} == {row[2] for row in spoken}


ANYBODYS = {"demo", "timetable"}
"""What touches no records."""
OPERATORS = {
    "tokens make",
    "tokens list",
    "tokens revoke",
    "accounts list",
    "accounts release",
    "check",
    "migrate",
    "worker",
    "web",
    "up",
}


def every_call(ground: Ground, files: Files) -> Iterator[tuple[str, Walk, Said]]:
    """Each command once, about a case that there is."""
    unit = next(someone for someone in everybody() if someone.role == UNIT)
    for command, walks in WALKS.items():
        for walk in walks:
            yield command, walk, datrys(*walk.words(unit, ground.own[unit.board], files))


def test_without_a_token_each_command_runs_until_an_operators_token_counts(ground: Ground, files: Files) -> None:
    """From then on what sees, changes or loads demands one, in one line; what a deployment starts with does not."""
    for role in (BUSINESS_UNIT, OPERATOR):
        next(someone for someone in everybody() if someone.role.role == role).token(ground.engine)
        for command, walk, said in every_call(ground, files):
            if role == BUSINESS_UNIT or command in ANYBODYS | OPERATORS:
                assert verdict(said, walk) is Verdict.DONE, command
            else:
                assert (1, "", f"{NEEDED}\n") == said, command


@pytest.mark.parametrize("kind", ["unknown", "expired", "revoked", "signed"])
def test_a_token_that_does_not_count_is_refused_by_every_command(
    ground: Ground, files: Files, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line, where without any the script would act for whoever has the shell."""
    now = utc_now()
    ends = now + timedelta(days=-1 if kind == "expired" else 1)
    made = make_token(ground.engine, Bound("x", (OPERATOR,)), now, ends, b"sealed" if kind == "signed" else None)
    if kind == "revoked":
        revoke_token(ground.engine, made.id, now)
    secret = f"{made.secret[:-1]}{'a' if made.secret[-1] != 'a' else 'b'}" if kind == "unknown" else made.secret
    monkeypatch.setenv("DATRYS_TOKEN", secret)
    for command, walk, said in every_call(ground, files):
        if command in ANYBODYS:
            assert verdict(said, walk) is Verdict.DONE, command
        else:
            assert (1, "", f"{SIGNS if kind == 'signed' else NO_TOKEN}\n") == said, command


def in_whose_name(words: Sequence[str | Path], someone: Someone, place: Place) -> tuple[str, str]:
    role = str(words[words.index("--by") + 1])
    agency = str(words[words.index("--agency") + 1]) if "--agency" in words else own_role(someone).agency
    return role, entered_by(Role(role=role, agency=agency), someone.held, place.affair)


def kept(engine: Engine) -> Iterator[tuple[str, str, str, str]]:
    """What was said, the changes of the calendar aside."""
    columns = (Submission.reference, Submission.by_role, Submission.entered_by, Submission.person)
    with reading(engine) as session:
        rows = select(*columns).where(Submission.signal == "discussion_recorded").order_by(Submission.number)
        yield from ((case, role, behalf, person) for case, role, behalf, person in session.execute(rows))


def test_each_sees_of_a_case_and_of_the_register_what_the_policy_says(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In all forms; whoever sees no more than that a case is there learns nowhere how it stands."""
    stages = {place.reference: place.affair.reached for place in ground.places}
    for someone in everybody():
        monkeypatch.setenv("DATRYS_TOKEN", someone.token(ground.engine))
        seen = {place.reference: parts for place in ground.places if (parts := someone.sees(place))}
        listed = json.loads(datrys("cases", "--json").out)
        rows = {row["reference"]: row for row in csv.DictReader(io.StringIO(datrys("cases", "--csv").out))}
        table = set(re.findall(r"[A-Z]+-\d+-\d+", datrys("cases").out))
        assert set(seen) == {row["reference"] for row in listed} == set(rows) == table
        at_meeting = json.loads(datrys("cases", "--stage", "meeting", "--json").out)
        standing = {
            one for one, parts in seen.items() if parts & {Part.REQUEST, Part.WITHOUT_TEXT, Part.WITHOUT_TEXT_OR_NAMES}
        }
        assert {one for one in standing if "meeting" in stages[one]} == {row["reference"] for row in at_meeting}
        assert standing == {row["reference"] for row in listed if "stage" in row}
        assert standing == {one for one, row in rows.items() if row["stage"] and row["waiting_for"]}
        for reference, parts in seen.items():
            shown, page = json.loads(datrys("show", reference, "--json").out), datrys("show", reference).out
            assert sorted(parts) == shown["sees"]
            assert (reference in standing) == ("stage" in shown) == ("Stage: " in page)
            timeline = bool(parts & {Part.TIMELINE, Part.STAGES_ONLY})
            assert timeline == ("timeline" in shown) == ("Timeline" in page)


def test_what_is_loaded_is_listed_for_the_boards_of_the_token(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """People and their addresses are no other board's to read."""
    for someone in everybody():
        monkeypatch.setenv("DATRYS_TOKEN", someone.token(ground.engine))
        said = datrys("people", "list", "--json")
        boards = {row["board"] for row in json.loads(said.out)} if said.code == 0 else set()
        assert {board for board in BOTH if may_list(someone.held, board)} == boards, someone
