"""`/api/cases`: raise a case, tell it something, the register, one case."""

from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from protocols.access import may_raise
from protocols.case_file import CaseFile
from protocols.editions import Edition
from protocols.errors import CaseUnknown
from protocols.roles import Role
from records.paging import Question, page
from starter.web.bodies import Body
from starter.web.callers import Asking, Caller, sight_of
from starter.web.house import House, InHouse
from starter.web.models import CaseShown, Line
from starter.web.openapi import ALWAYS, REF, WITH_BODY, body, problems
from starter.web.problems import Trouble, faulty, no_case
from starter.web.shown import case_as_seen, row_as_seen, shows_standing
from starter.web.signatures import Key, Shown
from starter.web.telling import SIGNALS, Heard, tell
from workflows.registry import ACCESS

USUAL, MOST = 100, 1000
"""How many lines of the register a page has, if nothing else is said, and at most."""

router = APIRouter(prefix="/api/cases", responses=problems(*ALWAYS))


class Links(BaseModel):
    """Where to go on."""

    self: str
    signals: str


class RaisedCase(BaseModel):
    """A case that was raised."""

    reference: str
    kept: bool = Field(description="Temporal does not answer; the case begins as soon as it does.")
    new: bool = Field(description="False where the same was raised before under the same key.")
    advice: list[str] = Field(description="What to do besides.")
    links: Links


@router.post(
    "",
    status_code=201,
    response_model=RaisedCase,
    responses={
        200: {"model": RaisedCase, "description": "The same was raised within a day under the same key."},
        202: {"model": RaisedCase, "description": "Kept: the case begins as soon as Temporal answers."},
        **problems(403, 409, *WITH_BODY),
    },
    openapi_extra=body({"$ref": REF.format(model="CaseFile")}, "The case file (docs/case-file.md)."),
)
async def raise_case(
    house: InHouse,
    caller: Asking,
    file: Body,
    shown: Shown,
    idempotency_key: Key = "",
    again: Annotated[bool, Query(description="It was raised within a day, and is meant once more.")] = False,
) -> Response:
    """Start a case from a case file."""
    key = idempotency_key or shown.key_for(caller)
    raised = await house.door.raise_case(file, again, lambda read: _may_raise(caller, read), key, caller.person)
    here = f"/api/cases/{raised.reference}"
    answer = RaisedCase(
        reference=raised.reference,
        kept=raised.kept,
        new=raised.new,
        advice=list(raised.advice),
        links=Links(self=here, signals=f"{here}/signals/{{name}}"),
    )
    status = 202 if raised.kept else 201 if raised.new else 200
    return JSONResponse(answer.model_dump(), status, {"Location": here})


def _may_raise(caller: Caller, file: CaseFile) -> bool:
    role = Role(role=file.raised_by.role, agency=file.raised_by.agency)
    return may_raise(role, caller.asker.bound, file.protocol, file.authority, file.group)


@router.post(
    "/{reference}/signals/{name}",
    response_model=Heard,
    responses={
        200: {"description": "Accepted, or taken as a proposal; also where the same key was accepted before."},
        202: {"model": Heard, "description": "Kept: it will be delivered, and the sender told if it is not accepted."},
        **problems(403, 404, 409, *WITH_BODY),
    },
    openapi_extra=body(SIGNALS, "The facts and texts of the signal (docs/signals.md)."),
)
async def signal(heard: Annotated[tuple[Heard, int], Depends(tell)]) -> Response:
    """Tell a case, or one of its immediate actions, something."""
    answer, status = heard
    return JSONResponse(answer.model_dump(), status)


@router.get(
    "",
    response_model=None,
    responses={
        200: {
            "model": list[Line],
            "headers": {"Link": {"description": 'Where there is more: <…>; rel="next".', "schema": {"type": "string"}}},
        },
        **problems(422),
    },
)
def cases(
    house: InHouse,
    caller: Asking,
    answer: Response,
    protocol: Annotated[str, Query(description="Only this protocol.")] = "",
    stage: Annotated[str, Query(description="Only cases at this stage.")] = "",
    overdue: Annotated[bool, Query(description="Only cases with a protocol limit overdue.")] = False,
    waiting_for: Annotated[str, Query(description="Only cases that wait for this role, such as chair.")] = "",
    limit: Annotated[int, Query(description="How many at most.", ge=1, le=MOST)] = USUAL,
    after: Annotated[str, Query(description="Only those after this case: the last of the page before.")] = "",
) -> list[dict[str, Any]]:
    """The register: the cases that the token may see, the oldest first; where there is more, Link says where."""
    question = Question(protocol, stage, overdue, waiting_for)
    _known(house.door.editions.values(), protocol, stage, waiting_for)
    _in_the_register(house, caller, after)
    stands = bool(stage or overdue or waiting_for)
    found = page(
        house.door.database,
        caller.asker,
        ACCESS,
        question,
        after,
        limit,
        lambda seen: not stands or shows_standing(seen),  # else the answer would say how a case stands
    )
    if found.more:
        asked = {name: value for name, value in question._asdict().items() if value}
        asked |= {"limit": limit, "after": found.lines[-1][0].reference}
        answer.headers["Link"] = f'</api/cases?{urlencode(asked)}>; rel="next"'
    return [row_as_seen(row, seen) for row, seen in found.lines]


def _in_the_register(house: House, caller: Caller, after: str) -> None:
    """Refuse to go on after a case that there is not, or that the token may not see."""
    try:
        known = not after or sight_of(house, caller, after).case.reference == after
    except (Trouble, CaseUnknown):
        known = False
    if not known:
        raise faulty({"after": "is no case of this register; say the reference of the last line that you have"})


def _known(editions: Iterable[Edition], protocol: str, stage: str, waiting_for: str) -> None:
    """Refuse words that would find nothing because they are misspelt, all at once."""
    editions = list(editions)
    asked = (
        ("protocol", protocol, {edition.protocol for edition in editions}),
        ("stage", stage, {name for edition in editions for name in edition.stages}),
        ("waiting_for", waiting_for.partition("/")[0], {role for edition in editions for role in edition.roles}),
    )
    unknown = {
        name: f"is none of {', '.join(sorted(words))}" for name, word, words in asked if word and word not in words
    }
    if unknown:
        raise faulty(unknown)


@router.get("/{reference}", response_model=None, responses={200: {"model": CaseShown}, **problems(404)})
def case(house: InHouse, caller: Asking, reference: str) -> dict[str, Any]:
    """A case as it stands: stage, whom it waits for, clocks, timeline; as much of it as the token may see."""
    seen = sight_of(house, caller, reference)
    if reference != seen.case.reference:
        raise no_case()
    return case_as_seen(house.door.case(reference), seen)
