"""Who holds which role: added, changed, vacated and loaded on pages, and what becomes of whoever held it before."""

from typing import Any

import pytest
from sqlalchemy import Engine

from protocols.errors import CaseUnknown
from protocols.roles import Role
from records import directory
from records.access import sight
from records.directory import Listed
from records.holding import Asker
from records.links import opened
from tests.pages.unit import (
    CTM,
    GWENT,
    PEOPLE,
    UNIT,
    a_person,
    csv_of,
    hand_over,
    rows_of,
    summary,
    two_boards,
)
from tests.pages.visiting import heading, quiet_door, send, sign_in, text_of, visiting
from tests.people import address
from tests.records.making import a_notice, a_step, keep, write
from tests.records.test_links import mailed
from tests.web.hook import now
from workflows.registry import ACCESS

TYPED = {"authority": "Newport", "group": "every", "name": "Nia New", "email": "nia@example.invalid"}
HOSTILE = [
    "{{ 7 * 7 }} {% raise %}",
    "<script>alert(1)</script>",
    "=HYPERLINK(1)",
    "'\"; DROP TABLE cases --",
    "👩 Siân Ŵyn",
]


def named(engine: Engine, name: str, board: str = GWENT) -> list[Listed]:
    return [one for one in directory.people(engine, board) if one.name == name]


async def test_a_holder_is_added_after_a_look(engine: Engine) -> None:
    """The page before says who held it; nothing is kept until it is confirmed, and twice confirmed counts once."""
    two_boards(engine)
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, UNIT)
        role = await client.get("/unit/people?role=team_manager")
        check = await send(client, await client.get("/unit/people/add?role=team_manager"), TYPED)
        before = named(engine, "Nia New")
        done = await send(client, check, {})
        again = await send(client, check, {})
        change = await client.get(f"/unit/people/add?role=team_manager&draft={str(check.url).rpartition('/')[2]}")
    assert "Team Manager" in text_of(role)
    assert [] == before
    assert ("Check who holds the role", "The change is saved") == (heading(check), heading(done))
    assert {"Role": "Safeguarding Team Manager", "Name": "Nia New", "Whose cases": "Both"}.items() <= rows_of(
        check
    ).items()
    assert "Team Manager holds it until now, and will not any more." in text_of(check)
    assert "New notices go to them; mails already sent do not." in text_of(check)
    assert str(done.url) == str(again.url)
    [row] = named(engine, "Nia New")
    assert ("team_manager", "Newport", "", "nia@example.invalid") == (row.role, row.authority, row.group, row.email)
    assert 200 == change.status_code


async def test_what_was_typed_can_be_changed_first(engine: Engine) -> None:
    """The way back leads to the form, filled in."""
    two_boards(engine)
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, UNIT)
        check = await send(client, await client.get("/unit/people/add?role=team_manager"), TYPED)
        back = check.text.partition('class="govuk-back-link" href="')[2].partition('"')[0].replace("&amp;", "&")
        form = await client.get(back)
    assert 'value="Nia New"' in form.text
    assert 'value="nia@example.invalid"' in form.text


@pytest.mark.parametrize(
    ("role", "typed", "words"),
    [
        ("team_manager", {"name": ""}, "Enter name"),
        ("team_manager", {"email": ""}, "Enter mail address"),
        ("team_manager", {"email": "nobody"}, "Enter a mail address in the form name@example.org"),
        ("team_manager", {"authority": "Bridgend"}, "Choose local authority"),
        ("team_manager", {"authority": ""}, "Choose local authority"),
        ("team_manager", {"group": "dogs"}, "Choose whose cases"),
        ("team_manager", {"name": "x" * 100_000}, "Name must be 300 characters or fewer; it has 100000"),
        ("team_manager", {"language": "fr"}, "Choose which language comes first in mails"),
        ("safeguarding_lead", {"agency": "NOBODY"}, "Choose agency"),
        ("duty_team", {"phone_office_hours": ""}, "Enter number in office hours"),
        ("duty_team", {"phone_office_hours": "javascript:alert(1)"}, "Enter a telephone number, such as 01632 960001"),
        ("team_manager", {"deputy_name": "a\u200db"}, "Name of the deputy: must be one line of at most 500 printable"),
    ],
)
async def test_a_field_that_is_wrong_says_so_and_keeps_what_was_typed(
    engine: Engine, role: str, typed: dict[str, str], words: str
) -> None:
    """One fault a field, in the summary and beside it; nothing is begun."""
    two_boards(engine)
    good = {**TYPED, "agency": "NEWPORT", "phone_office_hours": "01632 960001"}
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, UNIT)
        page = await send(client, await client.get(f"/unit/people/add?role={role}"), {**good, **typed})
    assert (422, True) == (page.status_code, summary(page)[0].startswith(words)), summary(page)
    assert f'value="{typed.get("name", "Nia New")}"' in page.text or not typed.get("name", "Nia New")


@pytest.mark.parametrize("words", HOSTILE)
async def test_whatever_is_typed_is_kept_as_it_is_and_shown_as_text(engine: Engine, words: str) -> None:
    """In every field that takes words: on the form, before, afterwards, in the list and in a search."""
    two_boards(engine)
    typed = {**TYPED, "name": words, "phone": words, "deputy_name": words}
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, UNIT)
        check = await send(client, await client.get("/unit/people/add?role=team_manager"), typed)
        await send(client, check, {})
        listed = await client.get("/unit/people?role=team_manager")
        found = await send(client, await client.get("/unit/people"), {"word": words})
    [row] = named(engine, words)
    assert (words, words) == (row.phone, row.deputy_name)
    for page in (check, listed, found):
        assert words in text_of(page)
        assert "<script>" not in page.text
    assert "1 entry has" in text_of(found)


