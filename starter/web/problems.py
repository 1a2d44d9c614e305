"""Every fault as a problem document (RFC 9457): what is wrong in plain words, and each field that is at fault."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.exceptions import HTTPException
from starlette.routing import Match

from protocols.coming_in import in_words
from protocols.errors import (
    CaseRefused,
    CaseUnknown,
    DatrysError,
    KeyReused,
    NotAllowed,
    RaisedAlready,
    Unreachable,
    WrongUse,
)
from starter.web.house import house_of

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 30
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class FieldFault(BaseModel):
    """One thing that is wrong with what was sent."""

    field: str = Field(description="Where it stands, such as subject.date_of_birth or people.0.email.")
    detail: str = Field(description="What is wrong with it and what to do, in plain words.")


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Which kind of problem; about:blank where the status says it all.")
    title: str
    status: int
    detail: str
    errors: list[FieldFault] | None = Field(None, description="Every fault of what was sent.")


class Trouble(Exception):
    """A request that is answered with a problem.

    Args:
        status: of the answer.
        detail: what is wrong and what to do, in plain words.
        kind: a word for programs, where the status does not say it all.
        errors: field to what is wrong with it.
        headers: of the answer.
        **more: further members of the document.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        kind: str = "",
        errors: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.kind = status, detail, kind
        self.errors, self.headers, self.more = errors or {}, headers, more

    def answer(self) -> Response:
        """The problem document."""
        errors = [{"field": field, "detail": what} for field, what in self.errors.items()]
        document = {
            "type": f"urn:datrys:problem:{self.kind}" if self.kind else "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            **({"errors": errors} if errors else {}),
            **self.more,
        }
        return JSONResponse(jsonable_encoder(document), self.status, self.headers, MEDIA_TYPE)


def no_case() -> Trouble:
    """There is no such case; one that the token may not see answers the same."""
    return Trouble(404, "There is no such case.")


def faulty(errors: Mapping[str, str], detail: str = "What was sent cannot be taken; nothing was done.") -> Trouble:
    """Everything that is wrong with a request."""
    return Trouble(422, detail, "faults", errors)


def by_field(errors: Iterable[Any], see: str) -> dict[str, str]:
    """What pydantic found, by field and in words; never the value itself, which may be about somebody."""
    return {".".join(map(str, error["loc"])): in_words(error, see) for error in errors}


def out_of_reach(request: Request) -> Trouble:
    """The records do not answer: nothing was taken, and whoever is afraid for somebody is told whom to ring."""
    detail = (
        "The records do not answer, so nothing was taken: try again shortly. "
        "If a child or an adult is in danger now, ring the duty team, or 999."
    )
    teams = [number._asdict() for number in house_of(request).duty.known]
    headers = {"Retry-After": str(RETRY_SECONDS)}
    return Trouble(503, detail, "records-away", headers=headers, duty_teams=teams)


def of_error(request: Request, fault: Exception) -> Response:
    """The answer to an error with words for the user."""
    match fault:
        case Trouble():
            trouble = fault
        case CaseRefused():
            trouble = faulty(fault.faults, "The case file does not start a case; nothing was started.")
        case CaseUnknown():
            trouble = no_case()
        case NotAllowed():
            trouble = Trouble(403, str(fault))
        case RaisedAlready():
            detail = "The same case file was raised within a day. If it is meant once more, add ?again=true."
            link = {"self": f"/api/cases/{fault.reference}"}
            trouble = Trouble(409, detail, "raised-already", reference=fault.reference, links=link)
        case Unreachable() | NoConnectionFree():
            trouble = out_of_reach(request)
        case WrongUse() | KeyReused():
            trouble = Trouble(422, str(fault), "faults" if isinstance(fault, WrongUse) else "key-reused")
        case _:
            trouble = Trouble(409, str(fault))
    return trouble.answer()


def of_http(request: Request, fault: Exception) -> Response:
    """No such address, or a method that it does not take."""
    assert isinstance(fault, HTTPException)  # noqa: S101 - for this alone it is registered
    headers = dict(fault.headers or {})
    if fault.status_code == HTTPStatus.METHOD_NOT_ALLOWED:  # Starlette names those of one route only
        headers["Allow"] = ", ".join(method for method in METHODS if _takes(request, method))
    return Trouble(fault.status_code, f"{fault.detail}: see /openapi.json.", headers=headers).answer()


def _takes(request: Request, method: str) -> bool:
    """Whether this address takes that method."""
    asked = {**request.scope, "method": method}
    return any(route.matches(asked)[0] is Match.FULL for route in request.app.routes)


def of_validation(request: Request, fault: Exception) -> Response:
    """What FastAPI found wrong with a request."""
    assert isinstance(fault, RequestValidationError)  # noqa: S101 - for this alone it is registered
    errors = ({**error, "loc": error["loc"][1:]} for error in fault.errors())  # without “query” or “header”
    return faulty(by_field(errors, "/openapi.json")).answer()


HANDLERS: Mapping[Any, Any] = {
    Trouble: of_error,
    DatrysError: of_error,
    NoConnectionFree: of_error,
    HTTPException: of_http,
    RequestValidationError: of_validation,
}
"""Which answers which."""
