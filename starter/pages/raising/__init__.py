"""Raising a case page by page: first whether this is the right protocol, then who and what it is about."""

from starter.pages.raising.routes import router

__all__ = ["router"]