async def test_a_holder_is_changed_and_what_is_not_asked_stays(engine: Engine) -> None:
    """The row stays the same one; nothing else of the directory is different."""
    two_boards(engine)
    before = directory.people(engine)
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, UNIT)
        role = await client.get("/unit/people?role=duty_team")
        where = role.text.partition('href="/unit/people/change/')[2].partition('"')[0]
        form = await client.get(f"/unit/people/change/{where}")
        await send(client, await send(client, form, {"name": "The office"}, form=0), {})
        same = await send(client, await client.get(f"/unit/people/change/{where}"), {}, form=0)
    after = directory.people(engine)
    [old] = [row for row in before if row not in after]
    [new] = [row for row in after if row not in before]
    assert old._replace(name="The office") == new
    assert ("01633 656656", "Newport") == (new.phone_office_hours, new.authority)
    assert "Nothing changes" == heading(same)


async def test_a_role_is_made_vacant_and_its_deputy_stays(engine: Engine) -> None:
    """Name, address, telephone and language go; the page before says where its mails go."""
    two_boards(engine)
    row = a_person(id="service_manager", authority="Newport", deputy_email="deputy@example.invalid")
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, UNIT)
        await send(client, await hand_over(client, "/unit/people/upload", csv_of(PEOPLE, row)), {})
        role = await client.get("/unit/people?role=service_manager")
        where = role.text.partition('href="/unit/people/change/')[2].partition('"')[0]
        check = await send(client, await client.get(f"/unit/people/change/{where}"), {}, form=-1)
        await send(client, check, {})
    [vacant] = [one for one in directory.people(engine, GWENT) if one.role == "service_manager"]
    assert "Nobody holds the role then: its mails go to the deputy." in text_of(check)
    assert ("", "", "deputy@example.invalid") == (vacant.name, vacant.email, vacant.deputy_email)


async def test_a_file_is_loaded_whole_after_a_look(engine: Engine) -> None:
    """How many rows are new or changed, and which roles they concern; formulas stay the words that they are."""
    two_boards(engine)
    rows = [a_person(name='=cmd|"/c calc"!A1'), a_person(id="team_manager", role="team_manager", authority="Newport")]
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, UNIT)
        check = await hand_over(client, "/unit/people/upload", csv_of(PEOPLE, *rows), "../../etc/passwd")
        before = named(engine, "New")
        done = await send(client, check, {})
    assert {"Rows in the file": "2", "New": "1", "Changed": "1"}.items() <= rows_of(check).items()
    assert "Safeguarding Service Manager Safeguarding Team Manager" == rows_of(check)["Roles concerned"]
    assert [] == before
    assert "2 rows are loaded" == heading(done)
    assert [1, 1] == [len(named(engine, name)) for name in ("New", '=cmd|"/c calc"!A1')]


async def test_whoever_gives_the_role_away_is_warned(engine: Engine) -> None:
    """Afterwards these pages are not there for them, and are for the new one."""
    two_boards(engine)
    typed = {"group": "every", "name": "Nia New", "email": "nia@example.invalid"}
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, UNIT)
        check = await send(client, await client.get("/unit/people/add?role=business_unit"), typed)
        after = await send(client, check, {})
        sign_in(client, engine, "nia@example.invalid")
        new = await client.get("/unit")
    assert "You may no longer be able to open these pages afterwards." in text_of(check)
    assert [404, 200] == [after.status_code, new.status_code]


async def test_the_links_of_a_former_holder_stop_working(engine: Engine) -> None:
    """A change in the directory revokes nothing; whose address no longer holds the role sees nothing all the same."""
    two_boards(engine)
    former = address("team_manager")
    case, manager = keep(engine), Role(role="team_manager")
    write(engine, a_step(case, notices=[a_notice(to=manager)]))
    link = mailed(engine, case)
    first = opened(engine, link, now()), _sees(engine, former, case)
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, UNIT)
        await send(client, await send(client, await client.get("/unit/people/add?role=team_manager"), TYPED), {})
    assert all(first)
    assert (None, False, True) == (
        opened(engine, link, now()),
        _sees(engine, former, case),
        _sees(engine, "nia@example.invalid", case),
    )


def _sees(engine: Engine, email: str, case: str) -> bool:
    try:
        return bool(sight(engine, Asker(email=email), case, ACCESS).parts)
    except CaseUnknown:
        return False


async def test_a_name_stands_in_no_address(engine: Engine) -> None:
    """Rows are called by what says nothing, though their id may be a name; searches are no addresses."""
    two_boards(engine)
    row = a_person(id="nia/new?x=1", name="Nia New")
    async with visiting(quiet_door(engine)) as client:
        sign_in(client, engine, UNIT)
        await send(client, await hand_over(client, "/unit/people/upload", csv_of(PEOPLE, row)), {})
        found = await send(client, await client.get("/unit/people"), {"word": "nia"})
        nothing = await send(client, await client.get("/unit/people"), {"word": ""})
        change: Any = found.text.partition('href="/unit/people/change/')[2].partition('"')[0]
        form = await client.get(f"/unit/people/change/{change}")
        of_others = await send(client, await client.get("/unit/people"), {"word": CTM})
    assert "nia" not in str(found.url) + change
    assert 'value="Nia New"' in form.text
    assert (422, "0 entries have") == (nothing.status_code, text_of(of_others).partition("Find somebody ")[2][:14])
