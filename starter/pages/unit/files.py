"""Files that are handed over on a page: what is wrong with one, in plain words of the visitor's language."""

from collections.abc import Callable, Iterable

from protocols.errors import BadFile, FileFault
from records.csv_rows import File
from records.drafts import Draft
from starter.pages.forms import Faults, Form, read_file
from starter.pages.tongues import later
from starter.pages.visit import Visit

FILE = "file"
"""The field."""
LINES_SHOWN = 20
WHERE = later("Row %(row)s, column %(column)s: %(what)s")
ROW = later("Row %(row)s: %(what)s")
WHOLE = later("The file %(what)s")
MORE = later("And %(number)s more faults. Mend these first.")
WORDS = (
    later("the same as row %(first)s. Keep one of them."),
    later("is not UTF-8 text. Save it as “CSV UTF-8”."),
    later("is no CSV file (%(why)s). Save it as “CSV UTF-8”."),
    later("is missing. The columns are: %(columns)s"),
    later("is there twice. The columns are: %(columns)s"),
    later("is not known. The columns are: %(columns)s"),
    later("has %(cells)s cells, the header %(header)s. See to commas and quotes."),
    later("must be %(expected)s."),
    later("must be one line of at most 500 printable signs."),
    later("is empty."),
    later("may hold at most 40 letters without accents, figures, and . - _ between them."),
    later("is no mail address."),
    later("is no time with an offset, such as 2026-04-01T10:00:00+01:00."),
    later("lies outside the years 1900 to 2200."),
    later("is none of %(known)s."),
    later("is not the board that you load for. Take this row out."),
    later("is no role of any protocol. See the roles in docs/files.md."),
    later("is no agency that was loaded. Load agencies first."),
    later("is later than the meeting. Mend one of the two."),
    later("moves a meeting that lies ahead into the past. Give its new date, or cancel it."),
    later(
        "is not GOV.UK's list of bank holidays with the division %(division)s."
        " Load https://www.gov.uk/bank-holidays.json as it is."
    ),
)
"""All that the records find wrong with files, as it stands there."""


def what(visit: Visit, fault: FileFault) -> str:
    """What is wrong, without where."""
    return visit.say(fault.words, **fault.facts)


def handed_over(visit: Visit, form: Form, name: str, words: str, ahead: Callable[[File], object]) -> File | Faults:
    """The file of a form; or what is wrong with it.

    Args:
        visit: who hands it over.
        form: what came in.
        name: what the file is called from now on.
        words: what it should be, with its article.
        ahead: looks what it would do; raises `BadFile` where it cannot be loaded.
    """
    faults = Faults()
    file = File(name, read_file(form, FILE, words, faults, visit.say))
    if faults:
        return faults
    try:
        ahead(file)
    except BadFile as bad:
        return of_file(visit, bad)
    return file


def answer_of(file: File) -> dict[str, str]:
    """A file as an answer of a draft."""
    return {FILE: file.content.decode("utf-8-sig")}


def file_of(draft: Draft, name: str) -> File:
    """The file that a draft was begun with."""
    return File(name, str(draft.answers.get(FILE, "")).encode())


def of_file(visit: Visit, bad: BadFile) -> Faults:
    """What is wrong with a file, each place a line: the first ones, and how many more there are."""
    faults = Faults()
    for number, fault in enumerate(bad.faults[:LINES_SHOWN]):
        faults.add(FILE if not number else f"{FILE}-{number}", _line(visit, fault))
    if len(bad.faults) > LINES_SHOWN:
        faults.add(f"{FILE}-more", visit.say(MORE, number=len(bad.faults) - LINES_SHOWN))
    return faults


def of_row(visit: Visit, bad: BadFile, labels: Iterable[tuple[str, str]]) -> Faults:
    """What is wrong with the one row that a form makes, by field; `labels` are pairs of column and words."""
    faults, known = Faults(), dict(labels)
    for fault in bad.faults:
        name = fault.column if fault.column in known else next(iter(known))
        faults.add(name, f"{known[name]}: {what(visit, fault)}")
    return faults


def _line(visit: Visit, fault: FileFault) -> str:
    said = what(visit, fault)
    if fault.column:
        return visit.say(WHERE, row=fault.row, column=fault.column, what=said)
    return visit.say(ROW, row=fault.row, what=said) if fault.row else visit.say(WHOLE, what=said)
