"""How people sign in: `datrys accounts list`, `release`."""

from typing import Annotated

import typer

from records import accounts as records
from records.accounts import AUTHENTICATOR
from starter import printing
from starter.cli import AsJson, app, datrys, operators_only

accounts = typer.Typer(help="How people sign in, and to which address each is bound.", no_args_is_help=True)
app.add_typer(accounts, name="accounts")


@accounts.command("list")
def list_accounts(as_json: AsJson = False) -> None:
    """Whom the pages know, by address: from which organisation, or by an authenticator app."""
    operators_only()
    rows = records.accounts(datrys().database)
    if as_json:
        printing.as_json([row._asdict() for row in rows])
        return
    if not rows:
        typer.echo("Nobody has signed in.")
    for row in rows:
        way = "an authenticator app" if row.issuer == AUTHENTICATOR else row.issuer
        times = f"since {printing.moment(row.made_at)}, last used {printing.moment(row.last_used_at)}"
        typer.echo(printing.plain(f"{row.email}  {way}; {times}"))


@accounts.command("release")
def release_account(email: Annotated[str, typer.Argument(help="The address, as the list shows it.")]) -> None:
    """Forget who signs in with an address, its authenticator app too, and end their sessions."""
    operators_only()
    door = datrys()
    released = records.release(door.database, email, door.now())
    typer.echo(
        printing.plain(
            f"{email}: released; {_count(released.accounts, 'account')} forgotten,"
            f" {_count(released.sessions, 'session')} ended"
        )
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
