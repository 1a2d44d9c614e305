"""Cwm Taf Morgannwg: from which stages on who sees a case, and whom a review makes see it (spec 5)."""

from protocols.access import INDEPENDENT_MEMBER, Access, Since, stages_from
from protocols.cwm_taf_morgannwg import REVIEW_GROUP, Stage
from protocols.roles import Role
from protocols.steps import ReviewRow


def _reviewers(review: ReviewRow) -> frozenset[Role]:
    """3 The review group; or the representative of the agency that reviews, with an independent member of the Board.

    The decision names the agency of the independent member. One whose agency nobody has said is taken as that one:
    whoever is named for a case is named without it.
    """
    if review.reviewer in ("", REVIEW_GROUP):
        return frozenset({Role(role=REVIEW_GROUP)} if review.reviewer else ())
    return frozenset(
        {
            Role(role="representative", agency=review.reviewer),
            Role(role=INDEPENDENT_MEMBER, agency=review.findings.get("panel_member_agency", "")),
            Role(role=INDEPENDENT_MEMBER),
        }
    )


ACCESS = Access(
    stages={
        Since.AGREEMENT: stages_from(Stage.AGREEMENT),
        Since.BUSINESS_UNIT: stages_from(Stage.RESPONSE),
        Since.QA: stages_from(Stage.QA),
        Since.CO_CHAIR: stages_from(Stage.CO_CHAIR),
    },
    reviewers=_reviewers,
)
