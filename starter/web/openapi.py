"""What `/openapi.json` says: each answer with its real status, and one schema for all that goes wrong."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from protocols.case_file import CaseFile
from starter.web.problems import MEDIA_TYPE, Problem

REF = "#/components/schemas/{model}"
PROBLEMS = {
    400: "No JSON object, or one that can be read in two ways.",
    401: "No token, or none that counts; or, of a token that signs, a signature that does not hold.",
    403: "The token may not do this.",
    404: "There is no such case or signal, or none that the token may see.",
    409: "It does not fit how things stand: the reason, and what is waited for; or a signed call was taken before.",
    413: "The body is too long.",
    415: "The body is not said to be JSON in UTF-8, or is compressed.",
    422: "Every fault of what was sent; or a key that was given to something else.",
    429: "The token asks too often; Retry-After says when to ask again.",
    500: "Datrys failed where it should not.",
    503: "The records do not answer, nothing was taken; whom to ring if somebody is in danger.",
}
ALWAYS = (401, 429, 500, 503)
WITH_BODY = (400, 413, 415, 422)


Answers = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Answers:
    """The problems that a call may answer."""
    content = {MEDIA_TYPE: {"schema": {"$ref": REF.format(model="Problem")}}}
    return {status: {"description": PROBLEMS[status], "content": content} for status in statuses}


def body(schema: dict[str, Any], description: str) -> dict[str, Any]:
    """What a call takes."""
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": True, "description": description, "content": content}}


def describe(app: FastAPI) -> dict[str, Any]:
    """The description, made once."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        models: tuple[type[BaseModel], ...] = (CaseFile, Problem)
        components = made.setdefault("components", {}).setdefault("schemas", {})
        for model in models:
            schema = model.model_json_schema(ref_template=REF)
            components |= {**schema.pop("$defs", {}), model.__name__: schema}
        for name in ("HTTPValidationError", "ValidationError"):
            components.pop(name, None)
        for operation in _operations(made):
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]  # FastAPI's own, where nothing can be wrong with a path
        app.openapi_schema = made
    return app.openapi_schema


def _operations(made: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in made["paths"].values():
        yield from path.values()
