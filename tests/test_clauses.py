"""Every clause has a test that names it, and the document that shows which is current."""

import re
from pathlib import Path

import pytest

from tests.clauses import CLAUSES, COMMON, DOCUMENT, Held, document, marked_tests, without_test

HELD = marked_tests()


def test_the_document_is_current() -> None:
    """`docs/clauses.md` is what `make clauses` writes from the tests as they stand."""
    assert document(HELD) == DOCUMENT.read_text(encoding="utf-8"), "run `make clauses`"


def test_every_clause_has_a_test() -> None:
    """Each clause of both protocols and each common rule has at least one test."""
    assert [] == without_test(HELD)


@pytest.mark.parametrize("test", HELD, ids=lambda test: test.test)
def test_each_marked_test_names_its_clauses(test: Held) -> None:
    """A mark names clauses of the list; a test of a clause carries its number in the name; each says what happens."""
    assert [] == [clause for clause in test.clauses if clause not in CLAUSES]
    numbers = [
        clause.partition(" ")[2].lower().replace(".", "_").replace(" ", "_")
        for clause in test.clauses
        if clause not in COMMON
    ]
    names = tuple(f"test_{number}_" for number in numbers) or ("test_",)
    assert test.test.startswith(names)
    assert re.fullmatch(r"[^ ].*[.]", test.what), "the docstring is one sentence"


def test_the_marks_of_a_file_are_read(tmp_path: Path) -> None:
    """Marks are read from functions, async functions and methods, from a list by name, and several at once."""
    (tmp_path / "test_made_up.py").write_text(
        'CLAUSES = ["gwent 3.1", "gwent 3.2"]\n'
        "@pytest.mark.clause(*CLAUSES, 'common times')\n"
        'def test_3_1_one():\n    """Once upon\n    a time.\n\n    More."""\n'
        "class TestTwo:\n"
        "    @pytest.mark.clause('gwent 3.3')\n"
        '    async def test_3_3_two(self):\n        """Twice."""\n'
        'def test_three():\n    """Unmarked."""\n'
    )
    file = "tests/test_made_up.py"
    assert [
        Held(("gwent 3.1", "gwent 3.2", "common times"), "Once upon a time.", "test_3_1_one", file),
        Held(("gwent 3.3",), "Twice.", "test_3_3_two", file),
    ] == marked_tests(tmp_path)
    lacking = without_test(marked_tests(tmp_path))
    assert "gwent 3.4" in lacking
    assert "gwent 3.1" not in lacking
