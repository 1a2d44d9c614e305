"""Raising a case through the pages, from the first question to its reference."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Engine

from starter.use_cases import Datrys
from tests import ctm, people
from tests.pages.raising import kept, up_to
from tests.pages.visiting import heading, quiet_door, send, sign_in, text_of, visiting
from tests.web.hook import now

BEGINS = now().replace(second=0)
GWENT = people.case_file(BEGINS)
CTM = ctm.case_file(BEGINS)


def door_with_all(engine: Engine) -> Datrys:
    """The directories of both boards."""
    door = quiet_door(engine)
    ctm.load_directory(engine)
    return door


@pytest.mark.parametrize("file", [GWENT, CTM], ids=["gwent", "ctm"])
async def test_a_case_is_raised_whole(engine: Engine, file: Mapping[str, Any]) -> None:
    """And what is kept of it is what the same case file leaves through the script."""
    door = door_with_all(engine)
    script = await door.raise_case(file)
    async with visiting(door) as client:
        sign_in(client, engine, file["raised_by"]["email"])
        check = await up_to(client, file)
        done = await send(client, check, {})
    assert (200, "The case was raised") == (done.status_code, heading(done)), text_of(check)
    reference = script.reference.replace("0001", "0002")
    assert reference in text_of(done)
    assert kept(engine, script.reference) == kept(engine, reference)
