"""What a story file holds: a case, what is said in it and when. No protocol is known by name here."""

import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from protocols.errors import WrongUse
from protocols.messages import CONFIRMATION, MESSAGES
from protocols.roles import Role
from protocols.steps import Code
from protocols.working_days import LONDON

SHIPPED = Path(__file__).parent.parent.parent / "examples" / "demo"
APART = timedelta(minutes=2)
"""What a case does takes a moment: so far apart, what follows from two signals is told apart."""


def _on_the_wall(moment: datetime) -> datetime:
    """A time without an offset is the one on the wall in Wales."""
    return moment if moment.tzinfo else moment.replace(tzinfo=LONDON)


def _beside(path: Path, story: ValidationInfo) -> Path:
    """A file is named from the folder of the story that names it."""
    return Path(story.context or "") / path


OnTheWall = Annotated[datetime, AfterValidator(_on_the_wall)]
Beside = Annotated[Path, AfterValidator(_beside)]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Happening(_Data):
    """Something that is told in a sentence or two.

    Attributes:
        at: when it happens, or when the door takes it, aware.
        words: what happens, for whoever reads the story.
    """

    at: OnTheWall
    words: str


class Said(_Happening):
    """What somebody says.

    Attributes:
        signal: what is said; by: the role that says so, as ``line_manager/ABUHB``.
        happened: when it happened, where that was earlier.
        of: where it is said of an immediate action, the number of that.
        data: facts and text, as in the file that `datrys signal --data` takes.
        answer: the verdict that the story expects.
    """

    signal: str
    by: str
    happened: OnTheWall | None = None
    of: int = 0
    data: dict[str, Any] = {}
    answer: Code = Code.ACCEPTED

    @field_validator("signal")
    @classmethod
    def _known(cls, signal: str) -> str:
        if signal not in {*MESSAGES, CONFIRMATION}:
            raise ValueError("is no signal; docs/signals.md lists them")
        return signal

    @field_validator("data")
    @classmethod
    def _as_json(cls, data: dict[str, Any]) -> Any:
        return _dated(data)

    @property
    def sender(self) -> Role:
        """The role that says so."""
        role, _, agency = self.by.partition("/")
        return Role(role=role, agency=agency)


class Loaded(_Happening):
    """A calendar of meetings that the board loads while the case runs."""

    meetings: Beside


class Told(_Happening):
    """A word to the reader about what the case does by itself at that moment."""


Happening = Said | Loaded | Told


class Story(_Data):
    """A case from its beginning to its end.

    Attributes:
        title: in a few words; words: what it is about.
        begins: when the case is raised, aware.
        cases_before: how many cases its board has had that year; the reference counts on.
        case: the case file.
        agencies, people, meetings: what the board has loaded before.
        said, loaded, told: what happens; see `happenings`.
    """

    title: str
    words: str
    begins: OnTheWall
    cases_before: int = Field(default=0, ge=0)
    case: Beside
    agencies: Beside
    people: Beside
    meetings: Beside | None = None
    said: tuple[Said, ...]
    loaded: tuple[Loaded, ...] = ()
    told: tuple[Told, ...] = ()

    @property
    def happenings(self) -> list[Happening]:
        """What is said, loaded and told, in order of time."""
        return sorted((*self.said, *self.loaded, *self.told), key=lambda happening: happening.at)

    @model_validator(mode="after")
    def _one_after_the_other(self) -> "Story":
        last = self.begins
        for happening in self.happenings:
            if happening.at - last < APART:
                raise ValueError(f"{happening.at:%Y-%m-%d %H:%M} is less than 2 minutes after what comes before it")
            last = happening.at
        return self


def read_story(file: Path) -> Story:
    """The story in a TOML file; the files that it names stand beside it.

    Raises:
        WrongUse: every fault of the file, a line each.
    """
    try:
        return Story.model_validate(tomllib.loads(file.read_text(encoding="utf-8")), context=file.parent)
    except OSError as fault:
        raise WrongUse(f"{file} cannot be read ({fault.strerror}). Name a story file that can.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise WrongUse(f"{file.name}: is no TOML file: {fault}. Mend the file.") from None
    except ValidationError as fault:
        raise WrongUse(*(_fault(file, error["loc"], error["msg"]) for error in fault.errors())) from None


def shipped_stories() -> list[Path]:
    """The stories that come with Datrys.

    Raises:
        WrongUse: they are not there.
    """
    files = sorted(SHIPPED.glob("*.toml"))
    if not files:
        raise WrongUse(f"{SHIPPED} holds no story. Name a story file: datrys demo STORY.toml")
    return files


def _dated(value: Any) -> Any:
    """The value with every moment in it given the offset of the wall clock in Wales."""
    match value:
        case dict():
            return {name: _dated(inner) for name, inner in value.items()}
        case list():
            return [_dated(inner) for inner in value]
        case datetime():
            return _on_the_wall(value).isoformat()
        case date():
            return value.isoformat()
        case _:
            return value


def _fault(file: Path, where: tuple[int | str, ...], what: str) -> str:
    """“gwent.toml: said, the 3rd: signal: is no signal …”."""
    place = ": ".join(f"number {part + 1}" if isinstance(part, int) else part for part in where)
    words = what.removeprefix("Value error, ").rstrip(".")
    return f"{file.name}: {place + ': ' if place else ''}{words}. Mend the file."
