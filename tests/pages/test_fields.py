"""The fields that forms are made of: words and faults are tied to them, and nothing is chosen beforehand."""

from lxml import html as lxml_html  # type: ignore[import-untyped]

from starter.pages.rendering import _environment

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
