"""Links of mails without an engine, and browsers that stand for whoever proved a code for one of them."""

from httpx import AsyncClient
from sqlalchemy import Engine, select

from protocols.access import Proof
from protocols.roles import Role
from records import links, sessions
from records.database import writing
from records.keys import digest
from records.models import Notice, Receiver, Target
from starter.pages.visit import SESSION
from tests.pages.visiting import keys
from tests.web.hook import now


def mailed(engine: Engine, reference: str, role: Role, email: str, to: Target = Target.HOLDER) -> str:
    """The token of the link in the first mail to a role of a case; `to`: the holder, or who stands in."""
    with writing(engine) as session:
        rows = select(Notice).where(Notice.reference == reference, Notice.role == role.role)
        notice = session.scalars(rows.where(Notice.agency == role.agency).order_by(Notice.id)).first()
        assert notice, f"{reference} told {role} nothing"
        session.add(Receiver(notice_id=notice.id, reference=reference, person="", email=email, tried=[], message=None))
        session.flush()
        return links.make(session, keys(), [notice], reference, "", to, now())


def id_of(token: str) -> str:
    """The name of a link."""
    return digest(token).hex()[: links.ID_DIGITS]


def with_code(client: AsyncClient, engine: Engine, email: str, token: str) -> None:
    """This browser stands for whoever has this address, as after a code for this link."""
    secret, _ = sessions.begin(engine, email, Proof.CODE, now(), id_of(token))
    client.cookies.set(f"datrys_{SESSION}", secret, domain="pages.invalid")
