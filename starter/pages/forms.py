"""What a form brings: from this browser and no other, not too long, in plain text; and never lost."""

import unicodedata
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, NamedTuple

from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser

from protocols.case_file import is_address
from protocols.working_days import EARLIEST_YEAR, LATEST_YEAR, LONDON
from starter.pages.tongues import later
from starter.pages.visit import Visiting

TOKEN = "form_token"  # noqa: S105  the name of the field
BODY_BYTES, FILE_BYTES = 2_000_000, 5_000_000
"""Of the words of a form, and of a file that comes with them."""
WORDS, WITH_FILES = "application/x-www-form-urlencoded", "multipart/form-data"
"""How browsers send forms."""
FIELDS = 400
LONGEST_LINE, LONGEST_TEXT = 300, 20_000
KEPT_SIGNS = frozenset("\n\t")
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
"""Signs that turn the direction of what follows: with them a text shows something else than it says."""


class NotFromHere(Exception):
    """A form that this browser was not given, or that it was given too long ago."""


class TooLong(Exception):
    """A body that nobody types."""


class Form(NamedTuple):
    """The fields of a form as they were typed, cleaned; what is asked for and missing is empty.

    Attributes:
        fields: every value of every field, in their order.
        files: what was handed over in fields for files; the names that the files had are not looked at.
    """

    fields: Mapping[str, tuple[str, ...]]
    files: Mapping[str, bytes] = {}

    def text(self, name: str) -> str:
        """One value, without blanks around it."""
        return (self.fields.get(name) or ("",))[-1].strip()

    def line(self, name: str) -> str:
        """The same on one line."""
        return " ".join(self.text(name).split())

    def every(self, name: str) -> list[str]:
        """All values of a field with boxes to tick."""
        return [value for value in self.fields.get(name, ()) if value]

    def file(self, name: str) -> bytes:
        """What a file that was handed over holds; nothing where none was chosen."""
        return self.files.get(name, b"")

    def typed(self) -> dict[str, str]:
        """All that was typed, by the name of the field."""
        return {name: "\n".join(values) for name, values in self.fields.items() if name != TOKEN}


def clean(words: str) -> str:
    """What somebody typed, without signs that are no text: control signs, and those that turn its direction."""
    lines = words.replace("\r\n", "\n").replace("\r", "\n")
    kept = (sign for sign in lines if sign in KEPT_SIGNS or (unicodedata.category(sign) not in {"Cc", "Cs"}))
    return unicodedata.normalize("NFC", "".join(sign for sign in kept if sign not in TURNING))


async def form_of(visit: Visiting) -> Form:
    """The form that was sent.

    Raises:
        NotFromHere: this browser was not given it.
        TooLong: it is longer than anybody types.
        HTTPException: 400, it is no form.
    """
    request = visit.request
    try:
        sent = await _parsed(request)
        try:
            fields: dict[str, list[str]] = {}
            files: dict[str, bytes] = {}
            for name, value in sent.multi_items():
                if isinstance(value, str):
                    fields.setdefault(clean(name), []).append(clean(value))
                else:
                    files[clean(name)] = await value.read()
        finally:
            await sent.close()
    except (MultiPartException, UnicodeDecodeError, ValueError):
        raise HTTPException(400, "This is no form of these pages.") from None
    form = Form({name: tuple(values) for name, values in fields.items()}, files)
    request.state.typed = form.typed()  # whatever fails from here on, the page about it shows what was typed
    if not _given(visit, form.text(TOKEN)):
        raise NotFromHere
    return form


