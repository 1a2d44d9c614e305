"""What the pages are dressed with: nothing that belongs to GOV.UK alone, nothing loaded from elsewhere, one version."""

import json
import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent
ASSETS = ROOT / "starter" / "pages" / "assets"
LOADED = ["datrys.css", "favicon.svg", "govuk-frontend.min.js", "start.js"]
"""What a browser loads."""
WITH_IT = ["LICENCE-govuk-frontend.txt", "README.md"]
RESERVED = re.compile(r"gds.?transport|crown|crest|fonts/|@font-face", re.IGNORECASE)
"""What belongs to GOV.UK, and no service outside it may use."""
ELSEWHERE = re.compile(
    r"""(?:url\(\s*|@import\s*|\bimport\b[^;]*?|\bfrom\s*|\bsrc\s*=\s*|\bhref\s*=\s*)['"]?\s*(?:https?:|//)"""
    r"""|sourceMappingURL|fetch\(|XMLHttpRequest|sendBeacon""",
)
"""What would make a browser ask somebody; a namespace and a selector such as `[href^="http://"]` do not."""
ADDRESS = re.compile(r"""https?:[^\s"')]*""")
NAMES = {"http://www.w3.org/2000/svg", "http://", "https://"}
"""Of the addresses in the files: a namespace, and what links are told apart by in print."""


def text(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def version() -> str:
    """The version of govuk-frontend that the files are to be made of."""
    package = json.loads((ROOT / "assets" / "package.json").read_text(encoding="utf-8"))
    return str(package["devDependencies"]["govuk-frontend"])


def test_all_of_it_is_there() -> None:
    """Each file, and no other, is named in the README beside it."""
    assert sorted(LOADED + WITH_IT) == sorted(file.name for file in ASSETS.iterdir())
    assert sorted({*LOADED, *WITH_IT} - {"README.md"}) == sorted(re.findall(r"^\| `([^`]+)`", text("README.md"), re.M))


@pytest.mark.parametrize("name", LOADED)
def test_nothing_belongs_to_gov_uk_alone(name: str) -> None:
    """Neither its font, nor the crown, nor the crest."""
    assert [] == RESERVED.findall(text(name))


@pytest.mark.parametrize("name", LOADED)
def test_nothing_is_loaded_from_elsewhere(name: str) -> None:
    """No address of a file outside, no source map that is not there, and no script that asks for anything."""
    assert [] == ELSEWHERE.findall(text(name))
    assert NAMES >= set(ADDRESS.findall(text(name)))


def test_what_would_be_found() -> None:
    """The patterns find what they are for."""
    for found in (
        "url(https://a.invalid/x.woff)",
        "url('//a.invalid/x')",
        '@import "https://a.invalid"',
        'import{a}from"https://a.invalid/a.js"',
        'import "//a.invalid/a.js"',
        "<img src='https://a.invalid'>",
        "//# sourceMappingURL=a.map",
    ):
        assert ELSEWHERE.search(found), found
    for found in ("GDS Transport", "govuk-footer__crown", "/assets/fonts/light.woff2", "govuk-crest.svg"):
        assert RESERVED.search(found), found


def test_the_styles_name_no_font_but_arial() -> None:
    """It is on every machine; `inherit` and `monospace` aside."""
    families = set(re.findall(r"font-family:\s*([^;}]+)", text("datrys.css")))
    assert {"arial,sans-serif"} == families - {"inherit", "monospace,monospace"}


def test_one_version_throughout() -> None:
    """The files say the version that `assets/package.json` names exactly, as do the lock file and the README."""
    lock = json.loads((ROOT / "assets" / "package-lock.json").read_text(encoding="utf-8"))
    assert {version()} == {
        *re.findall(r'--govuk-frontend-version:\s*"([^"]+)"', text("datrys.css")),
        *re.findall(r'const version="([^"]+)"', text("govuk-frontend.min.js")),
        *re.findall(r"govuk-frontend (\d[\d.]*\d)", text("README.md")),
        lock["packages"]["node_modules/govuk-frontend"]["version"],
    }


def test_the_lock_file_names_no_place_to_download_from() -> None:
    """Each package has its hash instead."""
    lock = json.loads((ROOT / "assets" / "package-lock.json").read_text(encoding="utf-8"))
    packages = [package for name, package in lock["packages"].items() if name]
    assert packages
    assert all("integrity" in package and "resolved" not in package for package in packages)


def test_they_are_in_the_wheel(tmp_path: Path) -> None:
    """Whoever installs Datrys has them without a build step."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    with ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        packed = wheel.namelist()
    assert {f"starter/pages/assets/{name}" for name in LOADED + WITH_IT} <= set(packed)
