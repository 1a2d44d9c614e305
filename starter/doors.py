"""Both doors as one application: the web hook for programs, the pages for people, over the same use cases."""

from starlette.types import ASGIApp, Receive, Scope, Send

from protocols.errors import WrongUse
from records.keys import Keys
from starter.pages import pages_app
from starter.pages.visit import SendCode
from starter.use_cases import Datrys
from starter.web import Limits, web_app

HOOK = ("/api", "/healthz", "/readyz", "/metrics", "/openapi.json")
"""Where the addresses of the web hook begin; all else is a page."""


class Doors:
    """Leads each request to the door that it came to.

    Args:
        hook: the web hook, which also lives as long as both.
        pages: the pages.
    """

    def __init__(self, hook: ASGIApp, pages: ASGIApp) -> None:
        self._hook, self._pages = hook, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        to_hook = scope["type"] != "http" or any(_within(scope["path"], begin) for begin in HOOK)
        await (self._hook if to_hook else self._pages)(scope, receive, send)


def _within(path: str, begin: str) -> bool:
    return path == begin or path.startswith(f"{begin}/")


def doors(door: Datrys, send_code: SendCode, limits: Limits | None = None) -> Doors:
    """Both doors.

    Args:
        door: the use cases.
        send_code: mails a one-time code.
        limits: how much the web hook takes.

    Raises:
        WrongUse: there is no secret to make links, codes and sessions with.
    """
    secret = door.settings.secret_key
    if secret is None:
        raise WrongUse("DATRYS_SECRET_KEY is missing: the pages cannot be had without it. Set it (README, Settings).")
    hook = web_app(door, limits)
    return Doors(hook, pages_app(hook.state.house, Keys(secret.get_secret_value()), send_code))
