"""What a case writes down: one step, one transaction; and what the board's calendar alone knows."""

from sqlalchemy import Engine
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.in_thread import in_thread
from protocols.errors import RecordsOlder
from protocols.steps import Ahead, AheadQuery, MeetingQuery, PlannedMeeting, Recorded, Step
from protocols.waiting import Received, SetAside, TakeBack
from records import directory, fence, set_aside
from records.ahead import ahead, alarm_of, last_step
from records.database import writing
from records.writing import apply


class Records:
    """The activities that write to the records, and read the calendar from them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @activity.defn
    async def record(self, step: Step) -> Recorded:
        """Write a step of a case, once, however often it is asked for; answers whether notices wait.

        Raises:
            ApplicationError: it could not be written, or the records are older than the engine: to be tried again.
        """
        run = activity.info().workflow_run_id or ""
        return await in_thread(lambda: self._record(step, run))

    @activity.defn
    async def next_meeting(self, query: MeetingQuery) -> PlannedMeeting | None:
        """The first meeting of the group that is planned after the moment; None if there is none."""
        found = await in_thread(lambda: directory.next_meeting(self._engine, query.board, query.group, query.after))
        return found and PlannedMeeting(id=found.id, starts_at=found.starts_at, papers_due=found.papers_due)

    @activity.defn
    async def ahead(self, query: AheadQuery) -> Ahead:
        """What the records know of a case beyond a step."""
        return await in_thread(lambda: ahead(self._engine, query))

    @activity.defn
    async def last_step(self, case: str) -> int:
        """The number of the last step of a case that stands in the records; 0 if there is none."""
        return await in_thread(lambda: last_step(self._engine, case))

    @activity.defn
    async def alarm_of(self, stream: str) -> str:
        """What set off an immediate action that runs.

        Raises:
            ApplicationError: it has told nobody yet; to be asked again.
        """
        found = await in_thread(lambda: alarm_of(self._engine, stream))
        if found is None:
            raise ApplicationError(
                f"{stream} has told nobody yet", type="Waiting", category=ApplicationErrorCategory.BENIGN
            )
        return found

    @activity.defn
    async def set_aside(self, waiting: SetAside) -> None:
        """Keep signals that wait, once, however often it is asked for."""
        run = activity.info().workflow_run_id or ""
        await in_thread(lambda: set_aside.set_aside(self._engine, waiting, run))

    @activity.defn
    async def take_back(self, asked: TakeBack) -> list[Received]:
        """The oldest of what was set aside and is not judged yet."""
        return await in_thread(lambda: set_aside.take_back(self._engine, asked))

    def _record(self, step: Step, run: str) -> Recorded:
        try:
            with writing(self._engine) as session:
                return apply(session, step, run)
        except RecordsOlder:
            fence.note_refused(self._engine, step.case, step.number)
            raise
