"""`datrys tokens`: made, listed and revoked by script."""

import json

import pytest
from sqlalchemy import Engine

from records.tokens import bearer_of
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
