"""The mail as programs read it: headers, identity, languages (spec 4, Mail headers)."""

from datetime import UTC, datetime

import pytest

from protocols.roles import Role
from records.database import writing
from records.people import name_for
from tests.activities.posting import Posting
from tests.records.making import LINE_MANAGER, MONDAY, PRACTITIONER, a_notice, a_person, keep, list_person

SUMMER = datetime(2026, 6, 1, 16, tzinfo=UTC)


async def test_the_headers_are_those_that_programs_rely_on(posting: Posting) -> None:
    """Times in the offset of Europe/London, and nothing that names anybody."""
    posting.queue(a_notice("reminder", to=LINE_MANAGER, clause="3.11 note", due=SUMMER, at=SUMMER))
    await posting.drain()
    mail = posting.host.taken[0]
    assert {
        "X-Datrys-Case": posting.reference,
        "X-Datrys-Notice": "reminder",
        "X-Datrys-Role": "line_manager/ABUHB",
        "X-Datrys-Clause": "3.11 note",
        "X-Datrys-Due": "2026-06-01T17:00:00+01:00",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "cy, en",
        "Date": "Mon, 01 Jun 2026 17:00:00 +0100",
        "From": "Datrys <datrys@board.invalid>",
        "To": "line-manager.abuhb@example.invalid",
    } == {name: value for name, value in mail.message.items() if name in _EXPECTED}
    assert str(mail.header("Message-ID")).endswith("@board.invalid>")


_EXPECTED = {"Auto-Submitted", "Content-Language", "Date", "From", "To"} | {
    f"X-Datrys-{name}" for name in ("Case", "Notice", "Role", "Clause", "Due")
}


async def test_a_notice_without_a_date_has_no_such_header(posting: Posting) -> None:
    """Absent, not empty."""
    posting.queue(a_notice())
    await posting.drain()
    assert posting.host.taken[0].header("X-Datrys-Due") is None


@pytest.mark.clause("common one recipient")
async def test_both_bodies_are_there_in_utf_8(posting: Posting) -> None:
    """Plain text first, HTML as the richer alternative."""
    posting.queue(a_notice())
    await posting.drain()
    message = posting.host.taken[0].message
    assert "multipart/alternative" == message.get_content_type()
    assert [("text/plain", "utf-8"), ("text/html", "utf-8")] == [
        (part.get_content_type(), part.get_content_charset()) for part in message.iter_parts()
    ]
    assert str(message["Subject"]).endswith("â")


@pytest.mark.parametrize(("language", "first"), [("en", "en, cy"), ("cy", "cy, en"), ("", "cy, en")])
async def test_the_language_that_the_holder_prefers_comes_first(posting: Posting, language: str, first: str) -> None:
    """Welsh where nobody knows."""
    list_person(posting.engine, a_person("team_manager", language=language), authority="Newport")
    posting.queue(a_notice(to=Role(role="team_manager")))
    await posting.drain()
    assert first == posting.host.taken[0].header("Content-Language")


async def test_a_long_list_of_roles_is_one_line(posting: Posting) -> None:
    """A program splits it at its commas; nothing may break or encode it."""
    roles = [
        Role(role=role, agency="A-LONG-AGENCY-CODE")
        for role in ("counterpart_manager", "safeguarding_lead", "line_manager")
    ]
    with writing(posting.engine) as session:
        for role in roles:
            name_for(session, posting.reference, a_person(role.role, role.agency, email="x@example.invalid"), MONDAY)
    posting.queue(*(a_notice(to=role) for role in roles))
    await posting.drain()
    line = f"X-Datrys-Role: {','.join(map(str, roles))}\r\n".encode()
    assert line in posting.host.taken[0].raw


@pytest.mark.clause("common identity")
async def test_the_identity_of_a_notice_makes_its_message_id(posting: Posting) -> None:
    """Case, notice, occasion, role and agency: each makes another, the person none."""
    other = keep(posting.engine)
    posting.queue(a_notice(), a_notice("informed"), a_notice(occasion="b"), a_notice(to=LINE_MANAGER, occasion="c"))
    posting.queue(a_notice(), case=other)
    for case in (posting.reference, other):
        await posting.drain(case)
    assert 5 == len({mail.header("Message-ID") for mail in posting.host.taken})


async def test_the_envelope_names_one_receiver(posting: Posting) -> None:
    """One recipient a message."""
    posting.queue(a_notice(to=PRACTITIONER), a_notice(to=LINE_MANAGER))
    await posting.drain()
    assert [mail.receiver for mail in posting.host.taken] == [mail.header("To") for mail in posting.host.taken]
