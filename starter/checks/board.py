"""What a board has to load: bank holidays, who holds which role, when who meets; and what waits to be delivered."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from typing import NamedTuple

from sqlalchemy import Engine as Database

from protocols.editions import Edition
from protocols.roles import Role
from protocols.working_days import local_date
from records import cases, directory, fence, submissions
from starter.checks.findings import Finding

DUTY_TEAM = "duty_team"
GROUPS = ("children", "adults")
WARNED_BEFORE = timedelta(days=366)
NAMED = 10


def calendar(database: Database, now: datetime) -> Iterator[Finding]:
    """How far the bank holidays are known."""
    last, known = known_until(database, now)
    remedy = "load newer ones with: datrys holidays update FILE.json"
    if known is Known.ENDED:
        yield Finding("bank holidays", f"are known up to {last} only, and no case can be started: {remedy}", stops=True)
    elif known is Known.ENDING:
        yield Finding("bank holidays", f"are known up to {last} only: {remedy}", warns=True)
    else:
        yield Finding("bank holidays", f"are known up to {last}")


class Known(Enum):
    """Whether the bank holidays are known for long enough."""

    ENDED = "no case can be started any more"
    ENDING = "within a year no case can be"
    LONG = "for more than a year"


def known_until(database: Database, now: datetime) -> tuple[date, Known]:
    """The last day for which the bank holidays are known, and whether that is long enough."""
    last, today = directory.holidays(database).last_day, local_date(now)
    ending = Known.ENDING if today + WARNED_BEFORE > last else Known.LONG
    return last, Known.ENDED if today > last else ending


def roles(database: Database, editions: Mapping[str, Edition]) -> Iterator[Finding]:
    """Whether somebody can be written to for each role that the directory is to name, and the duty teams be rung."""
    for edition in editions.values():
        people = directory.people(database, edition.protocol)
        if not people:
            words = f"nobody of {edition.protocol} is loaded, and none of its cases can be started"
            yield Finding("directory", f"{words}: datrys agencies import, then datrys people import", warns=True)
            continue
        yield Finding("directory", f"{len(people)} rows of people of {edition.protocol} are loaded")
        for vacancy in vacancies(database, edition, people):
            yield _vacant(edition, vacancy)
        yield from _unreachable_by_telephone(database, edition)
        yield from _at_night(people)


class Vacancy(NamedTuple):
    """A role that nobody with an address holds.

    Attributes:
        where: authority or agency (empty for what is held once) with children's or adults', those that are vacant.
        everywhere: it is held nowhere.
    """

    role: str
    where: tuple[tuple[str, str], ...]
    everywhere: bool


class _Place(NamedTuple):
    """Where a role is to be held: at an agency, whichever authority the case is of, or for an authority."""

    name: str
    role: Role
    authorities: tuple[str, ...]


def vacancies(database: Database, edition: Edition, people: Iterable[directory.Listed]) -> Iterator[Vacancy]:
    """The roles that the directory is to name somebody for, and does not.

    Args:
        database: the records.
        edition: of the board.
        people: those that the board has loaded.
    """
    agencies = sorted({person.agency for person in people} - {""})
    for role in edition.roles:
        every = [(place, group) for place in _places(edition, role, agencies) for group in GROUPS]
        vacant = tuple((place.name, group) for place, group in every if not _held(database, edition, place, group))
        if vacant:
            yield Vacancy(role, vacant, len(vacant) == len(every))


def _held(database: Database, edition: Edition, place: _Place, group: str) -> bool:
    return any(
        directory.is_held(database, edition.protocol, place.role, authority, group) for authority in place.authorities
    )


def _places(edition: Edition, role: str, agencies: list[str]) -> list[_Place]:
    """Of the roles of an agency, those that only oversee clocks: who acts for it is named by the case file."""
    acts = {role for rule in edition.clocks.values() for role in rule.accountable}
    oversees = {role for rule in edition.clocks.values() for role in rule.oversees}
    match edition.roles[role].of:
        case "authority" | "board" if role != DUTY_TEAM:
            return [_Place(authority, Role(role=role), (authority,)) for authority in edition.authorities]
        case "agency" if role in oversees - acts:
            return [_Place(code, Role(role=role, agency=code), edition.authorities) for code in agencies]
        case _:
            return []


def _vacant(edition: Edition, vacancy: Vacancy) -> Finding:
    where = "" if vacancy.everywhere else f" for {_names(vacancy.where)}"
    words = f"nobody with an address holds {vacancy.role} of {edition.protocol}{where}"
    return Finding("directory", f"{words}: load a row with datrys people import", warns=True)


def _names(vacant: Iterable[tuple[str, str]]) -> str:
    """“Torfaen, Newport (adults)”."""
    by_place = groups_by_place(vacant).items()
    return ", ".join(name if len(of) == len(GROUPS) else f"{name} ({of[0]})" for name, of in by_place)


def groups_by_place(places: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Children's, adults' or both, by the name of the place."""
    groups: dict[str, list[str]] = {}
    for name, group in places:
        groups.setdefault(name, []).append(group)
    return groups


