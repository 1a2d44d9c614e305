"""What a board has to load: bank holidays, who holds which role, when who meets; and what waits to be delivered."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Engine as Database

from protocols.editions import Edition
from protocols.roles import Role
from protocols.working_days import local_date
from records import cases, directory, submissions
from starter.checks.findings import Finding

DUTY_TEAM = "duty_team"
GROUPS = ("children", "adults")
WARNED_BEFORE = timedelta(days=366)


def calendar(database: Database, now: datetime) -> Iterator[Finding]:
    """How far the bank holidays are known."""
    last, today = directory.holidays(database).last_day, local_date(now)
    remedy = "load newer ones with: datrys holidays update FILE.json"
    if today > last:
        yield Finding("bank holidays", f"are known up to {last} only, and no case can be started: {remedy}", stops=True)
    elif today + WARNED_BEFORE > last:
        yield Finding("bank holidays", f"are known up to {last} only: {remedy}", warns=True)
    else:
        yield Finding("bank holidays", f"are known up to {last}")


def roles(database: Database, editions: Mapping[str, Edition]) -> Iterator[Finding]:
    """Whether somebody can be written to for each role that the directory is to name, and the duty teams be rung."""
    for edition in editions.values():
        people = directory.people(database, edition.protocol)
        if not people:
            words = f"nobody of {edition.protocol} is loaded, and none of its cases can be started"
            yield Finding("directory", f"{words}: datrys agencies import, then datrys people import", warns=True)
            continue
        yield Finding("directory", f"{len(people)} rows of people of {edition.protocol} are loaded")
        agencies = sorted({person.agency for person in people} - {""})
        for role in edition.roles:
            yield from _vacant(database, edition, role, _places(edition, role, agencies))
        yield from _unreachable_by_telephone(database, edition)
        yield from _at_night([person for person in people if person.role == DUTY_TEAM])


class _Place(NamedTuple):
    """Where a role is to be held: at an agency, whichever authority the case is of, or for an authority."""

    name: str
    role: Role
    authorities: tuple[str, ...]


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


def _vacant(database: Database, edition: Edition, role: str, places: list[_Place]) -> Iterator[Finding]:
    everywhere = [(place.name, group) for place in places for group in GROUPS]
    vacant = [
        (place.name, group)
        for place in places
        for group in GROUPS
        if not any(
            directory.is_held(database, edition.protocol, place.role, authority, group)
            for authority in place.authorities
        )
    ]
    if vacant:
        where = f" for {_names(vacant)}" if vacant != everywhere else ""
        words = f"nobody with an address holds {role} of {edition.protocol}{where}"
        yield Finding("directory", f"{words}: load a row with datrys people import", warns=True)


def _names(vacant: list[tuple[str, str]]) -> str:
    """“Torfaen, Newport (adults)”."""
    groups: dict[str, list[str]] = {}
    for name, group in vacant:
        groups.setdefault(name, []).append(group)
    return ", ".join(name if len(of) == len(GROUPS) else f"{name} ({of[0]})" for name, of in groups.items())


def _unreachable_by_telephone(database: Database, edition: Edition) -> Iterator[Finding]:
    silent = [
        (authority, group)
        for authority in edition.authorities
        for group in GROUPS
        if not directory.duty_team_has_number(database, edition.protocol, authority, group)
    ]
    if silent:
        words = f"no number, and no case can be started for {_names(silent)}: load it with datrys people import"
        yield Finding("duty teams", words, warns=True)


def _at_night(teams: list[directory.Listed]) -> Iterator[Finding]:
    without = [team for team in teams if not team.phone_out_of_hours]
    if without:
        whose = ", ".join(dict.fromkeys(team.authority or team.board for team in without))
        words = (
            f"{len(without)} of {len(teams)} have no number outside office hours ({whose}):"
            " load phone_out_of_hours with datrys people import"
        )
        yield Finding("duty teams", words, warns=True)


def meetings(database: Database, editions: Mapping[str, Edition], now: datetime) -> Iterator[Finding]:
    """Whether a meeting is planned of each group that a clock waits for."""
    for edition in editions.values():
        if not directory.people(database, edition.protocol):
            continue
        clocks = [rule for rule in edition.clocks.values() if rule.meeting]
        for group in dict.fromkeys(rule.meeting.format(group=group) for rule in clocks for group in GROUPS):
            planned = directory.next_meeting(database, edition.protocol, group, now)
            if planned:
                day = local_date(planned.starts_at)
                yield Finding("meetings", f"{group} of {edition.protocol} meets next on {day}")
            else:
                words = f"none of {group} of {edition.protocol} is planned, so that clocks have no due time"
                yield Finding("meetings", f"{words}: load it with datrys meetings import", warns=True)


def waiting(database: Database) -> Iterator[Finding]:
    """What is kept until Temporal takes it."""
    if unstarted := cases.not_started(database):
        words = f"cases wait to be started ({len(unstarted)}): see that Temporal and a worker run"
        yield Finding("kept", words, warns=True)
    if kept := submissions.kept(database):
        words = f"signals wait to be delivered ({len(kept)}), the first for {kept[0].case}: see it in the Temporal UI"
        yield Finding("kept", words, warns=True)
