"""What an operator lets go is posted beside its case, which may have ended or wait for nothing."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.posting import Post
    from workflows.outbox import POST_HEARTBEAT, POST_RETRIES, POST_TIMEOUT


@workflow.defn
class PostAgain:
    """Posts what waits in the outbox of a case, or of an immediate action (`datrys reconcile --send`)."""

    @workflow.run
    async def run(self, case: str) -> None:
        """Post it; ends once nothing waits."""
        await workflow.execute_activity_method(
            Post.post,
            args=[case, 0],
            start_to_close_timeout=POST_TIMEOUT,
            heartbeat_timeout=POST_HEARTBEAT,
            retry_policy=POST_RETRIES,
            summary="post the notices that an operator let go",
        )
