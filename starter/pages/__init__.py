"""The pages: what a link in a mail opens, what is asked of somebody, cases, the register, a Business Unit's work."""

from starter.pages.app import pages_app

__all__ = ["pages_app"]
