"""Parts of a deployment, `datrys up`, `worker`, `web`, `migrate`, `check`; and `datrys demo`, which runs them all."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

import records
import settings
from records import directory, loading
from starter import printing
from starter.checks.findings import Finding
from starter.cli import app, datrys
from starter.parts import LOCALHOST

Port = typer.Option


@app.command()
def up(
    temporal_port: Annotated[int, Port(help="Port of Temporal.")] = 7233,
    temporal_ui_port: Annotated[int, Port(help="Port of the Temporal UI.")] = 8233,
    smtp_port: Annotated[int, Port(help="Port of the mailbox's SMTP server.")] = 1025,
    mailbox_port: Annotated[int, Port(help="Port of the mailbox's pages.")] = 8025,
    web_port: Annotated[int, Port(help="Port of the web hook.")] = 8000,
) -> None:
    """Run everything on this machine, kept in .datrys: what `make run` runs."""
    from starter.up import Ports
    from starter.up import up as run_all

    run_all(Path.cwd(), Ports(temporal_port, temporal_ui_port, smtp_port, mailbox_port, web_port), first_load)


def first_load() -> str | None:
    """Load the examples where the directory is still empty; says so in words."""
    door, folder = datrys(), Path(__file__).parent.parent / "examples"
    if directory.agencies(door.database) or not (folder / "agencies.csv").exists():
        return None
    agencies = loading.load_agencies(door.database, folder / "agencies.csv").rows
    people = door.load_people(folder / "people.csv").rows
    meetings, _ = asyncio.run(door.load_meetings(folder / "meetings.csv"))
    loaded = f"{agencies} agencies and {people} people and {meetings} meetings"
    return f"The directory was empty: {loaded} loaded from examples/."


@app.command()
def demo(
    stories: Annotated[
        list[Path] | None, typer.Argument(help="Story files (docs/demo.md); without any, those that come with Datrys.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The page that is left behind.")] = Path("datrys-demo.html"),
) -> None:
    """Play whole cases over a Christmas in seconds: what fell due, who was written to, who answered what."""
    import worker as part
    from starter.demo.showing import demo as show

    show(stories or [], out, part.working)


@app.command()
def worker() -> None:
    """Run a worker: it follows the cases, writes the records, posts the mails and delivers what is kept."""
    import worker as part

    part.main()


@app.command()
def web(
    host: Annotated[str, typer.Option(help="Where it listens; only on this machine, if not said.")] = LOCALHOST,
    port: Annotated[int, Port(help="Its port.", min=0, max=65535)] = 8000,
) -> None:
    """Run the pages for people, and the web hook for programs."""
    import worker as part
    from starter.doors import doors
    from starter.web.serving import listen, serve

    door = datrys()
    both = doors(door, part.code_sender(door.settings))
    with listen(host, port) as listening:
        address = f"[{host}]" if ":" in host else host
        typer.echo(f"The pages and the web hook answer at http://{address}:{listening.getsockname()[1]}", err=True)
        asyncio.run(serve(both, listening))


@app.command()
def migrate() -> None:
    """Bring the records database up to date."""
    records.migrate(settings.load().database_url)
    typer.echo("The records database is up to date.")


@app.command()
def check(
    worker: Annotated[
        bool, typer.Option("--worker", help="Only whether the worker of this machine lives and Temporal hears it.")
    ] = False,
) -> None:
    """Say what is missing or unreachable, a line each with the remedy; exit 1 if something stops the service."""
    from starter.checks import worker_checks

    findings = worker_checks() if worker else _all_checks()
    for finding in findings:
        typer.echo(printing.plain(str(finding)))
    if any(finding.stops for finding in findings):
        raise typer.Exit(1)


def _all_checks() -> list[Finding]:
    import worker as part
    from starter.checks import Parts, checks

    return checks(Parts(part.check_templates, part.unreviewed, part.mail_trouble))
