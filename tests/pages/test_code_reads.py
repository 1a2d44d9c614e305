"""Whether a code is enough for reading: where a board allows it, the case of its link and nothing else."""

from collections.abc import Callable

import pytest
from httpx import AsyncClient
from sqlalchemy import Engine

from protocols.roles import Role
from records import links
from records.models import Target
from tests.pages.cases import Rich, ctm_case, gwent, load_directories
from tests.pages.linking import id_of, mailed, with_code
from tests.pages.visiting import quiet_door, text_of, visiting
from tests.people import address
from tests.web.hook import now

READERS: dict[str, tuple[Callable[[Engine], Rich], Role]] = {
    "gwent": (gwent, Role(role="practitioner", agency="ABUHB")),
    "cwm-taf-morgannwg": (ctm_case, Role(role="manager", agency="CTMUHB")),
}


def read(client: AsyncClient, engine: Engine, made: Rich, role: Role) -> str:
    """The browser gets a code for a link of this case; answers the link's id."""
    token = mailed(engine, made.reference, role, email := address(role.role, role.agency))
    with_code(client, engine, email, token)
    return id_of(token)


@pytest.mark.parametrize("board", READERS)
async def test_with_the_setting_a_code_reads_the_case_of_its_link(engine: Engine, board: str) -> None:
    """All that is opened to the role; one answers by the link, and whoever is signed in has a menu and more to do."""
    make, role = READERS[board]
    door = quiet_door(engine, code_reads=True)
    load_directories(engine)
    made = make(engine)
    async with visiting(door) as client:
        link = read(client, engine, made, role)
        page = await client.get(f"/cases/{made.reference}")
        head = await client.head(f"/cases/{made.reference}")
    assert (200, 200) == (page.status_code, head.status_code)
    assert all(word in page.text for word in ("Zedmark", "Issuemark", "Named"))
    assert "Reportmark" not in page.text
    assert f'href="/asked/{link}/say"' in page.text
    assert not any(f'href="{there}' in page.text for there in ("/work", "/cases", "/raise", "/unit"))


@pytest.mark.parametrize(("code_reads", "status"), [(True, 200), (False, 303)])
async def test_whoever_sees_all_has_the_form_by_a_code(engine: Engine, code_reads: bool, status: int) -> None:
    """The form holds what stands in the case, and is had where the case is read."""
    door = quiet_door(engine, code_reads=code_reads)
    load_directories(engine)
    made, unit = ctm_case(engine), address("business_unit")
    token = mailed(engine, made.reference, READERS[made.board][1], unit, Target.BUSINESS_UNIT)
    async with visiting(door) as client:
        client.follow_redirects = False
        with_code(client, engine, unit, token)
        form = await client.get(f"/cases/{made.reference}/form.docx")
    assert status == form.status_code


@pytest.mark.parametrize("board", READERS)
async def test_without_the_setting_a_code_reads_nothing(engine: Engine, board: str) -> None:
    """It leads to the sign-in."""
    make, role = READERS[board]
    door = quiet_door(engine)
    load_directories(engine)
    made = make(engine)
    async with visiting(door) as client:
        read(client, engine, made, role)
        page = await client.get(f"/cases/{made.reference}")
        form = await client.get(f"/cases/{made.reference}/form.pdf")
    assert ["/sign-in"] * 2 == [page.url.path, form.url.path]
    assert "mark" not in text_of(page)


async def test_a_code_reads_no_other_case(engine: Engine) -> None:
    """Not one that the same person takes part in, nor one that there is not: both are answered alike."""
    door = quiet_door(engine, code_reads=True)
    load_directories(engine)
    made, other = gwent(engine), gwent(engine)
    async with visiting(door) as client:
        read(client, engine, made, READERS["gwent"][1])
        client.follow_redirects = False
        there = [other.reference, "GWENT-1999-0001", f"{made.reference}-immediate-1", f"{other.reference}/form.pdf"]
        pages = [await client.get(f"/cases/{one}") for one in there]
        more = [await client.get(path) for path in ("/work", "/cases", "/cases.csv", "/raise", "/unit")]
    answers = {(page.status_code, page.headers["location"].partition("?")[0]) for page in (*pages, *more)}
    assert {(303, "/sign-in")} == answers


async def test_a_code_reads_no_more_once_its_link_is_over(engine: Engine) -> None:
    """The role has passed on: neither the case nor what is asked is shown."""
    door = quiet_door(engine, code_reads=True)
    load_directories(engine)
    made, role = gwent(engine), READERS["gwent"][1]
    async with visiting(door) as client:
        read(client, engine, made, role)
        links.revoke(engine, made.reference, role, now())
        page = await client.get(f"/cases/{made.reference}")
    assert "/sign-in" == page.url.path
    assert "mark" not in text_of(page)
