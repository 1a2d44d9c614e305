"""`datrys tokens`: made, listed and revoked by script."""

import json

import pytest
from sqlalchemy import Engine

from records.keys import Keys
from records.signing import sealed_secret
from records.tokens import bearer_of, tokens
from starter.use_cases import utc_now
from tests.starter.script import datrys, lines_of

MAKE = ("tokens", "make", "Social care system")


def test_a_token_is_made_listed_and_revoked(board: Engine) -> None:
    """The secret goes to standard output, alone, and stands in no list."""
    made = datrys(*MAKE, "--role", "line_manager", "--role", "practitioner", "--agency", "ABUHB", "--board", "gwent")
    secret = made.out.strip()
    key = secret.split("_")[1]
    assert (0, [f"Token {key} counts for 365 days. Keep the secret: it cannot be shown again."]) == (
        made.code,
        made.lines,
    )
    listed = datrys("tokens", "list")
    assert f"{key}  Social care system: line_manager, practitioner (ABUHB, gwent); counts; made" in listed.out
    assert secret not in listed.out + datrys("tokens", "list", "--json").out
    assert (0, f"{key} counts no more\n", "") == datrys("tokens", "revoke", key)
    assert "; revoked; " in datrys("tokens", "list").out
    assert json.loads(datrys("tokens", "list", "--json").out)[0]["revoked_at"]
    assert bearer_of(board, secret, utc_now()) is None


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--role", "line_manger"), "--role: “line_manger” is none of operator, "),
        (("--role", "line_manager"), "--role line_manager is a role of an agency: name it with --agency CODE."),
        (("--role", "line_manager", "--agency", "ABHB"), "--agency: “ABHB” is none of ABUHB, EDU"),
        (("--role", "team_manager"), "--role team_manager is held under a board: name it with --board NAME."),
        (("--role", "team_manager", "--board", "Gwent"), "--board: “Gwent” is none of "),
        (("--role", "team_manager", "--board", "gwent", "--authority", "Cardiff"), "--authority: “Cardiff” is none of"),
        (("--role", "operator", "--group", "child"), "--group: “child” is none of children, adults."),
    ],
)
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_what_is_misspelt_or_left_out_is_refused_with_the_remedy(
    board: Engine, words: tuple[str, ...], line: str
) -> None:
    """A token that reaches nothing, or more than was meant, is not made."""
    [said] = lines_of(datrys(*MAKE, *words), 2)
    assert said.startswith(line)
    assert (0, "No tokens.\n", "") == datrys("tokens", "list")


def test_revoking_what_there_is_not_is_refused(board: Engine) -> None:
    """In one line."""
    assert ["There is no token abc. See them with: datrys tokens list"] == lines_of(
        datrys("tokens", "revoke", "abc"), 1
    )


OPERATOR = ("--role", "operator")


def test_a_token_that_signs_is_shown_both_secrets_once(board: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line each on standard output; what it signs with is kept sealed, and stands in no list."""
    monkeypatch.setenv("DATRYS_SECRET_KEY", "a secret of sixteen and more")
    made = datrys(*MAKE, *OPERATOR, "--signed")
    bearer, signing = made.out.split()
    [row] = tokens(board)
    assert [
        f"Token {row.id} counts for 365 days. Keep both secrets, the second signs: they cannot be shown again."
    ] == made.lines
    assert bearer_of(board, bearer, utc_now())
    assert signing.startswith("whsec_")
    assert signing == Keys("a secret of sixteen and more").unseal(sealed_secret(board, row.id) or b"").decode()
    listed = datrys("tokens", "list").out
    assert "; counts; signed; made" in listed
    assert json.loads(datrys("tokens", "list", "--json").out)[0]["signed"] is True
    assert signing not in listed + datrys("tokens", "list", "--json").out


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_without_a_key_that_seals_no_token_signs(board: Engine) -> None:
    """In one line with the remedy; none is made."""
    words = "DATRYS_SECRET_KEY is not set, and seals what a token signs with: set it here and for the web hook alike."
    assert [words] == lines_of(datrys(*MAKE, *OPERATOR, "--signed"), 1)
    assert [] == tokens(board)
