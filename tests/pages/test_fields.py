"""The fields that forms are made of: words and faults are tied to them, and nothing is chosen beforehand."""

import pytest
from lxml import html as lxml_html  # type: ignore[import-untyped]

from starter.pages.forms import Faults, Form, read_moment
from starter.pages.rendering import _environment
from starter.pages.tongues import tongue

ALL = """
{% import "fields.html.j2" as f %}
{{ f.line("a", "First", "x<y", "Enter it", "A hint") }}{{ f.area("b", "Second") }}
{{ f.choose("c", "Third", [("yes", "Yes"), ("no", "No", "why")], fault="Choose") }}
{{ f.tick("d", "Fourth", [("1", "One"), ("2", "Two")], ["2"]) }}
{{ f.moment("e", "Fifth", {"e-day": "3"}, "Enter it") }}
"""


def test_every_field_has_its_label_and_its_fault() -> None:
    """In both languages; nothing but what was ticked is ticked."""
    for language, word in (("en", "Error"), ("cy", "Gwall")):
        html = _environment(language).from_string(ALL).render()
        tree = lxml_html.fromstring(f"<div>{html}</div>")
        fields = tree.xpath("//input|//textarea")
        assert {"a", "b", "c", "d", "e-day", "e-month", "e-year", "e-time"} == {one.get("name") for one in fields}
        for one in fields:
            assert tree.xpath(f"//label[@for='{one.get('id')}']"), one.get("id")
        assert ["2"] == [one.get("value") for one in fields if one.get("checked") is not None]
        assert 3 == len(tree.xpath(f"//*[contains(@class, 'govuk-error-message')]/span[contains(text(), '{word}')]"))
        assert ["a", "c", "e"] == [one for one in ("a", "b", "c", "d", "e") if tree.xpath(f"//*[@id='{one}-error']")]
        assert "x&lt;y" in html


@pytest.mark.parametrize(
    ("day", "time", "read"),
    [
        ("9 3 2026", "16:30", "2026-03-09T16:30:00+00:00"),
        ("9 7 2026", "9.05", "2026-07-09T09:05:00+01:00"),
        ("9 7 2026", "0905", "2026-07-09T09:05:00+01:00"),
        ("25 10 2026", "1:30", "2026-10-25T01:30:00+01:00"),
        ("29 3 2026", "1:30", "When must be a time of day, such as 14:30"),
        ("29 3 2026", "25:00", "When must be a time of day, such as 14:30"),
        ("9 7 2026", "10:30+05:00", "When must be a time of day, such as 14:30"),
        ("9 7 2026", "", "When must be a time of day, such as 14:30"),
        ("9 3 26", "16:30", "When must be a real date, such as 27 3 2026"),
        ("31 2 2026", "16:30", "When must be a real date, such as 27 3 2026"),
        ("  ", "16:30", "Enter when"),
        ("  ", "", None),
    ],
)
def test_a_moment_is_read_as_it_stands_or_said_to_be_none(day: str, time: str, read: str | None) -> None:
    """A time without its date is not passed over; nor one that the clocks left out, nor a year of two digits."""
    parts = dict(zip(("w-day", "w-month", "w-year"), day.split(" "), strict=True))
    form, faults = Form({name: (typed,) for name, typed in {**parts, "w-time": time}.items()}), Faults()
    moment = read_moment(form, "w", "when", faults, tongue("en").say, required=False)
    assert read == (moment.isoformat() if moment else faults.get("w"))
