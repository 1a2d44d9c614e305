"""The pages as a browser without JavaScript meets them: a client that keeps cookies, and forms filled in."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from html import unescape
from typing import Any

from httpx import ASGITransport, AsyncClient, Response
from lxml import html as lxml_html  # type: ignore[import-untyped]
from sqlalchemy import Engine

from protocols.access import Proof
from records import sessions
from records.keys import Keys
from settings import Settings
from starter.doors import Doors, doors
from starter.pages.visit import SESSION
from starter.use_cases import Datrys
from starter.web.house import House
from tests.people import load_directory
from tests.web.hook import now
from tests.web.test_callers import NoEngine

SECRET = "a secret of these tests alone"
SITE = "http://pages.invalid"


class Post:
    """Takes the codes that would be mailed: (address, code, language)."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []

    async def __call__(self, email: str, code: str, language: str) -> None:
        self.sent.append((email, code, language))


def settings(**more: Any) -> Settings:
    """Settings with a secret."""
    return Settings(**{"secret_key": SECRET, "base_url": SITE, **more})


def keys() -> Keys:
    """The keys that follow from it."""
    return Keys(SECRET)


def quiet_door(engine: Engine, **more: Any) -> Datrys:
    """The use cases on records with a directory, and no Temporal: whatever is told is kept."""
    load_directory(engine)
    return Datrys(settings(**more), engine, NoEngine(), now)  # type: ignore[arg-type]


@asynccontextmanager
async def visiting(door: Datrys, post: Post | None = None) -> AsyncIterator[AsyncClient]:
    """A browser of its own at the running application."""
    both = doors(door, post or Post())
    await read_numbers(both, door)
    transport = ASGITransport(both, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url=SITE, follow_redirects=True) as client:
        yield client


async def read_numbers(both: Doors, door: Datrys) -> None:
    """What the application does as it starts."""
    house: House = both._hook.state.house  # type: ignore[attr-defined]
    house.duty.read(door.database)


def sign_in(client: AsyncClient, engine: Engine, email: str) -> None:
    """This browser stands for whoever has this address, as after a sign-in."""
    secret, _ = sessions.begin(engine, email, Proof.SIGNED_IN, now())
    client.cookies.set(f"datrys_{SESSION}", secret, domain="pages.invalid")


async def send(client: AsyncClient, page: Response, fields: Mapping[str, Any], form: int | str = -1) -> Response:
    """Fill in a form of a page and press its button.

    Args:
        client: the browser.
        page: where the form stands.
        fields: what is typed or chosen; a list for boxes to tick.
        form: which one of the page: its number, the last if not said, or its action.
    """
    forms = lxml_html.fromstring(page.text).forms
    own = [one for one in forms if one.action not in ("/language", "/sign-out")]
    chosen = next(one for one in forms if one.action == form) if isinstance(form, str) else own[form]
    filled = dict(chosen.form_values())
    where, sent = str(page.url.join(chosen.action or str(page.url))), {**filled, **fields}
    return await (client.get(where, params=sent) if chosen.method == "GET" else client.post(where, data=sent))


def text_of(page: Response) -> str:
    """What somebody reads in the page's main part, on one line."""
    tree = lxml_html.fromstring(page.text)
    main = tree.get_element_by_id("main-content")
    return " ".join(" ".join(main.itertext()).split())


def heading(page: Response) -> str:
    """The page's one first heading."""
    [found] = re.findall(r"<h1[^>]*>(.*?)</h1>", page.text, re.DOTALL)
    return " ".join(unescape(re.sub("<[^>]+>", "", found)).split())
