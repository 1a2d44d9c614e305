"""One request to a page: in which language, from which browser, by whom; and how it is answered."""

import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from protocols.access import BUSINESS_UNIT, Held, Part, Proof, shown
from protocols.errors import Unreachable
from protocols.mail import Language
from records import sessions
from records.access import Sight, sight, standing_roles
from records.holding import Asker
from records.keys import Keys
from records.sessions import Visitor
from starter.pages.duty import Ring, ring
from starter.pages.rendering import render
from starter.pages.tongues import LANGUAGES, Tongue, tongue
from starter.use_cases import Datrys
from starter.web.house import House
from workflows.registry import ACCESS

LANGUAGE, BROWSER, SESSION, LINKS = "language", "browser", "session", "links"
BROWSER_BYTES = 24
LINKS_REMEMBERED, LINKS_SECONDS = 10, 24 * 3600
YEAR_SECONDS = 365 * 24 * 3600

SendCode = Callable[[str, str, Language], Awaitable[None]]
"""Mails a one-time code: address, code, and the language that comes first.

Raises:
    Unreachable: the mail server does not answer.
    Refused: it will not take mail for this address.
"""


class SignInFirst(Exception):
    """Only whoever is signed in is shown this: they are asked to, and led back."""


class LinkOver(Exception):
    """A link that does not count any more, or that this browser has not opened."""


