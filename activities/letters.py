"""Mails in words: the facts of a mail in, one letter in Welsh and in English out (spec 1, Mail).

How the words of a notice are found, most specific first, in each language's folder of ``templates/mail``:
``gwent/action-required.meeting.j2``, ``action-required.meeting.j2``, ``gwent/action-required.j2``,
``action-required.j2``. What follows the dot is the stage, or what `_key` says.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import TypeAdapter

from activities.in_words import in_figures, one_line, said
from activities.mail_templates import SHIPPED, Library, library, render
from protocols.editions import Edition, Kind
from protocols.errors import BadEdition
from protocols.mail import Language, Letter, MailFacts

LANGUAGES: dict[Language, str] = {"cy": "Welsh", "en": "English"}
OF_A_CLOCK = frozenset({"reminder", "overdue", "chaser"})
DATE_CHANGED = "date-changed"
ANY_TIME = "any"
LONGEST_SUBJECT = 199

SENT = TypeAdapter(dict[str, dict[str, tuple[str, ...]]])
"""What ``sent.toml`` says: under which protocol, which notices, and for which stages they have words of their own.

The empty stage stands for all others; no stage at all, for words that hold for every one.
"""


def write_letter(facts: MailFacts, languages: tuple[Language, Language], folder: Path = SHIPPED) -> Letter:
    """The letter that says these facts.

    Args:
        facts: all that it may say.
        languages: both, the receiver's first.
        folder: where the templates are.

    Raises:
        BadEdition: a template is missing in one language, or says what no mail may say.
    """
    templates = library(folder)
    words = _words(templates, facts)

    def halves(kind: str) -> list[tuple[Language, str]]:
        environment = templates.html if kind == "half.html.j2" else templates.text
        return [
            (language, render(environment, f"{language}/{words}", said(facts, language), layout=kind))
            for language in languages
        ]

    subject = _subject(facts, [title for _, title in halves("subject.j2")])
    text = render(templates.text, "layout.txt.j2", {}, halves=halves("half.txt.j2"))
    html = render(templates.html, "layout.html.j2", {}, halves=halves("half.html.j2"), subject=subject)
    return Letter(subject=subject, text=f"{text}\n", html=f"{html}\n")


def check_templates(editions: Mapping[str, Edition], folder: Path = SHIPPED) -> None:
    """Nothing, if every mail that these editions send has its words in both languages.

    Raises:
        BadEdition: each fault, a line each.
    """
    templates = library(folder)
    sent = SENT.validate_python(tomllib.loads((folder / "sent.toml").read_text(encoding="utf-8")))
    faults = [fault for edition in editions.values() for fault in _faults(edition, templates, sent)]
    if faults:
        raise BadEdition(*dict.fromkeys(faults))


def unreviewed(folder: Path = SHIPPED) -> list[str]:
    """The files with Welsh that no translator has reviewed yet, as ``reviewed.toml`` has it."""
    reviewed = tomllib.loads((folder / "reviewed.toml").read_text(encoding="utf-8"))
    welsh = {f"templates/mail/{name}" for name in library(folder).names if name.startswith("cy/")}
    return sorted(name for name in welsh | reviewed.keys() if reviewed.get(name) is not True)


# --- which words


def _words(templates: Library, facts: MailFacts) -> str:
    """The name of the template, the same in both languages."""
    notice = facts.concerns or facts.notice
    name = _chosen(templates, _names(facts.protocol, notice, _key(notice, facts)))
    if missing := list(_missing(templates, name)):
        raise BadEdition(*missing)
    return name


def _key(notice: str, facts: MailFacts) -> str:
    """The stage; for what is about a clock the clock, or the meeting; ``any`` for news that came at any time.

    A date without a clock is that of a meeting which the board planned later: its news has the words of the stage.
    """
    if notice in OF_A_CLOCK:
        return facts.clock or "meeting"
    if notice == DATE_CHANGED:
        return facts.clock
    planned_later = facts.due is not None and not facts.clock
    if notice == "informed" and facts.clause == ANY_TIME and not facts.concerns and not planned_later:
        return ANY_TIME
    return facts.stage


def _names(protocol: str, notice: str, key: str) -> tuple[str, ...]:
    return f"{protocol}/{notice}.{key}.j2", f"{notice}.{key}.j2", f"{protocol}/{notice}.j2", f"{notice}.j2"


def _chosen(templates: Library, names: tuple[str, ...]) -> str:
    """The first of these that any language has: the other must have it too."""
    return next((n for n in names if any(f"{cy}/{n}" in templates.names for cy in LANGUAGES)), names[0])


def _missing(templates: Library, name: str) -> Iterator[str]:
    for language, words in LANGUAGES.items():
        if f"{language}/{name}" not in templates.names:
            yield f"templates/mail/{language}/{name} is missing. Add the {words} words."


def _subject(facts: MailFacts, titles: list[str]) -> str:
    when = f" – {in_figures(facts.due)}" if facts.due else ""
    line = one_line(f"{facts.reference}: {' / '.join(titles)}{when}")
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


# --- what an edition needs


def _faults(edition: Edition, templates: Library, sent: dict[str, dict[str, tuple[str, ...]]]) -> Iterator[str]:
    if edition.protocol not in sent:
        yield f"templates/mail/sent.toml says nothing of “{edition.protocol}”. Say what is sent under it."
        return
    for names in _needed(edition, sent["every"] | sent[edition.protocol]):
        name = _chosen(templates, names)
        yield from _missing(templates, name)
        for path in sorted({f"{language}/{name}" for language in LANGUAGES} & templates.names):
            for block in templates.wanting(path):
                yield f"templates/mail/{path}: “{block}” has no words. Add them."


def _needed(edition: Edition, sent: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """For each mail the names under which its words may stand; those of a stage under none that is more general."""
    for notice, keys in sent.items():
        for key in keys or ("",):
            names = _names(edition.protocol, notice, key)
            yield names[:2] if key else names[2:]
    for clock, rule in edition.clocks.items():
        for notice in OF_A_CLOCK if rule.kind is Kind.PROTOCOL else ("reminder",):
            yield _names(edition.protocol, notice, clock)
