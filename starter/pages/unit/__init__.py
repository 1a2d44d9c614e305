"""A Business Unit's own pages: what needs its attention, what its board loads, and leading a case back."""

from fastapi import APIRouter

from starter.pages.unit import correcting, holidays, meetings, overview, people, person, reopening, steps

PARTS = tuple(part.router for part in (overview, meetings, people, person, holidays, reopening, correcting, steps))
router = APIRouter()
for part in PARTS:
    router.include_router(part)

__all__ = ["PARTS", "router"]
