"""The house stands as `DESIGN.md` draws it: every arrow points down, and files stay small enough to read."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("protocols", "workflows", "activities", "records", "starter", "templates", "bench", "faults", "examples")
ALONE = ("worker", "settings")
OURS = {*PACKAGES, *ALONE, "tests"}
FILE_LINES, FUNCTION_LINES = 350, 45
MIGRATIONS = "records/migrations/versions"
"""A migration is written once, table after table, and never changed: it may be as long as the tables are many."""


def files(root: Path, *packages: str) -> list[Path]:
    """The Python files of these packages, and of modules that stand alone at the top."""
    alone = [root / f"{package}.py" for package in packages]
    return sorted([f for p in packages for f in (root / p).rglob("*.py")] + [f for f in alone if f.exists()])


def imported(file: Path) -> set[str]:
    """The top-level names that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." if node.level else (node.module or "").partition(".")[0])
    return names


def upward(root: Path, package: str, allowed: set[str]) -> list[str]:
    """What a package imports of ours and should not."""
    return [
        f"{file.relative_to(root)} imports {name}"
        for file in files(root, package)
        for name in sorted((imported(file) & (OURS | {"."})) - allowed)
    ]


ARROWS = [
    ("protocols", {"protocols"}),
    ("workflows", {"protocols", "workflows", "activities"}),
    ("records", {"protocols", "records"}),
    ("activities", {"protocols", "records", "activities", "settings", "templates"}),
    ("starter", {"protocols", "workflows", "records", "starter", "settings", "templates", "worker"}),
    ("settings", {"protocols"}),
]


@pytest.mark.parametrize(("package", "allowed"), ARROWS, ids=[package for package, _ in ARROWS])
def test_every_arrow_points_down(package: str, allowed: set[str]) -> None:
    """A package imports of ours only what stands below it; `worker.py` alone puts all parts together."""
    assert files(ROOT, package)
    assert [] == upward(ROOT, package, allowed)


def test_a_door_names_the_worker_only_where_a_command_runs_it() -> None:
    """Only the commands that run the parts of a deployment load the worker, and only once they are called."""
    naming = {file for file in files(ROOT, "starter") if "worker" in imported(file)}
    assert {"cli_parts.py"} == {file.name for file in naming}
    top = [ast.unparse(node) for file in naming for node in ast.parse(file.read_text(encoding="utf-8")).body]
    assert [] == [line for line in top if line.startswith(("import worker", "from worker"))]


def test_the_protocols_need_nothing_but_the_standard_library_and_pydantic() -> None:
    """`protocols` can be read, tested and carried elsewhere without engine, database or network."""
    known = sys.stdlib_module_names | {"pydantic", "pydantic_core", "protocols"}
    strangers = {
        f"{file.relative_to(ROOT)} imports {name}"
        for file in files(ROOT, "protocols")
        for name in imported(file) - known
    }
    assert set() == strangers


PROTOCOLS = {"gwent", "cwm-taf-morgannwg"}
"""Their names as code would write them."""
OWN = {"protocols/gwent.py", "protocols/cwm_taf_morgannwg.py"}
MODULES = {
    f"{package}.{module}{part}"
    for module in ("gwent", "cwm_taf_morgannwg")
    for package, part in (("protocols", ""), ("protocols", "_access"), ("workflows", ""))
}


def knowing_a_protocol(root: Path, *packages: str) -> set[str]:
    """The files that name a protocol in code, or import what is one protocol's own."""
    knowing = set()
    for file in files(root, *packages):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = {alias.name for alias in node.names} if isinstance(node, ast.Import | ast.ImportFrom) else set()
            from_ = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            modules = {f"{from_}{name}" for name in names} | {from_.rstrip(".")}
            if modules & MODULES or (isinstance(node, ast.Constant) and node.value in PROTOCOLS):
                knowing.add(file.relative_to(root).as_posix())
    return knowing


