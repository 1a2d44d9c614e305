"""The closed list of what a mail may say (spec 1, Mail). What is not a field here cannot reach a template."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from protocols.editions import Kind, Words

Language = Literal["cy", "en"]


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DutyTeam(_Closed):
    """The telephone numbers of a duty team: an office's name where an authority has several, else empty."""

    office: str = ""
    office_hours: str
    out_of_hours: str


class Raiser(_Closed):
    """Who raised an immediate action: the one notice that may say so."""

    role: Words
    agency: Words | None
    phone: str


class MailFacts(_Closed):
    """Everything that a template may use.

    Attributes:
        notice: the kind of notice; concerns: the kind that is sent once more, where a role was passed on.
        reference: the case; protocol: identifier of the protocol.
        protocol_name, board: names in both languages.
        clause: clause, or ``any``.
        stage, stage_name: the stage that it speaks of.
        roles: titles of the receiver's roles; role_ids: the same as identifiers.
        clock: identifier of the clock that it is about, else empty; clock_name: what is to be done in time;
            clock_clause: the clause that sets it.
        due: when, aware; late: it had passed when the notice came about; limit: the rule
            (``5 working days``); kind: protocol limit or local target.
        link: opens the page that shows what is asked; empty where the deployment has no secret key.
        contact: how to reach the Business Unit.
        duty_teams: the numbers to ring if somebody is in danger now.
        raiser: only for ``immediate-action``.
        undeliverable: titles of the role that this was meant for and could not reach, where a deputy or the
            Business Unit gets it instead.
    """

    notice: str
    concerns: str = ""
    reference: str
    protocol: str
    protocol_name: Words
    board: Words
    clause: str
    stage: str
    stage_name: Words
    roles: tuple[Words, ...]
    role_ids: tuple[str, ...]
    clock: str = ""
    clock_name: Words | None = None
    clock_clause: str = ""
    due: datetime | None = None
    late: bool = False
    limit: str = ""
    kind: Kind | None = None
    link: str = ""
    contact: str = ""
    duty_teams: tuple[DutyTeam, ...] = ()
    raiser: Raiser | None = None
    undeliverable: tuple[Words, ...] = ()


class CodeFacts(_Closed):
    """Everything that the mail with a one-time code may use: nothing of a case, and nothing of a person.

    Attributes:
        code: the code; minutes: how long it counts.
    """

    code: str
    minutes: int


class Letter(_Closed):
    """A rendered mail: one subject, both languages in each body."""

    subject: str
    text: str
    html: str
