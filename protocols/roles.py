"""Who acts or is told: a role of the protocol, of an agency where the protocol says so. Never a person."""

from pydantic import BaseModel

RAISING, OTHERS, EITHER = "raising", "others", "either"


class Role(BaseModel, frozen=True):
    """One role in one case.

    Attributes:
        role: the identifier that the protocol gives it (``line_manager``).
        agency: code of its agency, empty for roles held once in a case.
    """

    role: str
    agency: str = ""

    def __str__(self) -> str:
        return f"{self.role}/{self.agency}" if self.agency else self.role


class Agency(BaseModel, frozen=True):
    """An agency of the case.

    Attributes:
        code: its code in the directory.
        raising: whether it raised the case.
        must_respond: whether an answer is asked of it.
        joined: number of the signal that added it; 0 for an agency of the case file.
    """

    code: str
    raising: bool = False
    must_respond: bool = False
    joined: int = 0
