"""`datrys demo` as a newcomer meets it: one process, two stories told to the end, one page left behind."""

import os
import re
import signal
import subprocess
import tomllib
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import pytest

from protocols.editions import Edition, read_editions
from starter.demo import page, telling
from starter.demo.stories import read_story, shipped_stories
from tests.starter.script import LONGEST_SECONDS, SCRIPT, Said, datrys, lines_of, real_datrys

ROOT = Path(__file__).parent.parent.parent
EDITIONS = read_editions()
OF_CLOCKS = {"reminder", "overdue", "chaser"}
NEVER_HERE = {"withdrawn", "not-accepted"}
"""A case that is reviewed is not withdrawn; and what is refused at once is told at once, and not by mail."""
NOTHING_OF_THE_USER = {
    "DATRYS_DATABASE_URL": "nonsense",
    "DATRYS_EDITIONS": "/nowhere",
    "DATRYS_SMTP_URL": "nonsense",
    "TEMPORAL_ADDRESS": "127.0.0.1:1",
}


class Shown(NamedTuple):
    """What a demo left behind: what it said, the folder it ran in, and the page."""

    said: Said
    folder: Path
    page: str

    def articles(self, protocol: str) -> str:
        """The parts of the page about the cases of a protocol."""
        name = EDITIONS[protocol].name.en
        return "".join(part for part in re.findall(r"<article.*?</article>", self.page, re.DOTALL) if name in part)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """The demo, run once, with settings that would stop every other command."""
    folder = tmp_path_factory.mktemp("demo")
    said = real_datrys("demo", folder=folder, **NOTHING_OF_THE_USER)
    assert 0 == said.code, said
    return Shown(said, folder, (folder / "datrys-demo.html").read_text(encoding="utf-8"))


STORIES = [read_story(file) for file in shipped_stories()]


# --- what it tells


def test_the_stories_are_told_one_after_the_other_to_their_ends(shown: Shown) -> None:
    """On standard output, and the progress on standard error; nothing is left but the page."""
    places = [
        shown.said.out.index(words) for story in STORIES for words in (story.title, story.happenings[-1].words[:60])
    ]
    assert sorted(places) == places
    assert len(STORIES) == len(re.findall(r"^[A-Z]+-2026-000\d ended: ", shown.said.out, re.MULTILINE))
    assert ["Starting", *["Playing"] * len(STORIES), "The"] == [line.split()[0] for line in shown.said.lines]
    assert ["datrys-demo.html"] == [file.name for file in shown.folder.iterdir()]
    assert "\x1b" not in shown.said.out, "no colours where nobody sees them"
    assert [] == [line for line in shown.said.out.splitlines() if len(line) > 110 or line != line.rstrip()]


@pytest.mark.parametrize("edition", EDITIONS.values(), ids=list(EDITIONS))
def test_each_protocol_goes_through_all_its_stages_and_mails(shown: Shown, edition: Edition) -> None:
    """Every stage was gone through, every kind of notice of the protocol was sent, every clock ran."""
    articles = shown.articles(edition.protocol)
    gone = re.findall(r'<li class="(?:gone|end)">\s*<strong>(.*?)</strong>', articles)
    sent = tomllib.loads((ROOT / "templates/mail/sent.toml").read_text(encoding="utf-8"))
    assert {stage.en for stage in edition.stages.values()} == set(gone)
    assert {*sent[edition.protocol], *OF_CLOCKS} <= set(re.findall(r"notice <code>([\w-]+)</code>", articles))
    assert [] == [rule.en for rule in edition.clocks.values() if rule.en not in shown_text(articles)]
    for label in telling.LABELS:
        assert f'<span class="label">{label}</span>' in articles, label
    assert "Fri 25 Dec, Mon 28 Dec (bank holidays)" in articles


def test_every_word_of_a_story_stands_on_the_page(shown: Shown) -> None:
    """Nothing that a story tells is lost."""
    read = shown_text(shown.page)
    assert [] == [happening.words for story in STORIES for happening in story.happenings if happening.words not in read]


def test_together_they_show_what_is_common_to_all_protocols(shown: Shown) -> None:
    """A proposal, danger, a meeting moved by the board, something recorded late, a role that passes on."""
    sent = tomllib.loads((ROOT / "templates/mail/sent.toml").read_text(encoding="utf-8"))
    assert set(sent["every"]) - NEVER_HERE <= set(re.findall(r"notice <code>([\w-]+)</code>", shown.page))
    for words in ("is recorded late", "role changed", "calendar changed", "not gone through", "without a mail"):
        assert words in shown.page, words


def shown_text(html: str) -> str:
    """What stands in HTML, as it is read."""
    reader = Reader()
    reader.feed(html)
    return "".join(reader.texts)


# --- the page


