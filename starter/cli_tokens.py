"""The tokens of programs: `datrys tokens make`, `list`, `revoke`."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

import typer

from protocols.access import INDEPENDENT_MEMBER, OF_AN_AGENCY, OPERATOR
from protocols.editions import Edition
from protocols.errors import Refused, WrongUse
from records import directory
from records import tokens as records
from records.keys import Keys
from records.signing import new_secret as signing_secret
from records.tokens import Bound, Listed
from settings import Settings
from starter import printing
from starter.arguments import known
from starter.cli import AsJson, app, datrys

DAYS = 365
LONGEST_DAYS = 3 * DAYS

tokens = typer.Typer(help="The tokens of programs that use the web hook.", no_args_is_help=True)
app.add_typer(tokens, name="tokens")


@tokens.command("make")
def make_token(
    label: Annotated[str, typer.Argument(help="What you call it: the program, not a person.")],
    role: Annotated[list[str], typer.Option(help="A role that it speaks for; say it again for more.")],
    agency: Annotated[str, typer.Option(help="Code of the agency whose roles they are.")] = "",
    board: Annotated[str, typer.Option(help="Only cases of this board, such as gwent.")] = "",
    authority: Annotated[str, typer.Option(help="Only cases of this authority.")] = "",
    group: Annotated[str, typer.Option(help="Only cases about children or adults.")] = "",
    days: Annotated[int, typer.Option(help="How long it counts.", min=1, max=LONGEST_DAYS)] = DAYS,
    signed: Annotated[
        bool, typer.Option("--signed", help="Its calls are signed; prints the secret for it too.")
    ] = False,
) -> None:
    """Make a token; its secret is printed this once, and kept nowhere."""
    door = datrys()
    bound = Bound(label.strip(), tuple(dict.fromkeys(role)), agency, board, authority, group)
    _check(bound, door.editions, directory.agency_codes(door.database))
    now, signing = door.now(), signing_secret() if signed else ""
    sealed = _seal(door.settings, signing) if signed else None
    made = records.make_token(door.database, bound, now, now + timedelta(days=days), sealed)
    keep = "both secrets, the second signs: they" if signed else "the secret: it"
    typer.echo(f"Token {made.id} counts for {days} days. Keep {keep} cannot be shown again.", err=True)
    for secret in filter(None, (made.secret, signing)):
        typer.echo(secret)


def _seal(setting: Settings, secret: str) -> bytes:
    """A secret as it is kept.

    Raises:
        Refused: there is no key to seal it with.
    """
    if setting.secret_key is None:
        raise Refused(
            "DATRYS_SECRET_KEY is not set, and seals what a token signs with: set it here and for the web hook alike."
        )
    return Keys(setting.secret_key.get_secret_value()).seal(secret.encode())


def _check(bound: Bound, editions: Mapping[str, Edition], agencies: frozenset[str]) -> None:
    """Refuse what would reach nothing because it is misspelt, or more than is meant.

    Raises:
        WrongUse: with the remedy.
    """
    if not bound.label:
        raise WrongUse("Say what the token is for, in a word or two.")
    known(bound.board, "--board", editions)
    within = [edition for name, edition in editions.items() if bound.board in ("", name)]
    for role in bound.roles:
        known(role, "--role", [OPERATOR, *(name for edition in within for name in edition.roles)])
    known(bound.agency, "--agency", sorted(agencies))
    known(bound.authority, "--authority", (name for edition in within for name in edition.authorities))
    known(bound.group, "--group", ("children", "adults"))
    of_an_agency = [role for role in bound.roles if role in {*OF_AN_AGENCY, INDEPENDENT_MEMBER}]
    if of_an_agency and not bound.agency:
        raise WrongUse(f"--role {of_an_agency[0]} is a role of an agency: name it with --agency CODE.")
    others = [role for role in bound.roles if role not in {*of_an_agency, OPERATOR}]
    if others and not bound.board:
        raise WrongUse(f"--role {others[0]} is held under a board: name it with --board NAME.")


@tokens.command("list")
def list_tokens(as_json: AsJson = False) -> None:
    """The tokens, what each is bound to, and when it was last used."""
    door = datrys()
    rows, now = records.tokens(door.database), door.now()
    if as_json:
        printing.as_json([{**row._asdict(), "bound": row.bound._asdict()} for row in rows])
        return
    if not rows:
        typer.echo("No tokens.")
    for row in rows:
        state = "revoked" if row.revoked_at else "expired" if row.expires_at <= now else "counts"
        signs = "; signed" if row.signed else ""
        typer.echo(printing.plain(f"{row.id}  {row.bound.label}: {_bound(row)}; {state}{signs}; {_times(row)}"))


def _bound(row: Listed) -> str:
    limits = (row.bound.agency, row.bound.board, row.bound.authority, row.bound.group)
    return f"{', '.join(row.bound.roles)} ({', '.join(filter(None, limits)) or 'everywhere'})"


def _times(row: Listed) -> str:
    used = printing.moment(row.last_used_at) if row.last_used_at else "never"
    return f"made {printing.moment(row.made_at)}, until {printing.moment(row.expires_at)}, last used {used}"


@tokens.command("revoke")
def revoke_token(token: Annotated[str, typer.Argument(help="Its id, as the list shows it.")]) -> None:
    """Let a token count no more."""
    door = datrys()
    records.revoke_token(door.database, token, door.now())
    typer.echo(f"{printing.plain(token)} counts no more")
