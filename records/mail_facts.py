"""What a mail may say, gathered from notice, edition and directory (spec 1, Mail: the closed list)."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from protocols.editions import Edition, Kind, Words
from protocols.mail import DutyTeam, MailFacts, Raiser
from protocols.roles import Role
from records.links import soonest
from records.models import Agency, Case, Entry, Notice, Target
from records.people import DUTY_TEAM, holders, listed_as

IMMEDIATE_ACTION = "immediate-action"


def mail_facts(session: Session, case: Case, notices: Sequence[Notice], link: str = "") -> MailFacts:
    """The facts of one message about one occasion, for one or several roles of one person.

    Args:
        session: to look up the directory.
        case: the case.
        notices: the first role's notice, then the others'; all have come to the same target.
        link: where the mail's link leads; empty if it has none.
    """
    edition = Edition.model_validate_json(case.edition)
    first, roles = notices[0], list(dict.fromkeys(notice.role for notice in notices))
    titles = tuple(_words(edition.roles[role]) for role in roles if role in edition.roles)
    about = soonest(notices)
    rule = edition.clocks.get(about.clock)
    stage = edition.stages.get(first.stage)
    return MailFacts(
        notice=first.notice,
        concerns=first.concerns,
        reference=case.reference,
        protocol=edition.protocol,
        protocol_name=edition.name,
        board=edition.board,
        clause=first.clause,
        stage=first.stage,
        stage_name=_words(stage) if stage else Words(en=first.stage, cy=first.stage),
        roles=titles,
        role_ids=tuple(roles),
        clock=about.clock if rule else "",
        clock_name=_words(rule) if rule else None,
        clock_clause=rule.clause if rule else "",
        due=about.due,
        late=about.due is not None and about.due < about.at,
        limit=about.limit,
        kind=Kind(about.kind) if about.kind else None,
        duty_teams=duty_teams(session, case.protocol, case.authority, case.group),
        raiser=_raiser(session, case, edition, first) if first.notice == IMMEDIATE_ACTION else None,
        link=link,
        undeliverable=titles if first.delivered_to != Target.HOLDER else (),
    )


def duty_teams(session: Session, board: str, authority: str, group: str) -> tuple[DutyTeam, ...]:
    """The telephone numbers to ring for this authority; several where it has several offices."""
    rows = listed_as(session, board, Role(role=DUTY_TEAM), authority, group)
    teams = [
        DutyTeam(
            office=row.name if len(rows) > 1 else "",
            office_hours=row.phone_office_hours or row.phone,
            out_of_hours=row.phone_out_of_hours,
        )
        for row in rows
    ]
    return tuple(team for team in teams if team.office_hours or team.out_of_hours)


def _raiser(session: Session, case: Case, edition: Edition, notice: Notice) -> Raiser | None:
    """Who raised an immediate action: the role that its first entry names, with the telephone of its holder."""
    said = session.scalars(
        select(Entry).where(Entry.stream == notice.case, Entry.by_role != "").order_by(Entry.number).limit(1)
    ).one_or_none()
    if said is None or said.by_role not in edition.roles:
        return None
    agency = session.get(Agency, said.by_agency)
    found = holders(session, case, Role(role=said.by_role, agency=said.by_agency))
    return Raiser(
        role=_words(edition.roles[said.by_role]),
        agency=Words(en=agency.name_en, cy=agency.name_cy) if agency else None,
        phone=found[0].phone if found else "",
    )


def _words(named: Words) -> Words:
    return Words(en=named.en, cy=named.cy)
