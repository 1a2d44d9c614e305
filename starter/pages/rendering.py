"""Templates of the pages: GOV.UK's components beside ours, and a word that is missing is a fault, not a blank."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader, Undefined
from markupsafe import Markup
from typing_extensions import override

from protocols.mail import Language
from starter.pages.tongues import PAGES, tongue

COMPONENTS = "govuk_frontend_jinja"


class _Careful(Undefined):
    """A name that is not given is no blank, but a fault; what a component asks of its parameters may be absent."""

    def _strict(self) -> None:
        if not isinstance(self._undefined_obj, dict):
            self._fail_with_undefined_error()

    @override
    def __str__(self) -> str:
        self._strict()
        return ""

    @override
    def __iter__(self) -> Iterator[Any]:
        self._strict()
        yield from ()

    @override
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._strict()
        return self


def render(language: Language, template: str, **shown: Any) -> str:
    """A page in one language.

    Args:
        language: of the page.
        template: its name under `templates/pages`.
        **shown: what it may use beside the filters and globals of `_environment`.
    """
    return _environment(language).get_template(template).render(**shown)


@cache
def _environment(language: Language) -> Environment:
    ours = FileSystemLoader(PAGES)
    theirs = PrefixLoader({COMPONENTS: PackageLoader(COMPONENTS)})
    made = Environment(
        loader=ChoiceLoader([ours, theirs]),
        autoescape=True,
        undefined=_Careful,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    said = tongue(language)
    made.install_gettext_translations(said.words, newstyle=True)  # type: ignore[attr-defined]  # of the extension
    made.filters |= {"day": said.day, "moment": said.moment, "hour": said.hour, "limit": said.limit, "of": said.of}
    made.filters |= {"paragraphs": paragraphs, "lines": _lines, "errors": errors}
    made.globals["say"] = said.say
    return made


def paragraphs(words: str) -> Markup:
    """What somebody typed, with its line breaks, in paragraphs; never as markup."""
    parts = [part.strip() for part in words.replace("\r\n", "\n").split("\n\n")]
    made = (Markup('<p class="govuk-body">{}</p>').format(_lines(part)) for part in parts if part)
    return Markup().join(made)


def _lines(part: str) -> Markup:
    return Markup("<br>").join(part.split("\n"))


def errors(faults: Mapping[str, str]) -> list[dict[str, str]]:
    """What is wrong with a form, as the summary above it lists it: each leads to its field."""
    return [{"text": words, "href": f"#{name}"} for name, words in faults.items()]