class Visit:
    """A request to a page, and what every page needs.

    Args:
        request: as it came.
        house: what all requests share.
        keys: of this deployment.

    Attributes:
        session: whom the browser's session stands for, whether it counts still or not.
        fault: why that could not be read, where the records do not answer.
    """

    def __init__(self, request: Request, house: House, keys: Keys) -> None:
        self.request, self.house, self.keys = request, house, keys
        self.session: Visitor | None = None
        self.fault: Unreachable | None = None
        self._set: dict[str, tuple[str, int | None]] = {}
        self.browser = self.cookie(BROWSER)
        if len(self.browser) < BROWSER_BYTES:
            self.browser = secrets.token_urlsafe(BROWSER_BYTES)
            self.set_cookie(BROWSER, self.browser)

    @property
    def door(self) -> Datrys:
        """The use cases."""
        return self.house.door

    @property
    def now(self) -> datetime:
        """The door's clock."""
        return self.door.now()

    # --- language

    @property
    def language(self) -> Language:
        """As chosen before; else the first that the browser asks for; else English."""
        chosen = self.cookie(LANGUAGE)
        if chosen in LANGUAGES:
            return "cy" if chosen == "cy" else "en"
        wanted = self.request.headers.get("accept-language", "").lower()
        return "cy" if wanted.startswith("cy") else "en"

    @property
    def tongue(self) -> Tongue:
        """The language with its words."""
        return tongue(self.language)

    def say(self, words: str, /, **facts: Any) -> str:
        """These words in the visitor's language."""
        return self.tongue.say(words, **facts)

    # --- cookies

    def cookie(self, name: str) -> str:
        """What the browser remembers under this name; what was set in this very visit counts first."""
        if name in self._set:
            return self._set[name][0]
        return self.request.cookies.get(self._cookie_name(name), "")

    def set_cookie(self, name: str, value: str, seconds: int | None = None) -> None:
        """Have the browser remember this: until it is closed, or for so many seconds; an empty value is forgotten."""
        self._set[name] = (value, seconds)

    def _cookie_name(self, name: str) -> str:
        return f"__Host-{name}" if self.secure else f"datrys_{name}"

    @property
    def secure(self) -> bool:
        """Whether the pages are reached by https, so that no cookie goes another way."""
        return self.door.settings.base_url.startswith("https://")

    def links(self) -> list[str]:
        """The ids of the links that this browser has opened today."""
        with suppress(BadSignature, TypeError):
            return [str(one) for one in self._serializer().loads(self.cookie(LINKS), max_age=LINKS_SECONDS)]
        return []

    def remember_link(self, link_id: str) -> None:
        """This browser has opened this link; nothing is written but its cookie."""
        kept = [one for one in self.links() if one != link_id]
        self.set_cookie(LINKS, str(self._serializer().dumps([*kept, link_id][-LINKS_REMEMBERED:])))

    def _serializer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.keys.key("opened links"))

    # --- who

    @property
    def visitor(self) -> Visitor | None:
        """Who is there by a session that counts, after a code or a sign-in.

        Raises:
            Unreachable: the records do not answer.
        """
        if self.fault:
            raise self.fault
        return self.session if self.session and self.session.counts else None

    @property
    def person(self) -> Visitor:
        """Who is signed in.

        Raises:
            SignInFirst: nobody is.
        """
        visitor = self.visitor
        if visitor is None or visitor.proof is not Proof.SIGNED_IN:
            raise SignInFirst
        return visitor

    @property
    def signed_in(self) -> bool:
        """Whether somebody is, for the page's frame."""
        return bool(self.session and self.session.counts and self.session.proof is Proof.SIGNED_IN)

    @cached_property
    def held(self) -> list[Held]:
        """The roles that whoever is signed in holds beyond a single case; nothing where the records do not answer."""
        if not self.signed_in:
            return []
        try:
            return standing_roles(self.door.database, Asker(email=self.person.email))
        except Unreachable:
            return []

    @property
    def serves_a_board(self) -> bool:
        """Whether they are of a Business Unit."""
        return any(one.role.role == BUSINESS_UNIT for one in self.held)

    def sight(self, case: str) -> Sight:
        """What whoever is signed in may see of a case, or of the case of an immediate action.

        Raises:
            SignInFirst: nobody is.
            CaseUnknown: there is no such case, or they may see nothing of it.
            Unreachable: the records do not answer.
        """
        return sight(self.door.database, Asker(email=self.person.email), case, ACCESS)

    def begin_session(self, email: str, proof: Proof, link: str = "", account: int | None = None) -> None:
        """From now on this browser stands for this person; an older session of it is over."""
        if self.session and self.session.counts:
            sessions.end(self.door.database, self.session.session, self.now)
        secret, self.session = sessions.begin(self.door.database, email, proof, self.now, link, account)
        self.browser = secrets.token_urlsafe(BROWSER_BYTES)  # forms from before are not this person's
        self.set_cookie(BROWSER, self.browser)
        self.set_cookie(SESSION, secret)

    def end_session(self) -> None:
        """Nobody is there any more, and no link is remembered."""
        if self.session and self.session.counts:
            sessions.end(self.door.database, self.session.session, self.now)
        self.session = None
        for name in (SESSION, LINKS):
            self.set_cookie(name, "")

    def shown(self, seen: Sight, proof: Proof) -> frozenset[Part]:
        """What of a case is shown on this proof, as the board has set it."""
        return shown(seen.parts, proof, code_reads=self.door.settings.code_reads)

    # --- forms

    @property
    def form_token(self) -> str:
        """By which a form is known to come from this browser."""
        return self.keys.token("form", self.browser)

    async def send_code(self, email: str, code: str) -> None:
        """Mail a one-time code, as `SendCode` says."""
        send: SendCode = self.request.app.state.send_code
        await send(email, code, self.language)

    # --- answers

    def page(self, template: str, /, status: int = 200, concerning: Sight | None = None, **more: Any) -> Response:
        """A page.

        Args:
            template: its name under `templates/pages`.
            status: of the answer.
            concerning: the case that it is about: its duty team's number is shown, where several could be.
            **more: what the template uses.
        """
        where = concerning.case if concerning else None
        html = render(self.language, template, visit=self, ring=self.ring(where), **more)
        return self.answer(HTMLResponse(html, status))

    def ring(self, where: Any = None) -> Ring:
        """Whom to ring at this hour."""
        hours = self.door.settings.office_hours
        return ring(self.house.duty, self.now, hours, self.door.editions, where)

    def go(self, where: str) -> Response:
        """Lead the browser on, to a page of ours."""
        return self.answer(RedirectResponse(where, 303))

    def answer(self, response: Response) -> Response:
        """With the cookies that this visit sets."""
        for name, (value, seconds) in self._set.items():
            response.set_cookie(
                self._cookie_name(name),
                value,
                max_age=seconds if value else 0,
                secure=self.secure,
                httponly=True,
                samesite="lax",
            )
        return response


def visit_of(request: Request) -> Visit:
    """The visit; its session is read from the records where the browser has one."""
    house: House = request.app.state.house
    keys: Keys = request.app.state.keys
    visit = request.state.visit = Visit(request, house, keys)
    secret = visit.cookie(SESSION)
    if not secret:
        return visit
    try:
        visit.session = sessions.visitor(house.door.database, secret, visit.now)
    except Unreachable as fault:
        visit.fault = fault
    return visit


Visiting = Annotated[Visit, Depends(visit_of)]


def where_to(candidate: str, otherwise: str = "/work") -> str:
    """A page of ours to go on to; never an address elsewhere."""
    ours = candidate.startswith("/") and not candidate.startswith(("//", "/\\")) and candidate.isprintable()
    return candidate if ours and "\\" not in candidate else otherwise
