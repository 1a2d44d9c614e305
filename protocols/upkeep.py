"""What of the one policy concerns no single case: who loads for a board, who reads its lists, who runs the service.

As in `protocols/access.py`, what is not listed is denied. A role that is narrowed to an authority or a group, or held
in one case, gives none of this: what is loaded, and who runs it, concerns everybody.
"""

from collections.abc import Iterable

from protocols.access import BUSINESS_UNIT, OPERATOR, Held

LOADERS = frozenset({OPERATOR, BUSINESS_UNIT})


def may_load(held: Iterable[Held], board: str = "") -> bool:
    """Whether they may load what concerns a board: an operator for all boards, a Business Unit for its own.

    Agencies and bank holidays are of no board: whoever loads for one may load them.

    Args:
        held: the roles that they hold.
        board: by the name of its protocol; empty for what is of no board.
    """
    return any(one.role.role in LOADERS and (not board or one.board in ("", board)) for one in _whole(held))


def may_list(held: Iterable[Held], board: str = "") -> bool:
    """Whether they may read the lists of what was loaded for a board: whoever may load it."""
    return may_load(held, board)


def may_operate(held: Iterable[Held]) -> bool:
    """Whether they may run the service, and make and revoke tokens: an operator, who may work for one board alone."""
    return any(one.role.role == OPERATOR for one in _whole(held))


def _whole(held: Iterable[Held]) -> list[Held]:
    return [one for one in held if not (one.case or one.authority or one.group or one.replaced)]
