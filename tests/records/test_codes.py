"""One-time codes: for one browser, ten minutes, five tries and once; five an hour for an address."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from records import codes
from records.codes import CODE_DIGITS, HOURLY, LASTS, TRIES, Tried, take_back, try_code
from records.database import reading
from records.keys import Keys, digest
from records.models import OneTimeCode
from tests.records.making import MONDAY

KEYS = Keys("a secret of a test, long enough")
EMAIL, BROWSER, LINK = "somebody@example.invalid", "the word in a cookie", "0123456789abcdef0123"
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def asked(engine: Engine, now: datetime = MONDAY, **more: str) -> str | None:
    """What whoever asks for a code gets."""
    return codes.make(engine, KEYS, now=now, **{"email": EMAIL, "purpose": "answer", "browser": BROWSER, **more})


def a_code(engine: Engine, now: datetime = MONDAY, **more: str) -> str:
    made = asked(engine, now, **more)
    assert made is not None
    return made


def tried(engine: Engine, code: str, at: datetime = MONDAY, **more: str) -> tuple[Tried, str]:
    return try_code(engine, KEYS, code, now=at, **{"purpose": "answer", "browser": BROWSER, **more})


def wrong(code: str) -> str:
    """Another code."""
    return f"{(int(code) + 1) % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def test_a_code_proves_the_address_that_it_was_sent_to(engine: Engine) -> None:
    """In the letters in which addresses are compared."""
    code = a_code(engine, email=" Some.Body@Example.invalid ", link=LINK)
    assert CODE_DIGITS == len(code)
    assert code.isdecimal()
    assert (Tried.COUNTS, "some.body@example.invalid") == tried(engine, code, link=LINK)


@pytest.mark.parametrize(
    "how",
    [
        "{0}",
        " {0}\r\n",
        "{1} {2}",
        "{1}-{2}",
        "{1}–{2}",
        "{1}\u00a0{2}",
        "\u200b{1}\u2009{2}\ufeff",
        "{wide}",
    ],
)
def test_a_code_counts_as_it_is_pasted(engine: Engine, how: str) -> None:
    """With spaces, dashes, signs that nobody sees, or digits of full width."""
    code = a_code(engine)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
    assert (Tried.COUNTS, EMAIL) == tried(engine, how.format(code, code[:3], code[3:], wide=wide))


@pytest.mark.parametrize("how", ["", "{wrong}", "{code}0", "0{code}", "x{code}", "{code}\udcff", "-", "{code}" * 9])
def test_another_code_is_wrong(engine: Engine, how: str) -> None:
    """Whatever is typed."""
    code = a_code(engine)
    assert (Tried.WRONG, "") == tried(engine, how.format(code=code, wrong=wrong(code)))


def test_a_code_counts_once(engine: Engine) -> None:
    """A second press of the button is told so."""
    code = a_code(engine)
    assert [Tried.COUNTS, Tried.USED] == [tried(engine, code)[0] for _ in range(2)]


def test_a_code_lasts_ten_minutes(engine: Engine) -> None:
    """To the second."""
    code = a_code(engine)
    assert (Tried.EXPIRED, "") == tried(engine, code, MONDAY + LASTS)
    assert (Tried.COUNTS, EMAIL) == tried(engine, code, MONDAY + LASTS - SECOND)


def test_after_five_wrong_tries_the_right_code_counts_no_more(engine: Engine) -> None:
    """The fifth one still does."""
    code = a_code(engine)
    assert {Tried.WRONG} == {tried(engine, wrong(code))[0] for _ in range(TRIES)}
    assert (Tried.TOO_MANY, "") == tried(engine, code)
    code = a_code(engine, MONDAY + SECOND)
    assert {Tried.WRONG} == {tried(engine, wrong(code))[0] for _ in range(TRIES - 1)}
    assert (Tried.COUNTS, EMAIL) == tried(engine, code, MONDAY + SECOND)


def test_ten_tries_at_once_are_five_tries(engine: Engine) -> None:
    """They are counted where all doors meet."""
    code = a_code(engine)
    with ThreadPoolExecutor(10) as doors:
        became = [what for what, _ in doors.map(lambda _: tried(engine, wrong(code)), range(10))]
    assert (TRIES, 10 - TRIES) == (became.count(Tried.WRONG), became.count(Tried.TOO_MANY))


def test_the_right_code_shown_ten_times_at_once_counts_once(engine: Engine) -> None:
    """The others are told that it was used."""
    code = a_code(engine)
    with ThreadPoolExecutor(10) as doors:
        became = [what for what, _ in doors.map(lambda _: tried(engine, code), range(10))]
    assert (1, 9) == (became.count(Tried.COUNTS), became.count(Tried.USED))


@pytest.mark.parametrize("other", [{"browser": "another"}, {"purpose": "sign-in"}, {"link": LINK}])
def test_a_code_counts_only_where_it_was_asked_for(engine: Engine, other: dict[str, str]) -> None:
    """In the same browser, for the same thing: what somebody was talked into reading out is of no use elsewhere."""
    code = a_code(engine)
    assert (Tried.NONE, "") == tried(engine, code, MONDAY, **other)
    assert (Tried.COUNTS, EMAIL) == tried(engine, code)


def test_a_new_code_takes_the_place_of_the_one_before(engine: Engine) -> None:
    """Even one made in the same moment; what another browser asked for stays."""
    first, elsewhere = a_code(engine), a_code(engine, browser="another")
    second = a_code(engine)
    while second == first:  # one time in a million
        second = a_code(engine)
    assert (Tried.WRONG, "") == tried(engine, first)
    assert (Tried.COUNTS, EMAIL) == tried(engine, second)
    assert (Tried.COUNTS, EMAIL) == tried(engine, elsewhere, browser="another")


def test_an_address_gets_five_codes_an_hour(engine: Engine) -> None:
    """For one link, or to sign in, whatever the browser and the letters; another address or link gets its own."""
    for number in range(HOURLY):
        a_code(engine, MONDAY + number * MINUTE, browser=str(number))
    assert asked(engine, MONDAY + 10 * MINUTE, email=EMAIL.upper()) is None
    assert asked(engine, MONDAY + 60 * MINUTE - SECOND) is None
    assert asked(engine, MONDAY + 60 * MINUTE)
    assert a_code(engine, MONDAY + 10 * MINUTE, email="other@example.invalid")
    assert a_code(engine, MONDAY + 10 * MINUTE, purpose="sign-in")
    assert a_code(engine, MONDAY + 10 * MINUTE, link="another link")


def test_a_code_that_could_not_be_mailed_is_taken_back(engine: Engine) -> None:
    """It counts for nothing: whoever tries again while no mail goes out is not locked out by it."""
    for number in range(2 * HOURLY):
        assert a_code(engine, MONDAY + number * SECOND)
        take_back(engine, "answer", BROWSER)
    assert (Tried.NONE, "") == tried(engine, "000000")


def test_ten_requests_at_once_are_five_codes(engine: Engine) -> None:
    """Nobody's mailbox is filled by pressing fast."""
    with ThreadPoolExecutor(10) as doors:
        made = [*doors.map(lambda browser: asked(engine, browser=str(browser)), range(10))]
    assert HOURLY == len([code for code in made if code])