def silent_duty_teams(database: Database, edition: Edition) -> list[tuple[str, str]]:
    """The authorities, children's or adults', whose duty team has no number: no case of theirs can be started."""
    return [
        (authority, group)
        for authority in edition.authorities
        for group in GROUPS
        if not directory.duty_team_has_number(database, edition.protocol, authority, group)
    ]


def _unreachable_by_telephone(database: Database, edition: Edition) -> Iterator[Finding]:
    if silent := silent_duty_teams(database, edition):
        words = f"no number, and no case can be started for {_names(silent)}: load it with datrys people import"
        yield Finding("duty teams", words, warns=True)


def _at_night(people: Iterable[directory.Listed]) -> Iterator[Finding]:
    teams = [person for person in people if person.role == DUTY_TEAM]
    if without := silent_at_night(teams):
        whose = ", ".join(dict.fromkeys(team.authority or team.board for team in without))
        words = (
            f"{len(without)} of {len(teams)} have no number outside office hours ({whose}):"
            " load phone_out_of_hours with datrys people import"
        )
        yield Finding("duty teams", words, warns=True)


def silent_at_night(people: Iterable[directory.Listed]) -> list[directory.Listed]:
    """The duty teams without a number outside office hours."""
    return [person for person in people if person.role == DUTY_TEAM and not person.phone_out_of_hours]


def meetings(database: Database, editions: Mapping[str, Edition], now: datetime) -> Iterator[Finding]:
    """Whether a meeting is planned of each group that a clock waits for."""
    for edition in editions.values():
        if not directory.people(database, edition.protocol):
            continue
        for group, planned in next_meetings(database, edition, now).items():
            if planned:
                day = local_date(planned.starts_at)
                yield Finding("meetings", f"{group} of {edition.protocol} meets next on {day}")
            else:
                words = f"none of {group} of {edition.protocol} is planned, so that clocks have no due time"
                yield Finding("meetings", f"{words}: load it with datrys meetings import", warns=True)


def next_meetings(database: Database, edition: Edition, now: datetime) -> dict[str, directory.Meeting | None]:
    """The next meeting of each group that a clock of the board waits for, or that none is planned."""
    rules = [rule.meeting for rule in edition.clocks.values() if rule.meeting]
    groups = dict.fromkeys(rule.format(group=group) for rule in rules for group in GROUPS)
    return {group: directory.next_meeting(database, edition.protocol, group, now) for group in groups}


def waiting(database: Database) -> Iterator[Finding]:
    """What is kept until Temporal takes it."""
    if unstarted := cases.not_started(database):
        words = f"cases wait to be started ({len(unstarted)}): see that Temporal and a worker run"
        yield Finding("kept", words, warns=True)
    for stream in fence.refused(database):
        words = f"{stream} waits, since the records are older than Temporal: see datrys reconcile"
        yield Finding("records", words, warns=True)
    if kept := submissions.kept(database):
        cases_waiting = Counter(one.case for one in kept)
        named = [f"{case} ({number})" for case, number in cases_waiting.most_common(NAMED)]
        others = f" and {len(cases_waiting) - NAMED} more" if len(cases_waiting) > NAMED else ""
        words = f"signals wait to be delivered ({len(kept)}), for {', '.join(named)}{others}"
        yield Finding("kept", f"{words}: see these in the Temporal UI", warns=True)
