"""The register: the cases that the visitor may see, sifted and sorted by what they may see of each, and no more."""

import csv
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from io import StringIO
from typing import Any, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import Response

from protocols.roles import Role
from protocols.working_days import LONDON
from records import directory
from records.access import visible
from records.holding import Asker
from records.register import register
from starter.pages.due import in_words
from starter.pages.titles import Titles
from starter.pages.tongues import later
from starter.pages.visit import Visit, Visiting
from starter.printing import defused
from starter.shown import row_as_seen
from workflows.registry import ACCESS

router = APIRouter()
A_PAGE = 25
AROUND = 1
"""So many pages before and after the one shown have a link of their own."""
OPEN, ENDED = "open", "ended"

Shown = Mapping[str, Any]
"""A line of the register, with the fields that the visitor may see."""


class Chosen(NamedTuple):
    """What somebody chose to see; empty is everything.

    Attributes:
        protocol, reference: only these; stage: of one protocol, ``PROTOCOL/STAGE``; waiting: only where this role
            is waited for; overdue: any word; state: open or ended ones; sort: one of `SORTS`.
    """

    protocol: str = ""
    stage: str = ""
    waiting: str = ""
    overdue: str = ""
    state: str = ""
    reference: str = ""
    sort: str = ""

    @property
    def sifted(self) -> bool:
        """Whether less than everything is shown."""
        return any(self._replace(sort=""))

    def takes(self, row: Shown) -> bool:
        """Whether a line is among them: what the visitor may not see of it is never asked."""
        waiting = {role["role"] for role in row.get("waiting_for", ())}
        return (
            self.protocol in ("", row["protocol"])
            and self.stage in ("", f"{row['protocol']}/{row.get('stage', '')}")
            and (not self.waiting or self.waiting in waiting)
            and (not self.overdue or bool(row.get("overdue")))
            and (not self.state or ("stage" in row and (row["stage"] == ENDED) == (self.state == ENDED)))
            and self.reference in ("", row["reference"])
        )

    def address(self, **more: Any) -> str:
        """The part of an address that says the same, with something more."""
        said = {name: value for name, value in {**self._asdict(), **more}.items() if value}
        return f"?{urlencode(said)}" if said else ""


OLDEST, NEWEST, NEXT = "", "newest", "next"
SORTS = {
    OLDEST: later("Oldest case first"),
    NEWEST: later("Newest case first"),
    NEXT: later("Next limit of the protocol first"),
}


