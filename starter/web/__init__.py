"""The web hook: programs raise cases, signal and look, over the same use cases as the script."""

from starter.web.app import web_app
from starter.web.house import Limits

__all__ = ["Limits", "web_app"]
