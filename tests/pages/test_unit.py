"""The Business Unit's pages: who is let in, what needs attention, and files that are no good."""

import re
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import Engine, update

from protocols.roles import Role
from records import cases, drafts
from records.database import writing
from records.models import Case, DirectoryPerson
from records.models import Notice as NoticeRow
from starter.pages.unit import PARTS
from starter.pages.unit.begun import BEGUN
from starter.pages.unit.files import WORDS
from tests.pages.unit import (
    CTM,
    GWENT,
    MEETINGS,
    OTHER_UNIT,
    PEOPLE,
    UNIT,
    a_meeting,
    a_person,
    bank_holidays,
    csv_of,
    hand_over,
    summary,
    two_boards,
)
from tests.pages.visiting import heading, quiet_door, send, sign_in, text_of, visiting
from tests.people import address
from tests.records.making import a_notice, a_step, keep, write
from tests.web.hook import now

STRANGERS = [
    OTHER_UNIT,
    address("team_manager"),
    address("safeguarding_lead", "NEWPORT"),
    address("line_manager", "ABUHB"),
    address("local_network"),
    "nobody@example.invalid",
]
PATHS = sorted({route.path for part in PARTS for route in part.routes})


async def token_of(client: AsyncClient) -> str:
    """By which a form is known to come from this browser."""
    found = re.search(r'name="form_token" value="([^"]+)"', (await client.get("/")).text)
    assert found
    return found[1]


def filled(path: str, case: str, draft: str) -> str:
    """An address of this kind with what is there in it, of Gwent's board."""
    asked = "?role=team_manager" if path.endswith("/people/add") else ""
    key = "a2e4b0c4a7a9a3a5"
    return path.format(reference=case, draft_id=draft, key=key) + asked


async def test_nobody_but_the_boards_own_unit_is_let_in(engine: Engine) -> None:
    """To all others, the other board's unit too, there is no such page, whether they look or send."""
    two_boards(engine)
    case = keep(engine)
    draft = drafts.begin(engine, UNIT, BEGUN, "", {"what": "people", "board": GWENT, "form": ""}, now()).id
    async with visiting(quiet_door(engine)) as client:
        for who, path in product(STRANGERS, PATHS):
            where = filled(path, case, draft)
            sign_in(client, engine, who)
            of_this_board = f"{where}{'&' if '?' in where else '?'}board={GWENT}"
            token = await token_of(client)
            answers = [await client.get(of_this_board), await client.post(of_this_board, data={"form_token": token})]
            assert {404} <= {one.status_code for one in answers} <= {404, 405}, (who, path)
            assert {"This page is not there"} == {heading(one) for one in answers}


async def test_whoever_is_not_signed_in_is_asked_to(engine: Engine) -> None:
    """And led back afterwards; a page tells them nothing."""
    two_boards(engine)
    case = keep(engine)
    async with visiting(quiet_door(engine)) as client:
        client.follow_redirects = False
        for path in PATHS:
            where = filled(path, case, "d")
            answer = await client.get(where)
            gone = answer.status_code == 405
            assert gone or f"/sign-in?next={quote(where)}" == answer.headers["location"]


async def test_the_unit_is_let_in_in_both_languages(engine: Engine) -> None:
    """Every page of its own board that needs nothing begun."""
    two_boards(engine)
    case = keep(engine)
    begins = [path for path in PATHS if not re.search("{key}|{draft_id}", path)]
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, UNIT)
        for path in begins:
            where = filled(path, case, "")
            english, head = await client.get(where), await client.head(where)
            welsh = await client.get(where, headers={"accept-language": "cy"})
            assert [200, 200, 200] == [one.status_code for one in (english, welsh, head)], path
            assert heading(english) != heading(welsh)
    assert len(begins) > 8


async def test_whoever_works_for_two_boards_chooses_one(engine: Engine) -> None:
    """And stays at it from page to page; a board that they do not work for is not there."""
    two_boards(engine)
    with writing(engine) as session:
        session.execute(update(DirectoryPerson).filter_by(board=CTM, role="business_unit").values(email=UNIT))
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, UNIT)
        first, other = await client.get("/unit"), await client.get(f"/unit?board={GWENT}")
        unknown = await client.get("/unit?board=powys")
    assert f'href="/unit?board={GWENT}"' in first.text
    assert text_of(other).startswith("Gwent Safeguarding Board")
    assert f'href="/unit/people?board={GWENT}"' in other.text
    assert 404 == unknown.status_code


