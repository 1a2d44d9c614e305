"""Gwent: from which stages on who sees a case, and whom a review makes see it (spec 5)."""

from protocols.access import Access, Since, stages_from
from protocols.gwent import Stage
from protocols.roles import Role
from protocols.steps import ReviewRow


def _reviewers(review: ReviewRow) -> frozenset[Role]:
    """3.8 The agency that was asked to review the case."""
    return frozenset({Role(role="reviewer", agency=review.reviewer)} if review.reviewer else ())


ACCESS = Access(
    stages={
        Since.MEETING: stages_from(Stage.MEETING),
        Since.BUSINESS_UNIT: stages_from(Stage.REVIEW_REQUEST),
    },
    reviewers=_reviewers,
)
