"""Which test holds which clause: `python -m tests.clauses` writes `docs/clauses.md` from the tests themselves.

A test of a clause is marked `@pytest.mark.clause("gwent 3.6")` and named by it (`test_3_6_…`); one of a common rule
is marked `@pytest.mark.clause("common times")`. The tests are read, not imported.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).parent
DOCUMENT = TESTS.parent / "docs" / "clauses.md"

GWENT = {
    "gwent 1.1": "Only where a Duty to Report was submitted",
    "gwent 1.2": "What differences are most often about",
    "gwent 1.6": "An informal attempt first; Multi-Agency Supervision for a child on the register",
    "gwent 1.7": "The raising agency tells the local authority that it invokes the protocol",
    "gwent 2.5": "The outcome that is sought",
    "gwent 3.1": "Between the practitioners",
    "gwent 3.2": "Between the line managers",
    "gwent 3.3": "In writing to the Team Manager within 5 working days",
    "gwent 3.4": "A multi-agency meeting, and who chairs it",
    "gwent 3.5": "The meeting resolves the difference, or not",
    "gwent 3.6": "The Service Manager is informed within 48 hours, and a review requested",
    "gwent 3.7": "The criteria of a review",
    "gwent 3.8": "The decision within 5 working days, and an independent reviewer",
    "gwent 3.9": "The review, with the practitioners",
    "gwent 3.10": "The report",
    "gwent 3.11": "Feedback",
    "gwent 3.11 note": "Discussions are recorded, minutes go to those who attended",
}
"""The clauses of spec 2."""

CTM = {
    "ctm S": "Scope: is this the right procedure, where to go instead, at which stage a case begins",
    "ctm 1": "Stage 1: between the managers, within 5 working days",
    "ctm 2": "Stage 2: the responses within 10 working days, the QA Sub Group at its next meeting",
    "ctm 3": "Stage 3: the Co-Chair's decision within 5 days, the review, the Board, the learning",
    "ctm M": "Monitoring: the register of the Business Unit, each agency's own use",
}
"""The clauses of spec 3: the text has no numbers but those of its stages."""

COMMON = {
    "common edition": "Words: a case keeps the edition that it began under",
    "common role": "Words: the process knows roles; who holds one is looked up when a message is sent",
    "common local target": "Words: a local target is never called a deadline of the protocol",
    "common times": "Times: `at` and `sent_at`, and what is refused as too early or too late",
    "common late-recorded": "Times: an entry recorded late is marked",
    "common in time": "Times: in time is at or before the due time, whichever wake-up came first",
    "common working day": "Clocks: Monday to Friday, no bank holiday of England and Wales",
    "common limits": "Clocks: working days, days and hours",
    "common explanation": "Clocks: every due time can explain itself",
    "common clock states": "Clocks: running, met in time or late, closed",
    "common reminders": "Clocks: when a protocol limit is reminded, and whom",
    "common overdue": "Clocks: overdue at the due time, then chasers",
    "common local targets": "Clocks: a local target has one reminder and no chasers",
    "common next meeting": "Clocks: the next meeting of a group",
    "common lateness": "Clocks: lateness alone does not move a case, silence never closes one",
    "common calendar": "Clocks: the calendar may change under a running case",
    "common a stopped worker delays, never loses": "Clocks: a stopped worker, database or mail server",
    "common with no Temporal a raise and a signal are kept": "Clocks: what a door cannot deliver is kept",
    "common order of what is kept": "Clocks: a door first delivers what is kept for the case",
    "common the same case file is asked about": "The same case file again within a day is not started twice",
    "common one recipient": "Mail: one recipient a message, both languages, roles of one person together",
    "common mail cannot carry case detail": "Mail: a closed list of what it may say",
    "common identity": "Mail: a notice is sent once, and a retry is the same message",
    "common mail order": "Mail: in order, never holding up the process; superseded reminders are not sent",
    "common undelivered": "Mail: refused or vacant, it goes to the deputy, else to the Business Unit",
    "common immediate action": "Any time: immediate action",
    "common discussion": "Any time: a discussion is recorded",
    "common role changed": "Any time: another person holds a role",
    "common agency added": "Any time: one more agency",
    "common corrected": "Any time: a signal is corrected",
    "common withdrawn": "Any time: the raising agency withdraws",
    "common reopened": "Any time: an ended case is opened again",
    "common who may resolve": "Only the agency that raised a case accepts; others propose",
    "common on behalf": "The Business Unit enters a signal for another role",
    "common ending": "Ending: outcome, feedback and minutes before the end",
    "common a signal that does not fit": "A signal that does not fit changes nothing, and is told why in a fixed order",
    "common judged one at a time": "Signals are judged one at a time, each after what the one before set off",
    "common one click never moves two stages": "A signal names the stage and the turn that it answers",
    "common an accepted id counts once": "An accepted id counts once, for good; a refused one is judged anew",
    "common append-only": "What is kept: append-only entries, chained within a case",
    "common what is kept": "What is kept: names and free text stand in the records and nowhere else",
}
"""The rules of spec 1, one a paragraph or row."""

CLAUSES: Mapping[str, str] = {**GWENT, **CTM, **COMMON}
"""All that must have a test."""


class Held(NamedTuple):
    """A test that holds clauses.

    Attributes:
        clauses: as the mark names them.
        what: the sentence of its docstring.
        test: its name; file: from the root of the checkout.
    """

    clauses: tuple[str, ...]
    what: str
    test: str
    file: str


def marked_tests(folder: Path = TESTS) -> list[Held]:
    """Every marked test below `folder`, in the order of files and lines."""
    return [held for file in sorted(folder.rglob("test_*.py")) for held in _held(file, folder)]


def _held(file: Path, folder: Path) -> Iterator[Held]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    constants, place = _constants(tree), f"tests/{file.relative_to(folder).as_posix()}"
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for test in sorted(functions, key=lambda function: function.lineno):
        clauses = _clauses_of(test, constants)
        if clauses and test.name.startswith("test_"):
            yield Held(clauses, _first_sentence(ast.get_docstring(test)), test.name, place)


def _constants(tree: ast.Module) -> dict[str, list[str]]:
    """Lists of words at the top of a file, which a mark may name (`clause(*CLAUSES)`)."""
    return {
        target.id: [e.value for e in node.value.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)]
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List | ast.Tuple)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _clauses_of(test: ast.FunctionDef | ast.AsyncFunctionDef, constants: dict[str, list[str]]) -> tuple[str, ...]:
    names: list[str] = []
    for mark in test.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.clause":
            for argument in mark.args:
                if isinstance(argument, ast.Starred) and isinstance(argument.value, ast.Name):
                    names += constants[argument.value.id]
                else:
                    names.append(str(ast.literal_eval(argument)))
    return tuple(names)


def _first_sentence(docstring: str | None) -> str:
    return " ".join((docstring or "").partition("\n\n")[0].split())


def without_test(held: list[Held]) -> list[str]:
    """The clauses and rules that no test holds."""
    tested = {clause for test in held for clause in test.clauses}
    return [clause for clause in CLAUSES if clause not in tested]


def document(held: list[Held]) -> str:
    """The text of `docs/clauses.md`."""
    lines = [
        "# Which test holds which clause",
        "",
        "Made from the tests by `make clauses`; do not edit. Each line of a table is one test: what happens is the",
        "sentence that the test itself states, and the test fails if it does not happen.",
    ]
    parts = (
        ("Gwent: Resolving Practitioner Differences", GWENT),
        ("Cwm Taf Morgannwg: Concerns Regarding Inter-Agency Safeguarding Practice", CTM),
        ("What both protocols share", COMMON),
    )
    for title, clauses in parts:
        lines += ["", f"## {title}"]
        for clause, about in clauses.items():
            lines += ["", f"### {clause.partition(' ')[2]}: {about}", ""]
            lines += _table([test for test in held if clause in test.clauses])
    return "\n".join(lines) + "\n"


def _table(tests: list[Held]) -> list[str]:
    if not tests:
        return ["No test yet."]
    rows = [f"| {_cell(test.what)} | [`{test.test}`](../{test.file}) |" for test in tests]
    return ["| what happens | test |", "|---|---|", *rows]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write the document, and say what has no test."""
    held = marked_tests()
    DOCUMENT.write_text(document(held), encoding="utf-8")
    lacking = without_test(held)
    said = f"without a test: {', '.join(lacking)}" if lacking else "every clause has a test"
    sys.stderr.write(f"{DOCUMENT.name}: {len(held)} tests; {said}\n")


if __name__ == "__main__":
    main()
