"""As whom the script acts: with a token as a program does by the web hook; without one, while that may be, for all.

Without a token it acts for whoever has the shell, as long as no operator's token counts: for a try-out, and for the
first steps of a deployment. A token is asked the one policy for, with the functions that the web hook uses.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from protocols.access import BUSINESS_UNIT, Part
from protocols.case_file import CaseFile
from protocols.errors import NotAllowed, Unreachable, WrongUse
from protocols.roles import Role
from protocols.upkeep import may_list, may_load, may_operate
from records.access import Sight, sight
from records.paging import Question, page
from records.register import RegisterRow
from records.tokens import bearer_of, operated
from starter.shown import shows_standing
from starter.speaking import THE_DOORS_OWN, Caller, caller_with, may_raise_this, speaking
from starter.told import Told
from starter.use_cases import Datrys, Raised
from workflows.registry import ACCESS

NEEDED = "An operator's token counts, so the script asks for one: set DATRYS_TOKEN, or DATRYS_TOKEN_FILE."
NO_TOKEN = "DATRYS_TOKEN is unknown, expired or revoked: unset it, and make another with datrys tokens make."  # noqa: S105
SIGNS = "DATRYS_TOKEN signs its calls, which is for the web hook alone: make one without --signed."
WHOLE = frozenset(
    {Part.PERSON, Part.CONCERN, Part.OWN_RESPONSE, Part.OTHERS_RESPONSES, Part.MEETINGS, Part.REPORT, Part.NAMES}
)
"""What whoever asks for a document has to see: it may hold all that was written."""
LINES = 1000
"""So many lines of the register are read at a time."""


class Line(NamedTuple):
    """A line of the register, and what may be seen of its case; None where all is."""

    row: RegisterRow
    seen: Sight | None


class Acting:
    """The use cases as somebody on the server may do them.

    Args:
        door: the use cases.
        caller: whose token it is; None for whoever has the shell.
    """

    def __init__(self, door: Datrys, caller: Caller | None) -> None:
        self.door, self.caller = door, caller

    @property
    def person(self) -> str:
        """By which the records know who said something; empty where nobody can tell."""
        return self.caller.person if self.caller else ""

    # --- cases

    def sight(self, case: str) -> Sight | None:
        """What may be seen of a case; None where all is.

        Raises:
            CaseUnknown: there is no such case, or nothing of it may be seen: nobody can tell which.
        """
        return sight(self.door.database, self.caller.asker, case, ACCESS) if self.caller else None

    def register(self, question: Question) -> list[Line]:
        """The register, the oldest case first."""
        if self.caller is None:
            return [Line(row, None) for row in self.door.register(*question)]
        return list(self._visible(self.caller, question))

    def _visible(self, caller: Caller, question: Question) -> Iterator[Line]:
        stands, after, more = any(question[1:]), "", True
        while more:
            lines, more = page(
                self.door.database,
                caller.asker,
                ACCESS,
                question,
                after,
                LINES,
                lambda seen: not stands or shows_standing(seen),  # else the answer would say how a case stands
            )
            yield from (Line(row, seen) for row, seen in lines)
            after = lines[-1][0].reference if lines else ""

    async def raise_case(self, data: Any, again: bool) -> Raised:
        """Start a case (`Datrys.raise_case`)."""
        return await self.door.raise_case(data, again, self._may_raise)

    def _may_raise(self, file: CaseFile) -> bool:
        return self.caller is None or may_raise_this(self.caller, file)

    async def tell(
        self, case: str, name: str, by: Role, data: Mapping[str, Any], key: str = "", entered_by: str = ""
    ) -> Told:
        """Tell a case something (`Datrys.tell`); who enters it, and who it is, the token says.

        Raises:
            NotAllowed: the token does not speak for this role.
            WrongUse: it is said to be entered by somebody else.
        """
        seen = self.sight(case)
        if self.caller is None or seen is None:
            return await self.door.tell(case, name, by, data, key, entered_by)
        role, agency = by.role or str(data.get("by") or ""), by.agency or str(data.get("agency") or "")
        said = speaking(role, agency, self.caller, seen)
        if entered_by not in ("", said.entered_by):
            raise WrongUse("--entered-by follows from the token: leave it out.")
        facts = {field: value for field, value in data.items() if field not in THE_DOORS_OWN}
        key = key or str(data.get("id") or "")
        return await self.door.tell(case, name, said.by, facts, key, said.entered_by, self.person)

    async def reopen(self, reference: str, stage: str, reason: str) -> Raised:
        """Open an ended case again (`Datrys.reopen`), as the Business Unit.

        Raises:
            NotAllowed: the token does not speak for it.
        """
        seen = self.sight(reference)
        if self.caller and seen:
            speaking(BUSINESS_UNIT, "", self.caller, seen)
        return await self.door.reopen(reference, stage, reason, self.person)

    async def take_up(self, workflow_id: str, reason: str) -> Raised:
        """Take up what no workflow follows any more (`Datrys.take_up`), as the Business Unit or an operator.

        Raises:
            NotAllowed: the token is of neither.
        """
        if self.caller and may_operate(self.caller.asker.bound):
            return await self.door.take_up(workflow_id, reason, None, self.person)
        seen = self.sight(workflow_id)
        if self.caller and seen:
            speaking(BUSINESS_UNIT, "", self.caller, seen)
        return await self.door.take_up(workflow_id, reason, person=self.person)

    def see_all_of(self, reference: str) -> None:
        """Refuse what shows a case whole to whoever may not see it whole.

        Raises:
            NotAllowed: something of it may not be seen.
        """
        seen = self.sight(reference)
        if seen is not None and not seen.parts >= WHOLE:
            raise NotAllowed(f"This token may not see all that a document of {reference} holds.")

    # --- what a board loads

    def may_load(self, board: str = "") -> bool:
        """Whether what concerns this board may be loaded."""
        return self.caller is None or may_load(self.caller.asker.bound, board)

    def may_list(self, board: str = "") -> bool:
        """Whether the lists of this board may be read."""
        return self.caller is None or may_list(self.caller.asker.bound, board)

    def loading(self) -> None:
        """Refuse whoever loads for no board.

        Raises:
            NotAllowed: they do not.
        """
        if not self.may_load():
            raise NotAllowed("This token loads nothing: that is for an operator, and for the Business Unit of a board.")

    def listing(self) -> None:
        """Refuse whoever reads the lists of no board.

        Raises:
            NotAllowed: they do not.
        """
        if not self.may_list():
            raise NotAllowed(
                "This token reads no lists: they are for an operator, and for the Business Unit of a board."
            )


def acting(door: Datrys) -> Acting:
    """As whom the script acts here.

    Raises:
        NotAllowed: the token does not count, or there is none where one is needed.
        Unreachable: the records do not answer.
    """
    if door.settings.token is not None:
        return Acting(door, _caller(door))
    if operated(door.database, door.now()):
        raise NotAllowed(NEEDED)
    return Acting(door, None)


def operating(door: Datrys) -> None:
    """Refuse what is the operators' business to a token that is none of theirs; a deployment starts without one.

    Where the records cannot be asked whose token it is, nothing stands in the way that would not without a token.

    Raises:
        NotAllowed: the token does not count, or is no operator's.
    """
    with suppress(Unreachable, SQLAlchemyError):
        if door.settings.token is not None and not may_operate(_caller(door).asker.bound):
            raise NotAllowed("This token is no operator's, or is one of an authority or group: this is for operators.")


def _caller(door: Datrys) -> Caller:
    secret = door.settings.token
    token = bearer_of(door.database, secret.get_secret_value(), door.now()) if secret else None
    if token is None:
        raise NotAllowed(NO_TOKEN)
    if token.signed:
        raise NotAllowed(SIGNS)
    return caller_with(token)
