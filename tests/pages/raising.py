"""Raising a case through the pages: a case file answered page by page, as whoever knows it would."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from httpx import AsyncClient, Response
from sqlalchemy import Engine

from protocols.working_days import LONDON
from records.database import reading
from records.models import Case, CaseAgency, CasePerson, FreeText, Subject
from tests.pages.visiting import send

Fields = dict[str, Any]
CHECK = "check"


def moment(name: str, iso: str) -> Fields:
    """A moment as it is typed: on the clocks of London, to the minute."""
    at = datetime.fromisoformat(iso).astimezone(LONDON)
    return {**day(name, at.date().isoformat()), f"{name}-time": f"{at:%H:%M}"}


def day(name: str, iso: str | None) -> Fields:
    """A date as it is typed."""
    year, month, number = (iso or "--").split("-")
    return {f"{name}-day": number, f"{name}-month": month, f"{name}-year": year}


def answers(file: Mapping[str, Any]) -> dict[str, Fields]:
    """What is typed on each page so that this case file comes of it."""
    subject, screening, raiser = file["subject"], file.get("screening", {}), file["raised_by"]
    report = file.get("duty_to_report") or {"reference": "", "submitted_at": file["instigated_at"]}
    others = [one for one in file["agencies"] if not one.get("raising")]
    carers = subject.get("parents_or_carers", [])
    typed: dict[str, Fields] = {
        "protocol": {"answer": file["protocol"]},
        "authority": {"answer": file["authority"]},
        "about": {"answer": subject["kind"]},
        "register": {"answer": _said(subject.get("on_child_protection_register"))},
        "scope": {"answer": screening.get("excluded_because") or "none"},
        "remains": {"answer": _said(screening.get("remains_practitioner_difference"))},
        "report": {"answer": "yes"},
        "report-details": {**moment("at", report["submitted_at"]), "line": report["reference"]},
        "supervision": {"answer": _said(screening.get("multi_agency_supervision_declined"))},
        "advice-procedure_missing": {"answer": _said(screening.get("procedure_missing"))},
        "tried": {"answer": "yes"},
        "informal": {
            **moment("at", file["informal_attempt"]["at"]),
            "line": file["informal_attempt"]["between"],
        },
        "start": {"answer": str(file.get("start_at_stage", 1))},
        "reason": {"answer": file.get("start_reason")},
        "grounds": {"answer": file.get("stage_3_grounds", [])},
        "person": {
            "name": subject["name"],
            **day("born", subject.get("date_of_birth")),
            "address": subject.get("address", ""),
            "number": subject.get("occurrence_number", ""),
        },
        "carers": {"blocks": str(max(1, len(carers)))},
        "circumstance": {"answer": file["circumstance"], "words": file.get("circumstance_other") or ""},
        "issue": {"answer": file["issue"]},
        "done": {"answer": file.get("done_already", "")},
        "sought": {"answer": file["outcome_sought"]},
        "agency": {"answer": raiser["agency"]},
        "others": {"answer": [one["code"] for one in others]},
        "answering": {"answer": [one["code"] for one in others if one.get("must_respond")]},
        "who": {"answer": "other"},
        "raiser": {name: raiser[name] for name in ("name", "email", "phone")},
        "people": {},
        "begun": {"answer": "earlier", **moment("at", file["instigated_at"])},
    }
    for n, carer in enumerate(carers, 1):
        typed["carers"] |= {f"carer-{n}-name": carer["name"]} | day(f"carer-{n}-born", carer.get("date_of_birth"))
    for person in file.get("people", ()):
        fields = ("name", "email", "phone", "language", "deputy_name", "deputy_email")
        typed[f"holder~{person['role']}~{person['agency']}"] = {name: person.get(name, "") for name in fields}
    return typed


def _said(answer: bool | None) -> str:
    return "yes" if answer else "no"


def page_name(page: Response) -> str:
    """The last part of a page's address."""
    return page.url.path.rpartition("/")[2]


async def begin(client: AsyncClient) -> Response:
    """The first page of something begun anew."""
    return await send(client, await client.get("/raise"), {})


async def on(client: AsyncClient, page: Response, fields: Mapping[str, Any]) -> Response:
    """Answer a page, and press its first button."""
    return await send(client, page, {**fields, "do": "on"})


async def up_to(client: AsyncClient, file: Mapping[str, Any], stop: str = CHECK) -> Response:
    """Begin, and answer page after page until this one is shown."""
    page, typed, shown = await begin(client), answers(file), list[str]()
    while page_name(page) != stop:
        name = page_name(page)
        assert name in typed, (name, page.text)
        assert name not in shown, (name, page.text)
        shown.append(name)
        page = await on(client, page, typed[name])
    return page


def kept(engine: Engine, reference: str) -> dict[str, Any]:
    """All that the records keep of a case as it was raised, but for its reference and the moment."""
    with reading(engine) as session:
        found: dict[str, Any] = {}
        for model in (Case, CaseAgency, CasePerson, FreeText, Subject):
            rows = session.query(model).filter_by(reference=reference).all()
            names = [column.name for column in model.__table__.columns]
            left_out = {"reference", "raised_at", "kept_at", "since", "fingerprint"} | (
                {"id"} if model is CasePerson else set()
            )
            found[model.__name__] = sorted(
                str({name: getattr(row, name) for name in names if name not in left_out}) for row in rows
            )
    return found