async def test_what_needs_attention_is_said(engine: Engine) -> None:
    """Overdue, late, not reached, not started: each with its case, and nothing of the other board's."""
    two_boards(engine)
    overdue, lost, waiting = (keep(engine, fingerprint=str(number)) for number in range(3))
    write(engine, a_step(lost, notices=[a_notice(to=Role(role="team_manager"))]))
    with writing(engine) as session:
        session.get_one(Case, overdue).overdue = True
        for case in (overdue, lost):
            session.get_one(Case, case).started = True
        session.query(NoticeRow).update({"delivered_to": "deputy"})
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, UNIT)
        mine = text_of(await client.get("/unit")).replace(" :", ":")
        sign_in(client, engine, OTHER_UNIT)
        theirs = text_of(await client.get("/unit"))
    assert f"A limit of the protocol is overdue (1) {overdue}: Between the practitioners" in mine
    assert f"Mails did not reach whoever holds the role (1) {lost}: Between the practitioners (1 mail)" in mine
    assert f"Kept and not started yet (1) {waiting}" in mine
    assert "None. No limit is overdue" in theirs
    assert "GWENT-" not in theirs


async def test_vacancies_meetings_and_bank_holidays_are_said(engine: Engine) -> None:
    """As the check of the script finds them: one logic."""
    two_boards(engine)
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, UNIT)
        gwent = text_of(await client.get("/unit")).replace(" :", ":")
        sign_in(client, engine, OTHER_UNIT)
        other = text_of(await client.get("/unit"))
    assert "Safeguarding Team Manager: Blaenau Gwent, Caerphilly, Monmouthshire, Torfaen" in gwent
    assert "No case can be raised where the duty team has no number: Blaenau Gwent" in gwent
    assert "No time limit of this board waits for a meeting" in gwent
    assert "QA Sub Group, children None is planned. Time limits that wait for it have no end." in other
    assert "Known until" in gwent


# --- files that are no good


PERSON, MEETING = csv_of(PEOPLE, a_person()), csv_of(MEETINGS, a_meeting())
BAD: list[tuple[str, str, bytes, str]] = [
    (UNIT, "people", b"", "Choose a file of people"),
    (UNIT, "people", "id,board\né".encode("latin-1"), "The file is not UTF-8 text. Save it as “CSV UTF-8”."),
    (UNIT, "people", b"\x89PNG\r\n\x1a\n\x00", "The file is not UTF-8 text. Save it as “CSV UTF-8”."),
    (
        UNIT,
        "people",
        b'id,board\n"a,gwent',
        "The file is no CSV file (unexpected end of data). Save it as “CSV UTF-8”.",
    ),
    (
        UNIT,
        "people",
        b"<html><script>alert(1)</script>",
        "Row 1, column id: is missing. The columns are: id,board,role,",
    ),
    (UNIT, "people", PERSON.replace(b"phone_office", b"shoe"), "Row 1, column shoe_hours: is not known. The columns"),
    (UNIT, "people", PERSON.replace(GWENT.encode(), CTM.encode()), "Row 2, column board: is not the board that you"),
    (
        UNIT,
        "people",
        csv_of(PEOPLE, a_person(board="powys")),
        "Row 2, column board: is not the board that you load for.",
    ),
    (UNIT, "people", csv_of(PEOPLE, a_person(email="<b>@c")), "Row 2, column email: is no mail address."),
    (
        UNIT,
        "people",
        csv_of(PEOPLE, a_person(name="\u202eeman")),
        "Row 2, column name: must be one line of at most 500",
    ),
    (UNIT, "people", csv_of(PEOPLE, a_person("king")), "Row 2, column role: is no role of any protocol."),
    (UNIT, "people", csv_of(PEOPLE, a_person(), a_person()), "Row 3: the same as row 2. Keep one of them."),
    (UNIT, "meetings", MEETING, "Row 2, column board: is not the board that you load for. Take this row out."),
    (OTHER_UNIT, "people", PERSON, "Row 2, column board: is not the board that you load for. Take this row out."),
    (
        OTHER_UNIT,
        "meetings",
        csv_of(MEETINGS, a_meeting(starts_at="0001-01-01T00:00:00+14:00")),
        "Row 2, column starts_at:",
    ),
    (OTHER_UNIT, "meetings", csv_of(MEETINGS, a_meeting(group="qa")), "Row 2, column group: must be 'qa_children', "),
    (UNIT, "holidays", b"[" * 100_000, "The file is not GOV.UK's list of bank holidays with the division"),
    (UNIT, "holidays", bank_holidays("9999-12-31"), "The file is not GOV.UK's list of bank holidays"),
    (UNIT, "holidays", b'{"england-and-wales": 5}', "The file is not GOV.UK's list of bank holidays"),
]


