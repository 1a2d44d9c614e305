"""The timetable as a picture: whole, readable without colours, and for a screen reader."""

import json
import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.starter.script import datrys

FRIDAY_BEFORE_CHRISTMAS = "2026-12-18T15:00"
SVG = "{http://www.w3.org/2000/svg}"
NARROWEST_SIGN = 5
"""No sign of 12 pixels in Arial takes less on average; a text that fits by this measure is at least not cut in half."""


def picture(file: Path, starts: str = FRIDAY_BEFORE_CHRISTMAS) -> ElementTree.Element:
    """It is drawn, and nothing else is said."""
    assert (0, "", "") == datrys("timetable", "gwent", "--from", starts, "--svg", file)
    return ElementTree.fromstring(file.read_text(encoding="utf-8"))  # noqa: S314 - our own file


def test_the_picture_shows_every_clock_with_its_days_and_cuts_nothing_off(tmp_path: Path) -> None:
    """Label, due time and kind of every clock stand within the picture; counted days are numbered in their columns."""
    drawn = picture(tmp_path / "t.svg")
    width = float(drawn.attrib["width"])
    texts = drawn.findall(f".//{SVG}g/{SVG}text")
    labels = [text for text in texts if text.get("text-anchor") == "end"]
    dues = [text.text for text in texts if text.get("text-anchor") is None]
    assert 12 == len(labels) == len(dues)
    assert "Tue 29 Dec 2026 17:00 (protocol limit)" == dues[0]
    assert "Wed 20 Jan 2027 17:00 (local target)" == dues[9]
    assert [] == [text.text for text in labels if float(text.attrib["x"]) < len(text.text or "") * NARROWEST_SIGN]
    starts = [text for text in drawn.iter(f"{SVG}text") if text.get("text-anchor") is None]
    ends = [float(text.attrib["x"]) + len(text.text or "") * NARROWEST_SIGN for text in starts]
    assert width >= max(ends)


def test_the_picture_can_be_heard_and_read_without_colours(tmp_path: Path) -> None:
    """A screen reader hears every due time; each day says what it is; kinds differ in more than their colour."""
    drawn = picture(tmp_path / "t.svg")
    described = drawn.findtext(f"{SVG}desc") or ""
    assert "title desc" == drawn.get("aria-labelledby")
    assert "every clock from Friday 18 December 2026, 15:00" in (drawn.findtext(f"{SVG}title") or "")
    assert 12 == described.count("(protocol limit)") + described.count("(local target)")
    said = [title.text for title in drawn.iter(f"{SVG}title")]
    assert "Friday 25 December 2026: bank holiday" in said
    assert "Tuesday 29 December 2026: working day 5 of 5" in said


@pytest.mark.parametrize("day", [23, 24, 25, 26, 31])
def test_the_names_of_two_months_do_not_stand_in_one_another(tmp_path: Path, day: int) -> None:
    """At the end of a month the name of the next one alone is shown."""
    texts = list(picture(tmp_path / "t.svg", f"2026-12-{day}T15:00").iter(f"{SVG}text"))
    months = [text for text in texts if re.fullmatch(r"[A-Z][a-z]+ 20\d\d", text.text or "")]
    places = [(float(text.attrib["x"]), len(text.text or "") * 6.8) for text in months]
    assert [] == [x for (x, wide), (following, _) in pairwise(places) if x + wide > following]
    assert "January 2027" == months[-1].text


def test_picture_and_json_come_together(tmp_path: Path) -> None:
    """Who asks for both gets both."""
    said = datrys("timetable", "gwent", "--from", FRIDAY_BEFORE_CHRISTMAS, "--json", "--svg", tmp_path / "t.svg")
    assert 12 == len(json.loads(said.out))
    assert (tmp_path / "t.svg").exists()
