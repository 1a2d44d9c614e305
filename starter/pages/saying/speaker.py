"""Who speaks: somebody signed in, or with a code for the link of one mail; and in whose name they may."""

from typing import NamedTuple

from protocols.access import BUSINESS_UNIT, Proof, entered_by, holds, may_answer, may_speak_as
from protocols.judging import Sayable
from protocols.messages import CONFIRMATION
from protocols.roles import Role
from protocols.says import ANY_TIME
from records import links
from records.access import Sight, sight
from records.drafts import Draft
from records.holding import Asker
from records.links import LinkSeen
from records.models import Target
from records.streams import reference_of
from starter.pages.saying.asked import ASKED_ELSEWHERE, moves
from starter.pages.visit import SignInFirst, Visit
from starter.sayable import NAMES, Floor, floor
from workflows.registry import ACCESS


class Offer(NamedTuple):
    """Something that may be said: its signal, in whose name, under which row (none for a confirmation)."""

    signal: str
    by: Role
    row: Sayable | None

    @property
    def value(self) -> str:
        """As a form carries it."""
        return f"{self.signal} {self.by}"


class Speaker(NamedTuple):
    """Somebody who may answer.

    Attributes:
        email: the address that was proved; proof: how.
        seen: what they may see of the case, and by which roles.
        case: the case, or the immediate action that a link is about.
        link: the id of the link, where they came by one.
        only: the roles that it was for, to which a code is held.
        stands_in: the link went to the Business Unit, which answers for these roles.
    """

    email: str
    proof: Proof
    seen: Sight
    case: str
    link: str = ""
    only: tuple[Role, ...] = ()
    stands_in: bool = False

    @classmethod
    def of_link(cls, seen: LinkSeen, held: Sight, proof: Proof) -> "Speaker":
        """Whoever a mail went to, held to what it asked of them."""
        return cls(seen.email, proof, held, seen.case, seen.id, seen.roles, seen.to is Target.BUSINESS_UNIT)

    @property
    def reference(self) -> str:
        """The case."""
        return self.seen.case.reference

    def roles(self, on: Floor) -> list[Role]:
        """The roles that they hold in this case: of a code, those that its link is for."""
        if self.stands_in:
            return [role for role in on.roles() if self.may_say(role)]
        own = [role for role in on.roles() if holds(role, self.seen.held, self.seen.case)]
        return [role for role in own if self._within(role)]

    def _within(self, role: Role) -> bool:
        return not self.only or role in self.only

    def serves_the_board(self) -> bool:
        """Whether they are of its Business Unit, and may enter for everybody."""
        return holds(Role(role=BUSINESS_UNIT), self.seen.held, self.seen.case)

    def may_say(self, by: Role) -> bool:
        """Whether they may speak in this name."""
        rules = ACCESS[self.seen.case.board]
        return self._within(by) and may_answer(self.proof) and may_speak_as(by, self.seen.held, self.seen.case, rules)

    def may_go_on_with(self, draft: Draft) -> bool:
        """Whether something that they began is theirs to go on with on this proof: after a code, for its link alone."""
        if draft.case != self.case:
            return False
        by = Role.model_validate(draft.facts["by"])
        return self.proof is Proof.SIGNED_IN or (draft.facts["link"] == self.link and self._within(by))

    def enters_for(self, by: Role) -> str:
        """What `entered_by` says."""
        return entered_by(by, self.seen.held, self.seen.case)

    def person(self, by: Role) -> str:
        """Who it is, as a reference without a name."""
        mine = [one for one in self.seen.held if one.person]
        as_role = (one for one in mine if one.role in (by, Role(role=BUSINESS_UNIT)))
        return next(as_role, mine[0]).person if mine else ""

    def offers(self, on: Floor, names: list[Role]) -> list[Offer]:
        """What may be said in these names, each once; what the stage waits for comes first."""
        if self.case != self.reference:
            return [Offer(CONFIRMATION, role, None) for role in names[:1]]
        found: dict[tuple[str, str], Offer] = {}
        for role in names:
            for said in on.says(role):
                name = NAMES[said.kind]
                key = (name, role.agency if moves(said) else "")  # at a stage each agency answers for itself
                if name not in ASKED_ELSEWHERE and (key not in found or _better(said, found[key])):
                    found[key] = Offer(name, role, said)
        return sorted(found.values(), key=lambda offer: offer.row is not None and offer.row.row.stage == ANY_TIME)


def _better(said: Sayable, than: Offer) -> bool:
    return than.row is not None and than.row.proposal and not said.proposal


def speaker_in(visit: Visit, case: str) -> Speaker:
    """Whoever is signed in, in a case or one of its immediate actions.

    Raises:
        SignInFirst: nobody is.
        CaseUnknown: they may see nothing of it.
    """
    return Speaker(visit.person.email, Proof.SIGNED_IN, visit.sight(reference_of(case)), case)


def speaker_by(visit: Visit, seen: LinkSeen) -> Speaker | None:
    """Whoever may answer by this link: after a code for it, or signed in as who it was sent to; else nobody yet."""
    visitor = visit.visitor
    if visitor is None or visitor.email != seen.email:
        return None
    if visitor.proof is Proof.CODE and visitor.link != seen.id:
        return None
    held = sight(visit.door.database, Asker(email=seen.email), seen.reference, ACCESS)
    if visitor.proof is Proof.SIGNED_IN:
        return Speaker(visitor.email, visitor.proof, held, seen.case, seen.id)
    return Speaker.of_link(seen, held, visitor.proof)


def speaker_again(visit: Visit, case: str, link: str) -> Speaker:
    """Whoever goes on with what they began, by the link that they began it with or signed in.

    Raises:
        SignInFirst: nobody is there any more.
        CaseUnknown: they may see nothing of the case any more.
    """
    visitor = visit.visitor
    if visitor is None or visitor.proof is Proof.SIGNED_IN:
        return speaker_in(visit, case)
    seen = links.link(visit.door.database, link, visit.now) if link else None
    speaker = speaker_by(visit, seen) if seen else None
    if speaker is None:
        raise SignInFirst
    return speaker


def floor_of(visit: Visit, speaker: Speaker) -> Floor:
    """Who may speak in the speaker's case, and about what."""
    return floor(visit.door.database, visit.door.delivery, speaker.reference, visit.now)