@pytest.mark.parametrize(("who", "what", "content", "words"), BAD)
async def test_a_file_that_is_no_good_is_not_taken(
    engine: Engine, who: str, what: str, content: bytes, words: str
) -> None:
    """Nothing of it is kept, and what is wrong stands in plain words, where the summary leads to."""
    two_boards(engine)
    where = f"/unit/{what}" if what == "holidays" else f"/unit/{what}/upload"
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, who)
        page = await hand_over(client, where, content)
    assert 422 == page.status_code
    assert summary(page)[0].startswith(words), summary(page)
    assert 'id="file"' in page.text
    assert [] == drafts.drafts(engine, who)


async def test_of_very_many_faults_the_first_are_said(engine: Engine) -> None:
    """Each leads to its place, and the last line says how many more there are."""
    two_boards(engine)
    rows = [a_person(id=str(number), language="fr") for number in range(50)]
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, UNIT)
        page = await hand_over(client, "/unit/people/upload", csv_of(PEOPLE, *rows))
    assert (21, "And 30 more faults. Mend these first.") == (len(summary(page)), summary(page)[-1])
    leads = re.findall(r'<li>\s*<a href="#([^"]+)"', page.text)
    assert [] == [place for place in leads if f'id="{place}"' not in page.text]


async def test_faults_are_said_in_welsh(engine: Engine) -> None:
    """Whatever is found wrong with a file; nothing falls back to English."""
    two_boards(engine)
    async with visiting(quiet_door(engine)) as client:
        client.headers["accept-language"] = "cy"
        sign_in(client, engine, UNIT)
        page = await hand_over(client, "/unit/people/upload", csv_of(PEOPLE, a_person(email="x", board=CTM)))
    assert ["Rhes 2, colofn email: nid yw'n gyfeiriad post."] == summary(page)


def test_every_fault_of_a_file_is_known_to_the_pages() -> None:
    """What the records say stands in the list of what the pages can say, word for word."""
    from pydantic import ValidationError

    from records import csv_rows, loading
    from records.board_files import MeetingRow, PersonRow

    said = {words for module in (csv_rows, loading) for name, words in vars(module).items() if _is_words(name, words)}
    no = {"id": "", "board": "ö", "email": "x", "name": "x" * 501, "starts_at": "x", "papers_due": "x"}
    for row, far in ((PersonRow, {}), (MeetingRow, {"papers_due": "0001-01-01T00:00:00Z"})):
        try:
            row.model_validate(no | far)
        except ValidationError as found:
            said |= {f"{one['ctx']['error']}." for one in found.errors() if "error" in one.get("ctx", {})}
    assert set() == said - set(WORDS)
    assert {"is empty.", "is no mail address.", "lies outside the years 1900 to 2200."} <= said


def _is_words(name: str, value: Any) -> bool:
    return name.isupper() and isinstance(value, str) and " " in value


@pytest.mark.parametrize("what", ["people", "meetings", "holidays"])
async def test_a_file_that_nobody_writes_is_not_read(engine: Engine, what: str) -> None:
    """Ten million bytes, whether they are announced or come without a length."""
    two_boards(engine)
    where = f"/unit/{what}" if what == "holidays" else f"/unit/{what}/upload"
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, UNIT)
        announced = await hand_over(client, where, b"x" * 10_000_000)
        just_too_long = await hand_over(client, where, b"x" * 5_000_001)
        secret = await _unannounced(client, where)
    assert [413, 413, 413] == [one.status_code for one in (announced, just_too_long, secret)]
    assert "That was too long" == heading(announced)


async def _unannounced(client: AsyncClient, where: str) -> Response:
    async def body() -> Any:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
        for _ in range(100):
            yield b"x" * 100_000
        yield b"\r\n--b--\r\n"

    return await client.post(where, content=body(), headers={"content-type": "multipart/form-data; boundary=b"})


async def test_what_somebody_else_has_begun_is_not_there(engine: Engine) -> None:
    """Neither before it is done nor afterwards."""
    two_boards(engine)
    other_kind = drafts.begin(engine, UNIT, "signal", "", {"what": "people", "board": GWENT, "form": ""}, now()).id
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, UNIT)
        assert 404 == (await client.get(f"/unit/check/{other_kind}")).status_code
        mine = await hand_over(client, "/unit/people/upload", PERSON)
        sign_in(client, engine, OTHER_UNIT)
        theirs = await client.get(str(mine.url))
        sign_in(client, engine, UNIT)
        after = await send(client, await client.get(str(mine.url)), {})
        sign_in(client, engine, OTHER_UNIT)
        afterwards = await client.get(str(after.url))
    assert [200, 404, 200, 404] == [one.status_code for one in (mine, theirs, after, afterwards)]
    assert [] == cases.open_cases(engine)