async def _parsed(request: Request) -> FormData:
    """The fields, read no further than they may be long."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    most = BODY_BYTES + FILE_BYTES if kind == WITH_FILES else BODY_BYTES
    if int(request.headers.get("content-length") or 0) > most:
        raise TooLong
    limits = {"max_fields": FIELDS, "max_part_size": BODY_BYTES}
    stream = _no_longer_than(most, request.stream())
    if kind == WITH_FILES:
        return await MultiPartParser(request.headers, stream, max_files=1, **limits).parse()
    return await FormParser(request.headers, stream, **limits).parse() if kind == WORDS else FormData()


async def _no_longer_than(most: int, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """What comes, whether its length was said beforehand or not."""
    read = 0
    async for part in stream:
        read += len(part)
        if read > most:
            raise TooLong
        yield part


def _given(visit: Visiting, token: str) -> bool:
    site = visit.request.headers.get("sec-fetch-site", "same-origin")
    return visit.keys.same(visit.form_token, token) and site in ("same-origin", "none")


Sent = Annotated[Form, Depends(form_of)]


# --- what a field must hold


class Faults(dict[str, str]):
    """What is wrong, by field, in plain words of one language; no field is said to be wrong twice."""

    def add(self, name: str, words: str) -> None:
        """This field is wrong; what was found first stays."""
        self.setdefault(name, words)


Words = Callable[..., str]
ENTER = later("Enter %(what)s")
CHOOSE = later("Choose %(what)s")
SHORTER = later("%(what)s must be %(most)s characters or fewer; it has %(count)s")
NO_DAY = later("%(what)s must be a real date, such as 27 3 2026")
NO_ADDRESS = later("%(what)s must be like name@example.org")
NO_TIME = later("%(what)s must be a time of day, such as 14:30")


def capital(words: str) -> str:
    """With a capital at its begin, as a sentence has it."""
    return words[:1].upper() + words[1:]


def read_text(form: Form, name: str, what: str, faults: Faults, say: Words, *, required: bool = True) -> str:
    """A text of several lines.

    Args:
        form: what was sent; name: of the field; what: what it is to hold, in the visitor's language.
        faults: gets what is wrong; say: says words in the visitor's language.
        required: whether it may not be empty.
    """
    return _measured(form.text(name), LONGEST_TEXT, name, what, faults, say, required)


def read_line(form: Form, name: str, what: str, faults: Faults, say: Words, *, required: bool = True) -> str:
    """A text of one line; arguments as for `read_text`."""
    return _measured(form.line(name), LONGEST_LINE, name, what, faults, say, required)


def read_email(form: Form, name: str, what: str, faults: Faults, say: Words, *, required: bool = True) -> str:
    """An e-mail address; arguments as for `read_text`."""
    words = read_line(form, name, what, faults, say, required=required)
    if words and not is_address(words):
        faults.add(name, say(NO_ADDRESS, what=capital(what)))
    return words


def _measured(words: str, most: int, name: str, what: str, faults: Faults, say: Words, required: bool) -> str:
    if not words and required:
        faults.add(name, say(ENTER, what=what))
    if len(words) > most:
        faults.add(name, say(SHORTER, what=capital(what), most=most, count=len(words)))
    return words


def read_choice(
    form: Form, name: str, options: Iterable[str], what: str, faults: Faults, say: Words, *, required: bool = True
) -> str:
    """One of these, or nothing; arguments as for `read_text`."""
    chosen = form.text(name)
    if chosen not in {*options}:
        if chosen or required:
            faults.add(name, say(CHOOSE, what=what))
        return ""
    return chosen


def read_choices(
    form: Form, name: str, options: Iterable[str], what: str, faults: Faults, say: Words, *, required: bool = True
) -> list[str]:
    """Some of these; arguments as for `read_text`."""
    known = {*options}
    chosen = form.every(name)
    if (not chosen and required) or not known.issuperset(chosen):
        faults.add(name, say(CHOOSE, what=what))
        return []
    return list(dict.fromkeys(chosen))


def read_file(form: Form, name: str, what: str, faults: Faults, say: Words) -> bytes:
    """A file; arguments as for `read_text`."""
    content = form.file(name)
    if not content:
        faults.add(name, say(CHOOSE, what=what))
    if len(content) > FILE_BYTES:
        raise TooLong
    return content


def read_day(form: Form, name: str, what: str, faults: Faults, say: Words, *, required: bool = True) -> date | None:
    """A date of three fields, `name-day`, `name-month`, `name-year`; arguments as for `read_text`."""
    parts = [form.line(f"{name}-{part}") for part in ("year", "month", "day")]
    if not any(parts):
        if required:
            faults.add(name, say(ENTER, what=what))
        return None
    try:
        day = date(*(int(part) for part in parts))
    except (ValueError, OverflowError):
        day = date.min
    if EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        return day
    faults.add(name, say(NO_DAY, what=capital(what)))
    return None


def read_moment(
    form: Form, name: str, what: str, faults: Faults, say: Words, *, required: bool = True
) -> datetime | None:
    """A date as `read_day` with a time of day in `name-time`, on the clocks of Europe/London."""
    day = read_day(form, name, what, faults, say, required=required)
    said = form.line(f"{name}-time")
    if day is None:
        if said:
            faults.add(name, say(ENTER, what=what))  # a time alone says nothing, and must not be passed over
        return None
    moment = _on_the_clock(day, _hour(said))
    if moment is None:
        faults.add(name, say(NO_TIME, what=capital(what)))
    return moment


def _on_the_clock(day: date, hour: str) -> datetime | None:
    """The moment at which the clocks of Europe/London show this hour; the first, where they show it twice."""
    try:
        moment = datetime.strptime(f"{day.isoformat()} {hour}", "%Y-%m-%d %H:%M").replace(tzinfo=LONDON)
    except ValueError:
        return None
    skipped = moment.astimezone(UTC).astimezone(LONDON).time() != moment.time()
    return None if skipped else moment


def _hour(said: str) -> str:
    """“9.30”, “9:30” and “0930” as “09:30”."""
    digits = said.replace(".", ":")
    if ":" not in digits and len(digits) in (3, 4):
        digits = f"{digits[:-2]}:{digits[-2:]}"
    hour, colon, minute = digits.partition(":")
    return f"{hour.zfill(2)}{colon}{minute}"
