"""The rows of a CSV file that a board loads: read whole, every fault with its row and column, or nothing."""

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from protocols.errors import BadFile

R = TypeVar("R", bound=BaseModel)
Fault = tuple[str, str]
"""A column, and what is wrong with it."""

HEADER = 1


def read_rows(
    path: Path,
    row: type[R],
    key: Callable[[R], tuple[str, ...]],
    check: Callable[[R], Iterator[Fault]] = lambda _: iter(()),
) -> list[R]:
    """Every row of a file, by the model whose fields are its columns; fields with a default may be left out.

    Args:
        path: UTF-8, with or without BOM, with a header row.
        row: the columns.
        key: what tells two rows apart.
        check: what is wrong with a row in the light of what was loaded before.

    Raises:
        BadFile: every fault, a line each.
    """
    lines = _lines(path)
    names = [name.strip() for name in lines[0]] if lines else []
    if faults := list(_header_faults(path, names, row)):
        raise BadFile(*faults)
    rows: list[R] = []
    seen: dict[tuple[str, ...], int] = {}
    for number, cells in enumerate(lines[HEADER:], start=HEADER + 1):
        if not any(cell.strip() for cell in cells):
            continue
        found, wrong = _read(path, number, names, cells, row)
        faults += wrong
        if found is None:
            continue
        faults += (f"{path.name}, row {number}, column {column}: {what}" for column, what in check(found))
        if (first := seen.setdefault(key(found), number)) != number:
            faults.append(f"{path.name}, row {number}: the same as row {first}. Keep one of them.")
        rows.append(found)
    if faults:
        raise BadFile(*faults)
    return rows


def _lines(path: Path) -> list[list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file, strict=True))
    except OSError as fault:
        raise BadFile(f"{path}: cannot be read ({fault.strerror}). Name a file that can.") from None
    except UnicodeDecodeError:
        raise BadFile(f"{path.name}: is not UTF-8 text. Save it as “CSV UTF-8”.") from None
    except csv.Error as fault:
        raise BadFile(f"{path.name}: is no CSV file ({fault}). Save it as “CSV UTF-8”.") from None


def _header_faults(path: Path, names: list[str], row: type[BaseModel]) -> Iterator[str]:
    known = [field.alias or name for name, field in row.model_fields.items()]
    wanted = [field.alias or name for name, field in row.model_fields.items() if field.is_required()]
    for name in wanted:
        if name not in names:
            yield f"{path.name}, row {HEADER}, column {name}: is missing. The columns are: {','.join(known)}"
    for name in names:
        if name and (name not in known or names.count(name) > 1):
            what = "is there twice" if name in known else "is not known"
            yield f"{path.name}, row {HEADER}, column {name}: {what}. The columns are: {','.join(known)}"


def _read(path: Path, number: int, names: list[str], cells: Sequence[str], row: type[R]) -> tuple[R | None, list[str]]:
    where = f"{path.name}, row {number}"
    if len(cells) < len(names) or any(cell.strip() for cell in cells[len(names) :]):
        return None, [f"{where}: has {len(cells)} cells, the header {len(names)}. See to commas and quotes."]
    values = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}
    try:
        return row.model_validate(values), []
    except ValidationError as fault:
        return None, [f"{where}, column {_column(error)}: {_words(error)}" for error in fault.errors()]


def _column(error: Any) -> str:
    return str(error["loc"][0]) if error["loc"] else ""


def _words(error: Any) -> str:
    """What is wrong, never the cell itself: it may hold a name."""
    own = error.get("ctx", {}).get("error")
    if own is not None:
        return f"{own}."
    if error["type"] == "literal_error":
        return f"must be {error['ctx']['expected']}."
    return f"{error['msg']}."