@router.api_route("/cases", methods=["GET", "HEAD"])
def cases(visit: Visiting) -> Response:
    """The register, 25 cases a page."""
    chosen = _chosen(visit)
    rows = _rows(visit, chosen)
    pages = max(1, -(-len(rows) // A_PAGE))
    asked = visit.request.query_params.get("page", "")
    page = min(pages, max(1, int(asked))) if asked.isdecimal() and len(asked) < len("1000000") else 1
    return visit.page(
        "cases.html.j2",
        rows=rows[(page - 1) * A_PAGE : page * A_PAGE],
        count=len(rows),
        chosen=chosen,
        pagination=_pagination(visit, chosen, page, pages),
        titles=_titles(visit),
        role=lambda found: Role.model_validate(found),
        when=datetime.fromisoformat,
        until=lambda due: in_words(due, visit.now, visit.house.duty.holidays, visit.tongue),
        groups={name: visit.say(words) for name, words in GROUPS.items()},
        sorts={name: visit.say(words) for name, words in SORTS.items()},
    )


@router.api_route("/cases.csv", methods=["GET", "HEAD"])
def cases_as_csv(visit: Visiting) -> Response:
    """The same cases for a spreadsheet; nothing in it is a formula."""
    rows, titles = _rows(visit, _chosen(visit)), _titles(visit)
    written = StringIO()
    writer = csv.writer(written)
    writer.writerow([defused(visit.say(heading)) for heading in COLUMNS])
    for row in rows:
        writer.writerow([defused(cell(row, titles[row["protocol"]])) for cell in COLUMNS.values()])
    headers = {"content-disposition": 'attachment; filename="cases.csv"'}
    return visit.answer(Response(f"\ufeff{written.getvalue()}", media_type="text/csv", headers=headers))


def _chosen(visit: Visit) -> Chosen:
    """What the address says, as far as there is such a thing."""
    editions, asked = visit.door.editions, visit.request.query_params
    stages = {f"{edition.protocol}/{name}" for edition in editions.values() for name in edition.stages}
    known = {
        "protocol": {*editions},
        "stage": stages,
        "waiting": {role for edition in editions.values() for role in edition.roles},
        "overdue": {"yes"},
        "state": {OPEN, ENDED},
        "sort": {*SORTS},
    }
    words = {name: asked.get(name, "") for name in known}
    reference = asked.get("reference", "").strip().upper()
    return Chosen(**{name: word if word in known[name] else "" for name, word in words.items()}, reference=reference)


def _rows(visit: Visit, chosen: Chosen) -> list[Shown]:
    """The lines that the visitor may see, as much of each as they may."""
    seen = visible(visit.door.database, Asker(email=visit.person.email), ACCESS)
    rows = register(visit.door.database, among=seen)
    shown: Iterator[Shown] = (row_as_seen(row, seen[row.reference]) for row in rows)
    found = [row for row in shown if chosen.takes(row)]
    if chosen.sort == NEWEST:
        return found[::-1]
    return sorted(found, key=_next_due) if chosen.sort == NEXT else found


def _next_due(row: Shown) -> tuple[bool, str]:
    return (not row.get("next_due"), row.get("next_due") or "")


def _titles(visit: Visit) -> dict[str, Titles]:
    agencies = directory.agencies(visit.door.database)
    return {name: Titles(visit.tongue, edition, agencies) for name, edition in visit.door.editions.items()}


def _pagination(visit: Visit, chosen: Chosen, page: int, pages: int) -> dict[str, Any] | None:
    """The links to other pages, as GOV.UK's component wants them."""
    if pages == 1:
        return None

    def link(number: int) -> str:
        return f"/cases{chosen.address(page=number if number > 1 else '')}"

    items: list[dict[str, Any]] = []
    for number in range(1, pages + 1):
        if number in (1, pages) or abs(number - page) <= AROUND:
            words = visit.say("Page %(number)s", number=number)
            here = {"number": number, "href": link(number), "visuallyHiddenText": words, "current": number == page}
            items.append(here)
        elif not items[-1].get("ellipsis"):
            items.append({"ellipsis": True})
    made: dict[str, Any] = {"items": items, "landmarkLabel": visit.say("Pages of the register")}
    if page > 1:
        made["previous"] = {"href": link(page - 1), "text": visit.say("Previous page")}
    if page < pages:
        made["next"] = {"href": link(page + 1), "text": visit.say("Next page")}
    return made


# --- as a spreadsheet


def _local(moment: str | None) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(LONDON):%Y-%m-%d %H:%M}" if moment else ""


def _waiting(row: Shown, titles: Titles) -> str:
    return titles.together(titles.roles(Role.model_validate(role) for role in row.get("waiting_for", ())))


def _yes(row: Shown, field: str, titles: Titles) -> str:
    return titles.tongue.say("yes") if row.get(field) else ""


GROUPS = {"children": later("children"), "adults": later("adults")}

COLUMNS: Mapping[str, Callable[[Shown, Titles], Any]] = {
    later("Case"): lambda row, titles: row["reference"],
    later("Protocol"): lambda row, titles: titles.tongue.of(titles.edition.name),
    later("Authority"): lambda row, titles: row["authority"],
    later("Children or adults"): lambda row, titles: titles.tongue.say(GROUPS[row["group"]]),
    later("Began"): lambda row, titles: _local(row.get("instigated_at")),
    later("Stage"): lambda row, titles: titles.stage(row["stage"]) if "stage" in row else "",
    later("How it ended"): lambda row, titles: titles.outcome(row.get("outcome")),
    later("Waiting for"): _waiting,
    later("Next limit of the protocol"): lambda row, titles: _local(row.get("next_due")),
    later("Overdue"): lambda row, titles: _yes(row, "overdue", titles),
    later("A local target passed"): lambda row, titles: _yes(row, "late", titles),
    later("Mails that did not reach their role"): lambda row, titles: row.get("undelivered") or "",
}
"""Each column with its words, and what stands in it; what may not be seen stays empty."""
