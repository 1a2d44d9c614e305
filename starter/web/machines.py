"""For whatever watches the service: does it run, is it ready, and how much waits. It names no case and nobody."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from protocols.errors import Unreachable
from records.waiting import waiting
from starter.web.house import InHouse
from starter.web.openapi import problems

router = APIRouter()


@router.get("/healthz", responses=problems(500))
async def healthz() -> dict[str, str]:
    """It runs."""
    return {"status": "runs"}


@router.get("/readyz", responses=problems(500, 503))
def readyz(house: InHouse) -> dict[str, str]:
    """It can take something: the records answer. Temporal may be away, what is said is kept then."""
    waiting(house.door.database)
    return {"status": "ready"}


@router.get("/metrics", response_class=PlainTextResponse, responses=problems(500))
def metrics(house: InHouse) -> str:
    """Counts, for Prometheus and the like."""
    lines = ["# TYPE datrys_answers_total counter"]
    lines += [f'datrys_answers_total{{status="{status}"}} {n}' for status, n in sorted(house.answered.items())]
    try:
        counts = waiting(house.door.database)._asdict()
    except Unreachable:
        counts = {}
    known = {"records_up": int(bool(counts)), **{f"waiting_{what}": number for what, number in counts.items()}}
    for name, number in known.items():
        lines += [f"# TYPE datrys_{name} gauge", f"datrys_{name} {number}"]
    return "\n".join(lines) + "\n"
