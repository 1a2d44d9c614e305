"""The mail with a one-time code: both languages, no word of a case, sent at once or said in plain words why not."""

import asyncio
import logging
import re
from datetime import UTC, datetime

import pytest

from activities.code_mail import FACTS, TEMPLATES, write_code
from activities.mail_templates import library
from protocols.errors import BadEdition, DatrysError, Refused, Unreachable
from protocols.mail import CodeFacts, Language
from settings import Settings, SmtpServer
from tests.smtp import DROP, Mailhost
from worker import SendCode, code_sender

EMAIL, CODE = "somebody@example.invalid", "012345"
SENDER = "Datrys <datrys@board.invalid>"


def sender(host: Mailhost) -> SendCode:
    """What sends codes where nothing but the mail server answers."""
    nowhere = "postgresql+psycopg2://nobody@127.0.0.1:1/nowhere"
    return code_sender(Settings.model_construct(smtp_url=host.address(), mail_from=SENDER, database_url=nowhere))


async def test_a_code_is_mailed_to_whoever_asked_for_it(host: Mailhost) -> None:
    """Told apart by its header from the notices of cases, of which it says nothing."""
    await sender(host)(EMAIL, CODE, "cy")
    [mail] = host.taken
    assert {
        "From": SENDER,
        "To": EMAIL,
        "Subject": "Cod untro / One-time code",
        "Auto-Submitted": "auto-generated",
        "X-Datrys-Notice": "code",
        "Content-Language": "cy, en",
    } == {name: value for name, value in mail.message.items() if name in EXPECTED}
    assert (EMAIL, 1) == (mail.receiver, len(mail.message.get_all("X-Datrys-Notice", [])))
    assert ["X-Datrys-Notice"] == [name for name in mail.message if name.startswith("X-")]
    assert re.fullmatch(r"<[0-9a-f]{40}@board\.invalid>", str(mail.header("Message-ID")))
    assert abs((datetime.now(UTC) - mail.message["Date"].datetime).total_seconds()) < 60
    bodies = [part.get_content() for part in mail.message.iter_parts()]
    assert [("text/plain", "utf-8"), ("text/html", "utf-8")] == [
        (part.get_content_type(), part.get_content_charset()) for part in mail.message.iter_parts()
    ]
    assert [2, 2] == [body.count(CODE) for body in bodies]
    async with asyncio.timeout(10):
        while any(connection.transport for connection in host.open):
            await asyncio.sleep(0.01)  # nothing stays open behind a page


EXPECTED = {"From", "To", "Subject", "Auto-Submitted", "X-Datrys-Notice", "Content-Language"}


async def test_two_codes_are_two_messages(host: Mailhost) -> None:
    """A mail program would drop the second of one identity."""
    send = sender(host)
    for code in ("111111", "222222"):
        await send(EMAIL, code, "en")
    assert 2 == len({mail.header("Message-ID") for mail in host.taken})


@pytest.mark.parametrize(("first", "second"), [("cy", "en"), ("en", "cy")])
def test_both_languages_say_how_long_the_code_counts_and_what_nobody_asks(first: Language, second: Language) -> None:
    """Each half marked, the preferred one first; the code on a line of its own, and not in the subject."""
    letter = write_code(CodeFacts(code=CODE, minutes=10), first)
    assert [first, second] == re.findall(r'<div lang="(\w+)"', letter.html)
    assert CODE not in letter.subject
    assert 2 == letter.text.splitlines().count(CODE)
    said = " ".join(letter.text.split())
    for words in (
        "It counts for 10 minutes and once",
        "Mae'n ddilys am 10 munud ac unwaith yn unig",
        "Nobody from the Board will ever ask you for it",
        "Ni fydd neb o'r Bwrdd byth yn gofyn i chi amdano",
        "If you did not ask for a code, ignore this message",
        "Os na ofynnoch am god, anwybyddwch y neges hon",
    ):
        assert words in said
        assert words in letter.html


def test_its_words_use_nothing_but_code_and_minutes() -> None:
    """A closed list, as for all mail."""
    assert {"code", "minutes"} == FACTS
    assert () == library(TEMPLATES, FACTS).faults
    with pytest.raises(BadEdition) as refused:
        library(TEMPLATES, frozenset({"code"}))
    words = "“minutes” is nothing that a mail may say (protocols/mail.py). Take it out."
    assert (f"cy.j2: {words}", f"en.j2: {words}") == refused.value.lines


AWAY = "The code could not be sent: the mail server does not answer."
NOT_TAKEN = "The code could not be sent: the mail server did not take it."
NO_MAIL = "The code could not be sent: the mail server takes no mail for this address."


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        ("550 no such mailbox", Refused, NO_MAIL),
        ("451 later", Unreachable, NOT_TAKEN),
        ("421 closing", Unreachable, NOT_TAKEN),
        (DROP, Unreachable, NOT_TAKEN),
        ("530 sign in", Unreachable, AWAY),
    ],
)
async def test_what_the_mail_server_refuses_is_said_in_plain_words(
    host: Mailhost, caplog: pytest.LogCaptureFixture, reply: str, error: type[DatrysError], words: str
) -> None:
    """With what to do; neither the words nor the log name the address or the code."""
    host.to[EMAIL] = reply
    with pytest.raises(error) as fault:
        await sender(host)(EMAIL, CODE, "cy")
    assert words == fault.value.lines[0]
    assert len(fault.value.lines) == 2
    assert not re.search(f"{EMAIL}|{CODE}|{reply}", f"{fault.value}{caplog.text}")
    assert [] == host.taken


async def test_with_the_mail_server_away_it_is_said_and_an_operator_can_read_why(
    host: Mailhost, caplog: pytest.LogCaptureFixture
) -> None:
    """At once, not after the patience of the post."""
    port = host.port
    host.stop()
    with caplog.at_level(logging.WARNING), pytest.raises(Unreachable) as fault:
        await sender(host)(EMAIL, CODE, "cy")
    assert (AWAY, "Try again in a few minutes.") == fault.value.lines
    assert f"the mail server localhost:{port} takes no mail for now" in caplog.text
    assert "DATRYS" not in str(fault.value)


@pytest.mark.parametrize("email", ["", "no address", "a@b.invalid\r\nBcc: all@evil.invalid", "ŵ@example.invalid"])
async def test_what_is_no_address_reaches_no_mail_server(email: str) -> None:
    """Nothing of it comes near a header."""
    nobody = Mailhost(port=1)
    with pytest.raises(Refused):
        await sender(nobody)(email, CODE, "cy")


def test_to_make_a_sender_needs_no_loop_and_no_server() -> None:
    """The web hook makes one before it begins to serve."""
    setting = Settings.model_construct(smtp_url=SmtpServer(host="nowhere.invalid", port=25), mail_from=SENDER)
    assert callable(code_sender(setting))
