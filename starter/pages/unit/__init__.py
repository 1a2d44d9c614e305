"""A Business Unit's own pages: what needs its attention, what its board loads, and leading a case back."""

from fastapi import APIRouter

from starter.pages.unit import correcting, holidays, meetings, overview, people, person, reopening, steps

router = APIRouter()
for part in (overview, meetings, people, person, holidays, reopening, correcting, steps):
    router.include_router(part.router)

__all__ = ["router"]
