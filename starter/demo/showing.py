"""Plays all stories at once, each on a server of its own, tells them one after the other, and writes the page."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import typer

from protocols.errors import WrongUse
from starter.demo import page, telling
from starter.demo.moments import Moment
from starter.demo.playing import Opening, Played, Working, play
from starter.demo.stories import Story, read_story, shipped_stories
from starter.demo.terminal import Terminal
from starter.printing import count, write

INTERRUPTED = 130
"""What a program that was stopped from the terminal ends with."""


def demo(files: Sequence[Path], out: Path, working: Working) -> None:
    """Play stories, tell them, and keep them on a page.

    Args:
        files: the story files; those that come with Datrys, if none are named.
        out: where the page goes.
        working: what follows the cases (`worker.working`).

    Raises:
        DatrysError: a file cannot be used, or a server does not start.
        typer.Exit: it was stopped.
    """
    stories = [read_story(file) for file in files or shipped_stories()]
    may_be_written(out)
    try:
        played = asyncio.run(_show(stories, working))
    except asyncio.CancelledError:
        progress("Stopped; nothing of it is left.")
        raise typer.Exit(INTERRUPTED) from None
    write(out, page.page(played))
    mails = sum(len(telling.mails_of(one)) for one in played)
    progress(f"The stories, their clocks and all {mails} mails to read: {out}")


def progress(words: str) -> None:
    """Say on standard error how it goes on."""
    typer.echo(words, err=True)


def may_be_written(out: Path) -> None:
    """Nothing, if the page can go there; a page of an earlier demo is written over, nothing else is.

    Raises:
        WrongUse: something else stands there, or there is no such folder.
    """
    another = "Name another file with --out FILE.html."
    if not out.parent.is_dir():
        raise WrongUse(f"There is no folder {out.parent}. {another}")
    if out.exists() and not page.is_page(out):
        raise WrongUse(f"{out} is there already, and is no page of an earlier demo: it is left as it is. {another}")


async def _show(stories: Sequence[Story], working: Working) -> list[Played]:
    """All stories at once; what the later ones say is kept back until the earlier ones are told."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    progress(f"Starting {count(len(stories), 'time-skipping server', 'time-skipping servers')} …")
    plays = [Performance(story, working) for story in stories]
    try:
        terminal = Terminal()
        return [await performance.told_on(terminal) for performance in plays]
    finally:
        for performance in plays:
            await performance.end()


class Performance:
    """A story that is played in the background, and told when it has its turn."""

    def __init__(self, story: Story, working: Working) -> None:
        self._story = story
        self._told: asyncio.Queue[Opening | Moment | None] = asyncio.Queue()
        self._playing = asyncio.create_task(play(story, working, self._told.put_nowait))
        self._playing.add_done_callback(lambda _: self._told.put_nowait(None))

    async def told_on(self, terminal: Terminal) -> Played:
        """Tell it as far as it is played, and go on as it is.

        Raises:
            DatrysError: it cannot be played to its end.
        """
        progress(f"Playing “{self._story.title}” …")
        while told := await self._told.get():
            terminal.tell(told)
        played = await self._playing
        terminal.end(played)
        return played

    async def end(self) -> None:
        """End what still plays."""
        self._playing.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await self._playing