def test_no_file_knows_a_protocol_by_name_but_its_own_and_one_registry() -> None:
    """A third protocol is files of its own and one entry in the registry."""
    product = ("protocols", "workflows", "activities", "records", "starter", "worker", "settings")
    own = {name for name in knowing_a_protocol(ROOT, *product) if "gwent" in name or "cwm_taf_morgannwg" in name}
    assert {"workflows/registry.py"} == knowing_a_protocol(ROOT, *product) - own
    assert own >= OWN


CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.monotonic"}


def asks_the_time(root: Path, package: str) -> list[str]:
    """Where a package asks what time it is."""
    return [
        f"{file.relative_to(root)}:{node.lineno}"
        for file in files(root, package)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in CLOCKS
    ]


@pytest.mark.parametrize("package", ["protocols", "workflows"])
def test_no_rule_asks_what_time_it_is(package: str) -> None:
    """The workflow's clock is the only clock: rules and flows take the time as an argument."""
    assert [] == asks_the_time(ROOT, package)


def test_no_module_at_the_top_is_named_like_one_of_the_standard_library() -> None:
    """A package or module called `calendar` would hide the standard one."""
    packages = [folder.name for folder in ROOT.iterdir() if any(folder.glob("*.py"))]
    modules = [file.stem for file in ROOT.glob("*.py")]
    assert [] == [name for name in (*packages, *modules) if name in sys.stdlib_module_names]


def too_long(root: Path, *packages: str) -> list[str]:
    """Files and functions that nobody can read beside a document any more; `run` of a protocol may be longer."""
    found = []
    for file in files(root, *packages):
        name, text = file.relative_to(root).as_posix(), file.read_text(encoding="utf-8")
        if name.startswith(MIGRATIONS):
            continue
        if (lines := text.count("\n")) > FILE_LINES:
            found.append(f"{name}: {lines} lines")
        found += [f"{name}: {function} has {lines} lines" for function, lines in _functions(text) if function != "run"]
    return found


def _functions(text: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield node.name, lines


def test_files_and_functions_stay_short() -> None:
    """No file has more than 350 lines, no function more than 45; tests, migrations and a protocol's `run` aside."""
    assert [] == too_long(ROOT, *PACKAGES, *ALONE)


LEFT_OUT = {"skip", "skipif", "xfail", "importorskip"}


def left_out(folder: Path) -> list[str]:
    """Where a test is skipped or expected to fail."""
    return [
        f"{file.name}:{node.lineno} {node.attr}"
        for file in sorted(folder.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in LEFT_OUT
        and ast.unparse(node.value) in {"pytest", "pytest.mark", "mark"}
    ]


def test_no_test_is_left_out() -> None:
    """No test is skipped or expected to fail: what does not hold is mended."""
    assert [] == left_out(ROOT / "tests")


def test_what_breaks_the_house_is_found(tmp_path: Path) -> None:
    """In a made-up house each kind of fault is found and named."""
    made = {
        "protocols/a.py": "def f():\n    from records.cases import x\nimport temporalio\nfrom . import b\n",
        "workflows/b.py": "from datetime import datetime\nnow = datetime.now()\nimport starter.cli\n",
        "starter/c.py": "if True:\n    import activities\n" + "\n" * 350,
        "activities/d.py": "def run():\n" + "    x = 1\n" * 60 + "def long():\n" + "    x = 1\n" * 45,
        "tests/test_e.py": "@pytest.mark.skip\ndef test_e():\n    pytest.importorskip('x')\n",
    }
    for name, text in made.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    arrows = dict(ARROWS)
    assert ["protocols/a.py imports .", "protocols/a.py imports records"] == upward(
        tmp_path, "protocols", arrows["protocols"]
    )
    assert ["workflows/b.py imports starter"] == upward(tmp_path, "workflows", arrows["workflows"])
    assert ["starter/c.py imports activities"] == upward(tmp_path, "starter", arrows["starter"])
    assert "temporalio" in imported(tmp_path / "protocols/a.py")
    assert ["workflows/b.py:2"] == asks_the_time(tmp_path, "workflows")
    assert ["activities/d.py: long has 46 lines", "starter/c.py: 352 lines"] == too_long(tmp_path, *PACKAGES)
    assert ["test_e.py:1 skip", "test_e.py:3 importorskip"] == left_out(tmp_path / "tests")
