"""`datrys check`: everything in order, and each fault alone, in one line with the remedy."""

import asyncio
import base64
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Engine, delete, update
from temporalio.common import SearchAttributeKey
from temporalio.testing import WorkflowEnvironment

import settings
from protocols.editions import SHIPPED
from records import cases
from records.database import writing
from records.directory import shipped_holidays
from records.models import DirectoryPerson
from starter import checks
from starter.checks import engine as asked_of_temporal
from starter.checks import web as asked_of_the_web
from starter.use_cases import Datrys
from starter.web import Limits
from tests.people import case_file
from tests.server import living, number_from
from tests.starter.script import Said, address_of, datrys, lines_of, now, written
from tests.story import Mailbox, free_port
from tests.web.hook import served

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
KEYS = "key1:" + base64.b64encode(bytes(range(32))).decode()
SQLITE = "warning  records: SQLite is for trying out; for real use set DATRYS_DATABASE_URL to a PostgreSQL database"


class Given(NamedTuple):
    """What a fault is made with."""

    monkeypatch: pytest.MonkeyPatch
    records: Engine
    folder: Path


@pytest.fixture
def given(
    alone: Engine, real_server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Given]:
    """Everything answers, and a board has loaded its directory, with numbers for the night."""
    mailbox, editions = Mailbox(), tmp_path / "gwent alone"
    editions.mkdir()
    shutil.copy(SHIPPED / "gwent-2023-03.toml", editions)
    for name, value in {
        "TEMPORAL_ADDRESS": address_of(real_server),
        "DATRYS_SMTP_URL": f"smtp://127.0.0.1:{mailbox.port}",
        "DATRYS_PAYLOAD_KEYS": KEYS,
        "DATRYS_MAIL_FROM": "datrys@board.invalid",
        "DATRYS_BUSINESS_UNIT": "01632 960100",
        "DATRYS_SECRET_KEY": "a secret of sixteen and more",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("agencies", "people"):
        assert 0 == datrys(name, "import", EXAMPLES / f"{name}.csv").code
    _every_person(alone, phone_out_of_hours="01632 960999")
    monkeypatch.setenv("DATRYS_EDITIONS", str(editions))
    mailbox.open()
    with served(Datrys(settings.Settings(), alone, None), Limits()) as port:  # type: ignore[arg-type]  # Temporal is not asked
        monkeypatch.setenv("DATRYS_BASE_URL", f"http://127.0.0.1:{port}")
        yield Given(monkeypatch, alone, tmp_path)
    mailbox.close()


def _every_person(records: Engine, **values: str) -> None:
    with writing(records) as session:
        session.execute(update(DirectoryPerson).values(values))


def faults(said: Said) -> set[str]:
    """The lines that are not ok, those aside that every checkout of the tests has; test_acting.py has the script's."""
    aside = ("ok ", "warning  Welsh:", "warning  documents:", "warning  script:")
    return {line for line in said.out.splitlines() if not line.startswith(aside)} - {SQLITE}


async def test_where_all_is_well_nothing_stops_and_the_exit_code_is_0(
    given: Given, real_server: WorkflowEnvironment
) -> None:
    """Each part says that it is there; SQLite and unreviewed Welsh are said all the same."""
    async with living(real_server.client, given.records) as story:
        case = (await story.door.raise_case(case_file(now()))).reference
        await story.posted(case)
        said = await asyncio.to_thread(datrys, "check")
    assert (0, "", set()) == (said.code, said.err, faults(said))
    looked_at = [line.partition(":")[0].split()[1] for line in said.out.splitlines() if line.startswith("ok ")]
    assert ["settings", "edition", "records", "bank", "directory", "Temporal", "mail"] == looked_at[:7]
    assert "documents: " in said.out
    assert (given.records.dialect.name == "sqlite") == (SQLITE in said.out)


def _temporal_away(given: Given) -> str:
    address = f"127.0.0.1:{free_port()}"
    given.monkeypatch.setenv("TEMPORAL_ADDRESS", address)
    remedy = "see that it runs and that TEMPORAL_ADDRESS is right."
    return f"stops    Temporal: Temporal at {address} does not answer: {remedy}"


def _another_namespace(given: Given) -> str:
    given.monkeypatch.setenv("TEMPORAL_NAMESPACE", "nowhere")
    return "stops    Temporal: the namespace nowhere does not answer (not_found): see TEMPORAL_NAMESPACE"


def _attributes_missing(given: Given) -> str:
    given.monkeypatch.setattr(asked_of_temporal, "SEARCH_ATTRIBUTES", [SearchAttributeKey.for_bool("DatrysNew")])
    remedy = "create DatrysNew with `temporal operator search-attribute create`"
    return f"stops    Temporal: search attributes are missing: {remedy}"


def _attribute_of_another_type(given: Given) -> str:
    key = SearchAttributeKey.for_keyword("DatrysOverdue")
    given.monkeypatch.setattr(asked_of_temporal, "SEARCH_ATTRIBUTES", [key])
    remedy = "remove it with `temporal operator search-attribute remove`, and create it anew"
    return f"stops    Temporal: the search attribute DatrysOverdue is of the type Bool, not Keyword: {remedy}"


def _no_sender(given: Given) -> str:
    given.monkeypatch.delenv("DATRYS_MAIL_FROM")
    words = "mail goes out from datrys@localhost.invalid, which nobody can answer"
    return f"warning  settings: DATRYS_MAIL_FROM is not set: {words}"


def _no_business_unit(given: Given) -> str:
    given.monkeypatch.delenv("DATRYS_BUSINESS_UNIT")
    words = "mail does not say how to reach the Business Unit"
    return f"warning  settings: DATRYS_BUSINESS_UNIT is not set: {words}"


def _no_worker(given: Given) -> str:
    given.monkeypatch.setattr(asked_of_temporal, "TASK_QUEUE", "nobody-asks-here")
    return "warning  worker: none asks for work: start one with datrys worker"


def _not_encrypted(given: Given) -> str:
    given.monkeypatch.delenv("DATRYS_PAYLOAD_KEYS")
    return "warning  Temporal: what Temporal stores is not encrypted; set DATRYS_PAYLOAD_KEYS"


def _mail_away(given: Given) -> str:
    port = free_port()
    given.monkeypatch.setenv("DATRYS_SMTP_URL", f"smtp://127.0.0.1:{port}")
    remedy = "see that it runs and that DATRYS_SMTP_URL is right"
    return f"stops    mail: the mail server 127.0.0.1:{port} takes no mail for now, or does not answer: {remedy}"


def _no_secret_key(given: Given) -> str:
    given.monkeypatch.delenv("DATRYS_SECRET_KEY")
    words = "DATRYS_SECRET_KEY is not set, so that there are no links in mail, no pages and no signed calls"
    return f"warning  secret key: {words}: set the same one for worker and web hook"


def _without_tls(given: Given) -> str:
    given.monkeypatch.setenv("DATRYS_BASE_URL", "http://datrys.invalid")
    words = "DATRYS_BASE_URL is http://datrys.invalid, and what is read there travels without TLS"
    return f"warning  web: {words}: make it https://"


def _web_away(given: Given) -> str:
    address = f"http://127.0.0.1:{free_port()}"
    given.monkeypatch.setenv("DATRYS_BASE_URL", address)
    remedy = "see that datrys web runs, and that DATRYS_BASE_URL is right"
    return f"warning  web: nothing of Datrys answers at {address}: {remedy}"


def _something_else_answers(given: Given) -> str:
    address = os.environ["DATRYS_BASE_URL"]
    given.monkeypatch.setattr(asked_of_the_web, "_asked", lambda address: {"status": "UP"})
    remedy = "see that datrys web runs, and that DATRYS_BASE_URL is right"
    return f"warning  web: nothing of Datrys answers at {address}: {remedy}"


def _a_code_reads(given: Given) -> str:
    given.monkeypatch.setenv("DATRYS_CODE_READS", "true")
    words = "DATRYS_CODE_READS lets whoever reads somebody's mail read names and statements: a risk taken"
    return f"warning  sign-in: {words}; leave it out for a second factor"


def _a_try_out(given: Given) -> str:
    given.monkeypatch.setenv("DATRYS_MAILBOX_URL", "http://127.0.0.1:8025")
    words = "DATRYS_MAILBOX_URL is set, so that every page links to the mailbox: leave it out but to try out"
    return f"warning  web: {words}"


def _provider(given: Given, **settings: str) -> str:
    """Let people sign in; answers with whom."""
    issuer = "https://provider.invalid"
    for name, value in {"ISSUER": issuer, "CLIENT_ID": "datrys", "ACR": "mfa", **settings}.items():
        given.monkeypatch.setenv(f"DATRYS_OIDC_{name}", value)
    ask = asked_of_the_web._asked

    def asked(address: str) -> Any:
        return {"issuer": issuer} if address == f"{issuer}/.well-known/openid-configuration" else ask(address)

    given.monkeypatch.setattr(asked_of_the_web, "_asked", asked)
    return issuer


def _provider_away(given: Given) -> str:
    issuer = f"http://127.0.0.1:{free_port()}"
    _provider(given, ISSUER=issuer)
    words = f"{issuer} does not answer as a provider, and nobody can sign in with it"
    return f"warning  sign-in: {words}: see that it runs and that DATRYS_OIDC_ISSUER is right"


def _provider_does_not_know_us(given: Given) -> str:
    issuer = _provider(given, CLIENT_ID="")
    return f"warning  sign-in: DATRYS_OIDC_CLIENT_ID is not set: set what {issuer} knows Datrys by"


def _second_factor_is_trusted(given: Given) -> str:
    issuer = _provider(given, ACR="")
    words = f"DATRYS_OIDC_ACR is not set: it is trusted that {issuer} demands a second factor"
    return f"warning  sign-in: {words}; set what it calls one"


def _records_away(given: Given) -> str:
    port = free_port()
    given.monkeypatch.setenv("DATRYS_DATABASE_URL", f"postgresql://u:hunter22@127.0.0.1:{port}/records")
    remedy = "see that it runs and that DATRYS_DATABASE_URL is right."
    return f"stops    records: The records database records at 127.0.0.1:{port} does not answer: {remedy}"


def _records_not_prepared(given: Given) -> str:
    given.monkeypatch.setenv("DATRYS_DATABASE_URL", f"sqlite:///{given.folder}/new.db")
    return "stops    records: the database is not up to date: run datrys migrate"


def _records_are_something_else(given: Given) -> str:
    (given.folder / "letter.db").write_text("Dear Sir or Madam, " * 100)
    given.monkeypatch.setenv("DATRYS_DATABASE_URL", f"sqlite:///{given.folder}/letter.db")
    remedy = "see that DATRYS_DATABASE_URL names the right file"
    return f"stops    records: The records database {given.folder}/letter.db is no database: {remedy}."


def _bad_edition(given: Given) -> str:
    folder = given.folder / "editions"
    folder.mkdir()
    text = (SHIPPED / "gwent-2023-03.toml").read_text(encoding="utf-8")
    (folder / "gwent.toml").write_text(text.replace('cy = "Bwrdd Diogelu Gwent"\n', ""), encoding="utf-8")
    given.monkeypatch.setenv("DATRYS_EDITIONS", str(folder))
    return "stops    editions: gwent.toml: board.cy: the Welsh words are missing. Add them."


LAST_DAY = shipped_holidays().last_day
NEWER = "load newer ones with: datrys holidays update FILE.json"


def _today(given: Given, year: int) -> None:
    given.monkeypatch.setattr(checks, "utc_now", lambda: datetime(year, 3, 1, 10, tzinfo=UTC))


def _holidays_end(given: Given) -> str:
    _today(given, LAST_DAY.year)
    return f"warning  bank holidays: are known up to {LAST_DAY} only: {NEWER}"


def _holidays_have_ended(given: Given) -> str:
    _today(given, LAST_DAY.year + 1)
    return f"stops    bank holidays: are known up to {LAST_DAY} only, and no case can be started: {NEWER}"


def _no_number_at_night(given: Given) -> str:
    _every_person(given.records, phone_out_of_hours="")
    authorities = "Blaenau Gwent, Caerphilly, Monmouthshire, Newport, Torfaen"
    remedy = "load phone_out_of_hours with datrys people import"
    return f"warning  duty teams: 12 of 12 have no number outside office hours ({authorities}): {remedy}"


def _no_number_at_all(given: Given) -> str:
    with writing(given.records) as session:
        session.execute(delete(DirectoryPerson).where(DirectoryPerson.id == "torfaen-duty-adults"))
    remedy = "load it with datrys people import"
    return f"warning  duty teams: no number, and no case can be started for Torfaen (adults): {remedy}"


def _nobody_loaded(given: Given) -> str:
    with writing(given.records) as session:
        session.execute(delete(DirectoryPerson))
    remedy = "datrys agencies import, then datrys people import"
    return f"warning  directory: nobody of gwent is loaded, and none of its cases can be started: {remedy}"


def _raised(given: Given) -> str:
    raised = datrys("raise", written(given.folder / "case.json", case_file(now())))
    assert 0 == raised.code, raised
    return raised.out.strip()


def _raised_while_away(given: Given) -> str:
    there = settings.temporal_config()["target_host"]
    _temporal_away(given)
    case = _raised(given)
    given.monkeypatch.setenv("TEMPORAL_ADDRESS", there)
    return case


def _case_kept(given: Given) -> str:
    _raised_while_away(given)
    return "warning  kept: cases wait to be started (1): see that Temporal and a worker run"


def _nobody_follows(given: Given) -> str:
    number_from(given.records, 7000)
    case = _raised_while_away(given)
    cases.mark_started(given.records, case)
    words = "is followed by nobody, and no date of it is kept (Temporal knows nothing of it), at practitioners"
    return f"stops    cases: {case} {words}: datrys reopen {case} --reason TEXT"


def _signal_kept(given: Given) -> str:
    case, there = _raised(given), settings.temporal_config()["target_host"]
    _temporal_away(given)
    datrys("signal", case, "not_resolved", "--by", "practitioner", "--agency", "ABUHB")
    given.monkeypatch.setenv("TEMPORAL_ADDRESS", there)
    return f"warning  kept: signals wait to be delivered (1), for {case} (1): see these in the Temporal UI"


OUTSIDE: list[Callable[[Given], str]] = [
    *(_temporal_away, _another_namespace, _attributes_missing, _attribute_of_another_type, _no_worker, _not_encrypted),
    *(_no_sender, _no_business_unit, _mail_away, _records_away, _records_not_prepared, _records_are_something_else),
    *(_bad_edition, _holidays_end, _holidays_have_ended),
    *(_no_secret_key, _without_tls, _web_away, _something_else_answers, _a_code_reads, _a_try_out),
    *(_provider_away, _provider_does_not_know_us, _second_factor_is_trusted),
]
IN_THE_RECORDS: list[Callable[[Given], str]] = [
    *(_no_number_at_night, _no_number_at_all, _nobody_loaded, _case_kept, _signal_kept),
    _nobody_follows,
]
FAULTS = [
    *(("sqlite", fault) for fault in (*OUTSIDE, *IN_THE_RECORDS)),
    *(("postgresql", fault) for fault in IN_THE_RECORDS),
]


@pytest.mark.parametrize(("database_kind", "fault"), FAULTS, ids=[f"{fault.__name__}-{kind}" for kind, fault in FAULTS])
def test_a_fault_is_one_line_with_the_remedy(given: Given, fault: Callable[[Given], str]) -> None:
    """No other line comes of it, no secret is shown, and the exit code is 1 only where the service stops."""
    before = faults(datrys("check"))
    expected = fault(given)
    said = datrys("check")
    assert {expected} == faults(said) - (before - {expected})
    assert (int(expected.startswith("stops")), "") == (said.code, said.err)
    assert "hunter22" not in said.out


def test_how_people_sign_in_is_said(given: Given) -> None:
    """With an authenticator alone, or with whom; and where the web hook answers."""
    alone = datrys("check").out
    issuer = _provider(given)
    with_a_provider = datrys("check").out
    assert "ok       sign-in: only with an authenticator: DATRYS_OIDC_ISSUER is not set" in alone
    assert f"ok       sign-in: by OpenID Connect, {issuer} answers" in with_a_provider
    assert f"ok       web: answers at {os.environ['DATRYS_BASE_URL']}" in with_a_provider


def test_a_wrong_setting_is_said_and_nothing_else_looked_at(given: Given) -> None:
    """With exit code 2, as everywhere."""
    given.monkeypatch.setenv("DATRYS_SMTP_URL", "http://mail.invalid")
    (line,) = lines_of(datrys("check"), 2)
    assert line.startswith("DATRYS_SMTP_URL is not of the form smtp://user:password@host:port")
