"""The outbox of a case: what `record` put there is posted beside the flow, one post in flight, and never forgotten."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.posting import Post
    from activities.recording import Records
    from protocols.steps import Recorded, Step
    from workflows import story

RECORD_TIMEOUT = timedelta(seconds=30)
POST_TIMEOUT = timedelta(minutes=10)
POST_HEARTBEAT = timedelta(seconds=10)
POST_GRACE_SECONDS = 2
POST_ANEW = timedelta(minutes=10)
"""A post is tried for ever; where somebody made it fail for good, it is begun anew after this."""

LEAVES = "leaves-a-post-that-failed-as-it-was-cancelled"
RECORD_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
POST_RETRIES = RetryPolicy(initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=2))


class Behind(Exception):
    """The records know more of the case than this run: it goes on from them."""


class Outbox:
    """Records the steps of one case and posts what they leave to be sent.

    Args:
        case: the reference, or the id of an immediate action.
        unposted: whether a run before this one left notices unposted; None if nobody knows, as where a case goes on
            from its record.
        recorded: the number of the last step that was written.
    """

    def __init__(self, case: str, unposted: bool | None, recorded: int) -> None:
        self._case, self._unposted, self._known = case, bool(unposted), unposted is not None
        self._recorded = recorded
        self._posting: asyncio.Task[None] | None = None
        self._leaving = False

    @property
    def busy(self) -> bool:
        """Whether notices wait or are being posted."""
        return self._unposted or self._in_flight is not None

    @property
    def _in_flight(self) -> asyncio.Task[None] | None:
        return self._posting if self._posting and not self._posting.done() else None

    async def record(self, step: Step) -> None:
        """Record a step in one transaction; returns once it stands there.

        With it goes whether nothing waits to be mailed: records in which something does are older than this case.

        Raises:
            Behind: another run wrote a step of this number, and this one stands nowhere.
        """
        step.posted = self._known and not self.busy
        recorded: Recorded = await workflow.execute_activity_method(
            Records.record,
            step,
            start_to_close_timeout=RECORD_TIMEOUT,
            retry_policy=RECORD_RETRIES,
            summary=story.summary(step),
        )
        self._unposted |= recorded.unposted
        self._recorded, self._known = step.number, True
        if recorded.behind:
            raise Behind

    def post(self) -> None:
        """See that what waits is posted; returns at once."""
        if self._unposted and not self._in_flight:
            self._posting = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        while self._unposted:
            self._unposted = False
            try:
                await workflow.execute_activity_method(
                    Post.post,
                    args=[self._case, self._recorded],
                    start_to_close_timeout=POST_TIMEOUT,
                    heartbeat_timeout=POST_HEARTBEAT,
                    retry_policy=POST_RETRIES,
                    cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                    summary="post the notices that wait",
                )
            except ActivityError as fault:
                self._unposted = True
                if is_cancelled_exception(fault) or (self._leaving and workflow.patched(LEAVES)):
                    raise  # an attempt may fail just as it is cancelled: the next run posts
                await workflow.sleep(POST_ANEW, summary="post what waits anew: the post was given up")
            except BaseException:
                self._unposted = True
                raise

    async def hand_over(self) -> bool:
        """Before a new run: the post in flight is given 2 seconds, then cancelled; answers whether notices wait."""
        if posting := self._in_flight:
            await asyncio.wait([posting], timeout=POST_GRACE_SECONDS)
        if posting := self._in_flight:
            self._leaving = True
            posting.cancel()
            await asyncio.wait([posting])
        return self._unposted
