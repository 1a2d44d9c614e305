"""The protocols that Datrys runs: the one place that knows them by name."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from protocols import (
    cwm_taf_morgannwg,
    cwm_taf_morgannwg_access,
    cwm_taf_morgannwg_coming_in,
    cwm_taf_morgannwg_form,
    cwm_taf_morgannwg_papers,
    gwent,
    gwent_access,
)
from protocols.access import Access
from protocols.coming_in import Check
from protocols.cwm_taf_morgannwg import CwmTafMorgannwgFacts
from protocols.documents import FormParts
from protocols.errors import WrongUse
from protocols.facts import Facts
from protocols.gwent import GwentFacts
from protocols.papers import Paper
from workflows.cwm_taf_morgannwg import CwmTafMorgannwgDisagreement
from workflows.gwent import GwentDisagreement
from workflows.immediate import ImmediateAction
from workflows.posting_again import PostAgain
from workflows.state import Case


class Protocol(NamedTuple):
    """What a protocol brings.

    Attributes:
        workflow: its workflow class.
        case: the model of its cases.
        facts: what a new case remembers.
        coming_in: its rules about case files.
        starts: the stages at which a case may begin, by the number that its file gives.
        documents: what each of its documents is filled from, by name; their words are in templates/documents.
        access: from when on who sees its cases.
        papers: in which part of a case its texts stand, where that is its own (`protocols/papers.py`).
    """

    workflow: Any
    case: type[Case[Any]]
    facts: type[Facts]
    coming_in: tuple[Check, ...]
    starts: Mapping[int, str]
    documents: Mapping[str, FormParts]
    access: Access
    papers: tuple[Paper, ...] = ()


PROTOCOLS: Mapping[str, Protocol] = {
    gwent.PROTOCOL: Protocol(
        workflow=GwentDisagreement,
        case=Case[GwentFacts],
        facts=GwentFacts,
        coming_in=gwent.COMING_IN,
        starts={1: gwent.Stage.PRACTITIONERS},
        documents={},
        access=gwent_access.ACCESS,
    ),
    cwm_taf_morgannwg.PROTOCOL: Protocol(
        workflow=CwmTafMorgannwgDisagreement,
        case=Case[CwmTafMorgannwgFacts],
        facts=CwmTafMorgannwgFacts,
        coming_in=cwm_taf_morgannwg_coming_in.COMING_IN,
        starts=cwm_taf_morgannwg_coming_in.STARTS,
        documents={"form": cwm_taf_morgannwg_form.FORM},
        access=cwm_taf_morgannwg_access.ACCESS,
        papers=cwm_taf_morgannwg_papers.PAPERS,
    ),
}

ACCESS: Mapping[str, Access] = {name: protocol.access for name, protocol in PROTOCOLS.items()}
"""What the records and the doors ask who may see what with."""

WORKFLOWS = (*(protocol.workflow for protocol in PROTOCOLS.values()), ImmediateAction, PostAgain)


def protocol_of(name: str) -> Protocol:
    """The protocol of this name.

    Raises:
        WrongUse: there is none.
    """
    try:
        return PROTOCOLS[name]
    except KeyError:
        raise WrongUse(f"protocol: “{name}” is not one of {', '.join(PROTOCOLS)}.") from None
