"""What might be said to a case: what leads on, what anybody might say at random, and how it goes wrong."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from faults.model.case import ANY, ENDED, Row, Said
from faults.model.gwent import Gwent
from faults.model.signals import ALWAYS, EVERY_SIGNAL, Model

Choose = Callable[[Sequence[Any]], Any]
"""Draws one of a sequence."""

Facts = dict[str, Any]
WITH_TEXT = {
    "resolved",
    "not_resolved",
    "response_submitted",
    "minutes_recorded",
    "review_completed",
    "discussion_recorded",
    "role_changed",
    "agency_added",
    "withdrawn",
}

STRANGER, REVIEWER, COMES_IN = "BRIDGEND", "TORFAEN", "EDU"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NAMES = sorted(EVERY_SIGNAL)


def facts(model: Model, name: str, choose: Choose) -> Facts:
    """All that a signal of this name carries where nothing is wrong with it, beside who says so and when."""
    found = FACTS.get(name, _nothing)(model, choose)
    return {"record": "r", **found} if name in WITH_TEXT else found


def _nothing(model: Model, choose: Choose) -> Facts:
    return {}


def _agreed(model: Model, choose: Choose) -> Facts:
    return {"agreed": choose([True, False])}


def _not_resolved(model: Model, choose: Choose) -> Facts:
    others = model.agencies[1:]
    named = {"must_respond": choose([others[:1], others])} if model.stage == "single_agency" else {}
    return dict(choose([{}, named]))


def _arranged(model: Model, choose: Choose) -> Facts:
    meeting_at = (model.now + choose([HOUR, DAY, 4 * DAY, 9 * DAY])).isoformat()
    return {"meeting_at": meeting_at} | ({"chair": "chair-gwentpolice"} if choose([False, False, True]) else {})


def _requested(model: Model, choose: Choose) -> Facts:
    return {"believed_by": model.agencies[:1], "harm_through": choose([model.agencies[1:2], []])}


def _disseminated(model: Model, choose: Choose) -> Facts:
    return {"agencies": choose([list(model.agencies), model.agencies[:1]])}


def _passed_on(model: Model, choose: Choose) -> Facts:
    role = choose([*model.OF_AGENCIES, *model.OF_NO_AGENCY])
    return {"role": role} | ({"for_agency": choose(model.agencies)} if role in model.OF_AGENCIES else {})


def _added(model: Model, choose: Choose) -> Facts:
    return {"agency_code": choose([COMES_IN, COMES_IN, model.agencies[1]]), "must_respond": choose([True, False])}


def _proclaimed(model: Model, choose: Choose) -> Facts:
    ahead = model.now.date() + timedelta(days=choose([1, 2, 3, 5, 8, 13]))
    return {"holidays": [ahead.isoformat()]}


def _held(model: Model, choose: Choose) -> Facts:
    if not isinstance(model, Gwent):
        return {"outcome": "further_meeting", "record": "r"}
    attended = [{"role": "chair", "agency": ""}, {"role": "practitioner", "agency": model.raising}]
    outcome = choose(["not_resolved", "further_meeting", "resolved", "not_resolved"])
    held = {"outcome": outcome, "record": "r", "attended": choose([attended, []])}
    held |= {"immediate_action_needed": choose([False, False, False, True])}
    return held | ({"raising_agency_satisfied": True, "agreed": True} if outcome == "resolved" else {})


def _decided(model: Model, choose: Choose) -> Facts:
    review = choose([True, True, False])
    if isinstance(model, Gwent):
        needed = choose([False, False, False, True])
        verdict = {"criterion_i": True, "criterion_ii": True, "immediate_action_needed": needed, "record": "r"}
        return verdict | {"review": review} | ({"reviewer": REVIEWER} if review else {})
    by = choose([{"reviewer": "review_group"}, {"reviewer": model.agencies[1], "panel_member_agency": STRANGER}])
    return {"decided_at": model.now.isoformat(), "review": review, "record": "r"} | (by if review else {})


def _correction(model: Model, choose: Choose) -> Facts:
    """Of any signal that counted and was not taken back; a correction leads nowhere once more."""
    ids = [key for key, n in model.accepted.items() if n not in model.void]
    wrong = choose(ids or ["nothing"])
    if wrong == "nothing" or model.before[model.accepted[wrong] - 1].said.name == "corrected":
        return {"corrects": wrong, "record": "r"}
    to = choose(["", *model.reached[-4:]])
    return {"corrects": wrong, "record": "r"} | ({"return_to": to} if to else {})


def senders(model: Model) -> list[str]:
    """Every role that there is, of every agency of the case and of one that has no part in it."""
    return [
        *(f"{role}/{code}" for role in model.OF_AGENCIES for code in [*model.agencies, STRANGER]),
        *(role if role != "co_chair" else f"co_chair/{STRANGER}" for role in model.OF_NO_AGENCY),
    ]


def said_by(model: Model, row: Row) -> list[str]:
    """Those whom a row of the table lets say it."""
    every = (Said(row.signal, "", by, model.now, model.now, {}) for by in senders(model))
    return [one.by for one in every if model.may(row, one)]


def fitting(model: Model) -> list[Row]:
    """The rows of the table that are for now, those that lead nowhere yet left out."""
    if model.stage == ENDED:
        return []
    rows = [row for row in model.ROWS if row.stage == model.stage or (row.stage == ANY and model.lacks_minutes())]
    if model.ending:
        rows = [row for row in rows if row.signal == "minutes_recorded"]
    if isinstance(model, Gwent) and model.stage == "meeting":
        rows = [row for row in rows if row.signal != "meeting_held" or model.ahead()]
    return [row for row in rows if said_by(model, row)]


def spoil(said: Said, model: Model, choose: Choose) -> Said:
    """The same with one thing wrong."""
    carried = sorted(said.facts)
    match choose(["lacks", "future", "before", "stage", "turn", "earlier"]):
        case "lacks" if carried:
            lost = choose(carried)
            return replace(said, facts={name: value for name, value in said.facts.items() if name != lost})
        case "future":
            return replace(said, at=said.sent_at + timedelta(minutes=choose([4, 6, 600])))
        case "before":
            return replace(said, at=model.began - timedelta(minutes=choose([1, 1000])))
        case "stage":
            return replace(said, facts=said.facts | {"stage": choose(model.STAGES)})
        case "turn":
            return replace(said, facts=said.facts | {"stage": model.stage, "turn": choose([1, 2])})
        case _:
            return _earlier(said, model, choose)


def _earlier(said: Said, model: Model, choose: Choose) -> Said:
    return replace(said, at=max(model.began, said.sent_at - choose([HOUR, 5 * HOUR, 3 * DAY])))


def all_always() -> list[str]:
    """What may be said at any time, immediate action and withdrawal less often than the rest."""
    usual = ["discussion_recorded", "role_changed", "agency_added", "corrected", "corrected", "calendar_changed"]
    return [*usual * 4, *sorted(ALWAYS)]


FACTS: dict[str, Callable[[Model, Choose], Facts]] = {
    "resolved": _agreed,
    "not_resolved": _not_resolved,
    "meeting_arranged": _arranged,
    "meeting_held": _held,
    "review_requested": _requested,
    "review_decided": _decided,
    "review_completed": lambda model, choose: {"practitioners_included": True},
    "report_accepted": _agreed,
    "report_presented": _agreed,
    "learning_disseminated": _disseminated,
    "role_changed": _passed_on,
    "agency_added": _added,
    "corrected": _correction,
    "calendar_changed": _proclaimed,
}
"""What each signal carries beside its text."""