class Reader(HTMLParser):
    """Reads a page strictly: what is opened is closed, in order."""

    VOID = frozenset({"meta", "br", "link", "img", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.texts: list[str] = []
        self.languages: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "div" and (language := dict(attrs).get("lang")):
            self.languages[language] += 1

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def values(self, name: str) -> list[str]:
        """What an attribute is, wherever it stands."""
        return [value for _, attribute, value in self.attributes if attribute == name]


def test_the_page_is_whole_and_needs_nothing_else(shown: Shown) -> None:
    """It parses, every link leads to a place on it, and it fetches and runs nothing."""
    reader = Reader()
    reader.feed(shown.page)
    reader.close()
    assert ([], []) == (reader.faults, reader.open)
    assert len(reader.values("id")) == len(set(reader.values("id")))
    assert {link.removeprefix("#") for link in reader.values("href")} <= set(reader.values("id"))
    assert [] == reader.values("src") + reader.values("srcset") + reader.values("onclick")
    assert [] == re.findall(r"<script|<iframe|<link|@import|url\(", shown.page)
    assert "en" == dict(a[1:] for a in reader.attributes if a[0] == "html")["lang"]


def test_every_mail_can_be_read_in_both_languages(shown: Shown) -> None:
    """As many as were sent, each with a half that is marked as Welsh and one that is marked as English."""
    reader = Reader()
    reader.feed(shown.page)
    count = int(re.search(r"all (\d+) mails", shown.said.err)[1])  # type: ignore[index]
    assert count == shown.page.count('<div class="letter">')
    assert {"cy": count, "en": count} == reader.languages
    assert [] == [address for address in re.findall(r"[\w.-]+@[\w.-]+", shown.page) if not address.endswith("invalid")]


def test_a_page_of_an_earlier_demo_is_known(shown: Shown, tmp_path: Path) -> None:
    """So it may be written over; anything else is left alone."""
    other = tmp_path / "letter.html"
    other.write_text("<p>Dear colleague, the datrys demo …</p>", encoding="utf-8")
    assert page.is_page(shown.folder / "datrys-demo.html")
    assert not page.is_page(other)


# --- what it refuses, before anything is started


@pytest.mark.parametrize("name", ["kept.html", "nowhere/page.html", "folder"])
def test_no_file_of_the_user_is_written_over(tmp_path: Path, name: str) -> None:
    """A file that is no page of the demo stays as it is, and another name is asked for."""
    (tmp_path / "kept.html").write_text("mine", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (line,) = lines_of(datrys("demo", "--out", tmp_path / name), 2)
    assert line.endswith("Name another file with --out FILE.html.")
    assert "mine" == (tmp_path / "kept.html").read_text(encoding="utf-8")


GOOD = """
title = "A story"
words = "It begins."
begins = 2026-12-01T10:00:00
case = "gwent.json"
agencies = "agencies.csv"
people = "people.csv"
"""
SAYS = (
    '\n[[said]]\nat = 2026-12-02T11:30:00\nby = "practitioner/ABUHB"\nsignal = "not_resolved"\nwords = "They differ."\n'
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("title =", "story.toml: is no TOML file: "),
        (GOOD, "story.toml: said: Field required"),
        (GOOD + SAYS.replace("not_resolved", "shrugs"), "story.toml: said: number 1: signal: is no signal; "),
        (GOOD + SAYS.replace("2026-12-02T11:30:00", '"soon"'), "story.toml: said: number 1: at: "),
        (GOOD + SAYS + SAYS, "story.toml: 2026-12-02 11:30 is less than 2 minutes after what comes before it"),
        (GOOD + SAYS + "colour = 1\n", "story.toml: said: number 1: colour: Extra inputs are not permitted"),
        (GOOD + SAYS, "gwent.json cannot be read (No such file or directory). "),
    ],
)
def test_a_broken_story_is_refused_in_one_line(tmp_path: Path, text: str, line: str) -> None:
    """Which file, where in it, what is wrong, and what to do."""
    story = tmp_path / "story.toml"
    story.write_text(text, encoding="utf-8")
    said = real_datrys("demo", story, folder=tmp_path) if "cannot" in line else datrys("demo", story)
    *progress, last = said.lines
    assert (2, "") == (said.code, said.out)
    assert line in last
    assert len(progress) <= 2
    assert not (tmp_path / "datrys-demo.html").exists()


def test_a_story_that_is_answered_otherwise_than_it_says_is_refused(tmp_path: Path) -> None:
    """So no story tells what the product does not do; what was told so far stands there, and no page is left."""
    shipped = shipped_stories()[0]
    told = shipped.read_text(encoding="utf-8").replace('answer = "wrong_role"\n', "")
    for name in ("agencies", "people"):
        told = told.replace(f'"../{name}.csv"', f'"{shipped.parent.parent / f"{name}.csv"}"')
    story = tmp_path / "story.toml"
    story.write_text(told.replace('"gwent.json"', f'"{shipped.parent / "gwent.json"}"'), encoding="utf-8")
    said = real_datrys("demo", story, folder=tmp_path)
    expected = (
        r"“.*”, 2026-12-03 14:00: not_resolved by line_manager/NEWPORT is answered wrong_role \(.*\), not accepted"
    )
    assert 2 == said.code
    assert re.fullmatch(rf"{expected}\. Mend the story\.", said.lines[-1])
    assert "Wednesday 2 December 2026" in said.out
    assert ["story.toml"] == [file.name for file in tmp_path.iterdir()]


# --- stopped


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_is_one_line_and_leaves_nothing(tmp_path: Path, stop: signal.Signals) -> None:
    """Ctrl-C in the middle of a story: exit code 130, no page, no folder."""
    (tmp_path / "temporary").mkdir()
    with subprocess.Popen(
        [SCRIPT, "demo"],
        cwd=tmp_path,
        env=os.environ | {"TMPDIR": str(tmp_path / "temporary")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert any("Wednesday 2 December 2026" in line for line in process.stdout)
        process.send_signal(stop)
        _, told = process.communicate(timeout=LONGEST_SECONDS)
    assert 130 == process.returncode
    assert ["Starting", "Playing", "Stopped;"] == [line.split()[0] for line in told.splitlines()]
    assert [] == [*(tmp_path / "temporary").iterdir()]
    assert ["temporary"] == [file.name for file in tmp_path.iterdir()]
