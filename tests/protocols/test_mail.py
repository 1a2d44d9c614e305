"""What a mail may say is a closed list."""

import pytest
from pydantic import ValidationError

from protocols.editions import Words
from protocols.mail import DutyTeam, Letter, MailFacts, Raiser

WORDS = Words(en="One", cy="Un")
FACTS = {
    "notice": "informed",
    "reference": "GWENT-2026-0001",
    "protocol": "gwent",
    "protocol_name": WORDS,
    "board": WORDS,
    "clause": "3.1",
    "stage": "practitioners",
    "stage_name": WORDS,
    "roles": (WORDS,),
    "role_ids": ("practitioner",),
}


@pytest.mark.clause("common mail cannot carry case detail")
def test_a_mail_knows_nothing_but_the_closed_list() -> None:
    """Reference, protocol and clause, stage, role, due time, what is asked, link, duty team, board: and no more."""
    known = (
        "notice concerns reference protocol protocol_name board clause stage stage_name roles role_ids clock "
        "clock_name clock_clause due late limit kind link contact duty_teams raiser undeliverable"
    )
    assert sorted(known.split()) == sorted(MailFacts.model_fields)
    assert {"office", "office_hours", "out_of_hours"} == set(DutyTeam.model_fields)
    assert {"role", "agency", "phone"} == set(Raiser.model_fields)
    assert {"subject", "text", "html"} == set(Letter.model_fields)


@pytest.mark.parametrize("field", ["name", "initials", "date_of_birth", "address", "issue", "text", "record"])
@pytest.mark.clause("common mail cannot carry case detail")
def test_nothing_else_can_be_added_to_a_mail(field: str) -> None:
    """A name, a birth date, an address, the issue or a free text cannot be put among the facts of a mail."""
    assert "GWENT-2026-0001" == MailFacts.model_validate(FACTS).reference
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        MailFacts.model_validate({**FACTS, field: "x"})


@pytest.mark.clause("common mail cannot carry case detail")
def test_the_facts_of_a_mail_do_not_change() -> None:
    """Once made, the facts of a mail stay as they are: a retry says the same."""
    facts = MailFacts.model_validate(FACTS)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(facts, "link", "https://datrys.invalid")  # noqa: B010 — mypy knows it, the test wants it refused