def test_what_is_refused_for_too_many_leaves_the_last_code_as_it_is(engine: Engine) -> None:
    """Whoever presses once more too often can still use what has come."""
    made = [a_code(engine) for _ in range(HOURLY)]
    assert asked(engine) is None
    assert (Tried.COUNTS, EMAIL) == tried(engine, made[-1])


def test_a_code_made_with_another_secret_is_wrong(engine: Engine) -> None:
    """Only a keyed hash is kept, and the code stands nowhere."""
    code = a_code(engine)
    other = Keys("another secret of a test")
    assert (Tried.WRONG, "") == try_code(engine, other, code, "answer", BROWSER, MONDAY)
    with reading(engine) as session:
        row = session.execute(select(OneTimeCode.__table__)).one()
    assert code not in [*row]
    assert not {code.encode(), digest(code)} & {*row}
    assert BROWSER not in str(row)


def test_codes_older_than_a_day_are_forgotten(engine: Engine) -> None:
    """With the addresses that stand beside them."""
    a_code(engine, email="old@example.invalid")
    a_code(engine, MONDAY + timedelta(days=1, seconds=1))
    with reading(engine) as session:
        assert [EMAIL] == [row.email for row in session.scalars(select(OneTimeCode))]


def test_without_a_code_there_is_none_to_try(engine: Engine) -> None:
    """And it is said."""
    assert (Tried.NONE, "") == tried(engine, "123456")
