"""The rows of a CSV file that a board loads: read whole, every fault with its row and column, or nothing."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from protocols.errors import BadFile, FileFault

R = TypeVar("R", bound=BaseModel)
HEADER = 1


class Fault(NamedTuple):
    """A column, and what is wrong with it, with places for the facts."""

    column: str
    words: str
    facts: Mapping[str, Any] = {}


class File(NamedTuple):
    """What a board hands over: the name by which faults speak of it, and its bytes."""

    name: str
    content: bytes


def opened(file: Path | File) -> File:
    """The file with its content.

    Raises:
        BadFile: it cannot be read.
    """
    if isinstance(file, File):
        return file
    try:
        return File(file.name, file.read_bytes())
    except OSError as fault:
        raise BadFile(f"{file}: cannot be read ({fault.strerror}). Name a file that can.") from None


def one_row(name: str, values: Mapping[str, str]) -> File:
    """A file of one row, as a board would write it; read like any other."""
    written = StringIO()
    lines = csv.writer(written)
    lines.writerow(values)
    lines.writerow(values.values())
    return File(name, written.getvalue().encode())


def read_rows(
    file: Path | File,
    row: type[R],
    key: Callable[[R], tuple[str, ...]],
    check: Callable[[R], Iterator[Fault]] = lambda _: iter(()),
) -> list[R]:
    """Every row of a file, by the model whose fields are its columns; fields with a default may be left out.

    Args:
        file: UTF-8, with or without BOM, with a header row.
        row: the columns.
        key: what tells two rows apart.
        check: what is wrong with a row in the light of what was loaded before.

    Raises:
        BadFile: every fault, a line each.
    """
    given = opened(file)
    lines = _lines(given)
    names = [name.strip() for name in lines[0]] if lines else []
    if faults := list(_header_faults(given.name, names, row)):
        raise BadFile(*faults)
    rows: list[R] = []
    seen: dict[tuple[str, ...], int] = {}
    for number, cells in enumerate(lines[HEADER:], start=HEADER + 1):
        if not any(cell.strip() for cell in cells):
            continue
        found, wrong = _read(given.name, number, names, cells, row)
        faults += wrong
        if found is None:
            continue
        faults += (FileFault(given.name, one.words, number, one.column, one.facts) for one in check(found))
        if (first := seen.setdefault(key(found), number)) != number:
            faults.append(FileFault(given.name, TWICE, number, facts={"first": first}))
        rows.append(found)
    if faults:
        raise BadFile(*faults)
    return rows


TWICE = "the same as row %(first)s. Keep one of them."
NO_TEXT = "is not UTF-8 text. Save it as “CSV UTF-8”."
NO_CSV = "is no CSV file (%(why)s). Save it as “CSV UTF-8”."
MISSING = "is missing. The columns are: %(columns)s"
REPEATED = "is there twice. The columns are: %(columns)s"
UNKNOWN = "is not known. The columns are: %(columns)s"
CELLS = "has %(cells)s cells, the header %(header)s. See to commas and quotes."
MUST_BE = "must be %(expected)s."


def _lines(file: File) -> list[list[str]]:
    try:
        return list(csv.reader(StringIO(file.content.decode("utf-8-sig"), newline=""), strict=True))
    except UnicodeDecodeError:
        raise BadFile(FileFault(file.name, NO_TEXT)) from None
    except csv.Error as fault:
        raise BadFile(FileFault(file.name, NO_CSV, facts={"why": fault})) from None


def _header_faults(file: str, names: list[str], row: type[BaseModel]) -> Iterator[FileFault]:
    known = [field.alias or name for name, field in row.model_fields.items()]
    wanted = [field.alias or name for name, field in row.model_fields.items() if field.is_required()]
    columns = {"columns": ",".join(known)}
    for name in wanted:
        if name not in names:
            yield FileFault(file, MISSING, HEADER, name, columns)
    for name in names:
        if name and (name not in known or names.count(name) > 1):
            yield FileFault(file, REPEATED if name in known else UNKNOWN, HEADER, name, columns)


def _read(
    file: str, number: int, names: list[str], cells: Sequence[str], row: type[R]
) -> tuple[R | None, list[FileFault]]:
    if len(cells) < len(names) or any(cell.strip() for cell in cells[len(names) :]):
        counted = {"cells": len(cells), "header": len(names)}
        return None, [FileFault(file, CELLS, number, facts=counted)]
    values = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}
    try:
        return row.model_validate(values), []
    except ValidationError as fault:
        return None, [FileFault(file, _words(one), number, _column(one), _facts(one)) for one in fault.errors()]


def _column(error: Any) -> str:
    return str(error["loc"][0]) if error["loc"] else ""


def _words(error: Any) -> str:
    """What is wrong, never the cell itself: it may hold a name."""
    own = error.get("ctx", {}).get("error")
    if own is not None:
        return f"{own}."
    return MUST_BE if error["type"] == "literal_error" else f"{error['msg']}."


def _facts(error: Any) -> dict[str, Any]:
    return {"expected": error["ctx"]["expected"]} if error["type"] == "literal_error" else {}
