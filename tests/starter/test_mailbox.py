"""The local mailbox, spoken to by a real SMTP client and a real HTTP client."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import httpx
import pytest

from starter.kept_mail import Mailbox
from starter.mailbox import Served, serving

CASE = "GWENT-2026-0001"


@pytest.fixture
async def mailbox(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path) as served:
        yield served


@pytest.fixture
async def browser(mailbox: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{mailbox.http_port}", trust_env=False) as client:
        yield client


TEXT = "Cyfarfod: dydd Llun, 10:00. Rydych yn gadeirydd – tŷ'r cyngor."
HTML = "<p>Monday &amp; <b>soon</b></p>"


def notice(subject: str = "Meeting arranged", case: str = CASE, text: str = TEXT, html: str = HTML) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "datrys@localhost.invalid"
    message["To"] = "chair@board.invalid"
    message["Subject"] = subject
    message["X-Datrys-Case"] = case
    message["X-Datrys-Notice"] = "meeting-invitation"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message


async def send(mailbox: Served, message: EmailMessage | bytes, *to: str) -> None:
    receivers = to or ("chair@board.invalid",)
    if isinstance(message, bytes):
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=mailbox.smtp_port) as server:
            await server.sendmail("datrys@localhost.invalid", receivers, message)
    else:
        await aiosmtplib.send(message, hostname="127.0.0.1", port=mailbox.smtp_port, recipients=receivers)


async def test_what_is_sent_is_listed_newest_first(mailbox: Served, browser: httpx.AsyncClient) -> None:
    """Each mail is listed with its number, receivers, subject and X-Datrys headers, the newest first."""
    await send(mailbox, notice("First"))
    await send(mailbox, notice("Second"), "chair@board.invalid", "deputy@board.invalid")
    listed = (await browser.get("/messages.json")).json()
    assert [("Second", 2), ("First", 1)] == [(mail["subject"], mail["number"]) for mail in listed]
    assert ["chair@board.invalid", "deputy@board.invalid"] == listed[0]["to"]
    assert {"X-Datrys-Case": CASE, "X-Datrys-Notice": "meeting-invitation"} == listed[0]["headers"]
    page = (await browser.get("/")).text
    assert page.index("Second") < page.index("First")


async def test_a_case_can_be_picked_out(mailbox: Served, browser: httpx.AsyncClient) -> None:
    """With ?case= the list and the JSON hold the mails of that case only."""
    await send(mailbox, notice("Of the first case"))
    await send(mailbox, notice("Of the other", "CTM-2026-0007"))
    picked = (await browser.get("/messages.json", params={"case": "CTM-2026-0007"})).json()
    assert ["Of the other"] == [mail["subject"] for mail in picked]
    page = (await browser.get("/", params={"case": CASE})).text
    assert "Of the first case" in page
    assert "Of the other" not in page


async def test_a_message_is_shown_whole(mailbox: Served, browser: httpx.AsyncClient) -> None:
    """A message shows its HTML in a sandbox, its plain text with Welsh letters, and its headers."""
    await send(mailbox, notice())
    page = (await browser.get("/messages/1")).text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "&lt;p&gt;Monday &amp;amp; &lt;b&gt;soon" in page
    assert "tŷ&#39;r cyngor" in page
    assert "X-Datrys-Notice" in page


async def test_nothing_in_a_mail_becomes_part_of_the_page(mailbox: Served, browser: httpx.AsyncClient) -> None:
    """Markup in any part of a mail is shown as text, and the page forbids scripts."""
    hostile = "<script>alert(1)</script>"
    await send(mailbox, notice(f"Subject {hostile}", f"{CASE}{hostile}", hostile, f'"></iframe>{hostile}'))
    for address in ("/", "/messages/1", f"/?case={hostile}"):
        answer = await browser.get(address)
        assert "<script" not in answer.text
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_the_raw_message_and_its_attachments_can_be_downloaded(
    mailbox: Served, browser: httpx.AsyncClient
) -> None:
    """A download is the stored message byte for byte, an attachment its content under its own name."""
    message = notice()
    message.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename="cyfarfod tŷ.ics")
    await send(mailbox, message)
    raw = await browser.get("/messages/1.eml")
    assert "message/rfc822" == raw.headers["Content-Type"]
    assert b"Delivered-To: chair@board.invalid\r\n" in raw.content
    attachment = await browser.get("/messages/1/attachments/0")
    assert b"BEGIN:VCALENDAR" == attachment.content
    assert "filename*=UTF-8''cyfarfod%20t%C5%B7.ics" in attachment.headers["Content-Disposition"]


async def test_mail_outlives_a_restart_and_numbers_go_on(tmp_path: Path) -> None:
    """After a restart the old mails are there, and a new one comes after them."""
    for _ in range(2):
        async with serving(tmp_path) as served:
            await send(served, notice())
    assert [2, 1] == [mail.number for mail in Mailbox(tmp_path).mails()]


async def test_mails_that_come_at_once_are_all_kept(mailbox: Served, browser: httpx.AsyncClient) -> None:
    """Twenty mails over twenty connections are twenty messages, and nothing half-written is left."""
    await asyncio.gather(*(send(mailbox, notice(f"Mail {number}")) for number in range(20)))
    listed = (await browser.get("/messages.json")).json()
    assert {f"Mail {number}" for number in range(20)} == {mail["subject"] for mail in listed}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no header at all",
        b"Subject: =?x-unknown?b?AAAA?=\r\nFrom: @@<>\r\nTo: \xff\xfe\r\n\r\n\xff",
        b"Content-Type: text/html; charset=x-unknown\r\n\r\n<p>\xe9</p>",
        b"Content-Type: multipart/mixed; boundary=b\r\nDate: never\r\nMessage-ID: <\r\n\r\n--b\r\n",
        b'Content-Type: text/plain; charset="\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!',
    ],
)
async def test_a_malformed_mail_is_shown_like_any_other(
    mailbox: Served, browser: httpx.AsyncClient, raw: bytes
) -> None:
    """Whatever bytes come as a mail, the list and the message can be opened."""
    await send(mailbox, raw)
    for address in ("/", "/messages.json", "/messages/1", "/messages/1.eml"):
        assert 200 == (await browser.get(address)).status_code


@pytest.mark.parametrize("address", ["/messages/9", "/messages/9.eml", "/messages/1/attachments/0", "/elsewhere"])
async def test_what_is_not_there_is_not_found(mailbox: Served, browser: httpx.AsyncClient, address: str) -> None:
    """A message or attachment that does not exist answers 404."""
    await send(mailbox, notice())
    assert 404 == (await browser.get(address)).status_code
