"""Notices with their delivery, and all that is personal."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make these tables."""
    op.create_table(
        "case_people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("deputy_name", sa.Text(), nullable=False),
        sa.Column("deputy_email", sa.Text(), nullable=False),
        sa.Column("directory_id", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["reference"], ["cases.reference"], name=op.f("fk_case_people_reference_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_people")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_case_people_reference_role_agency"), "case_people", ["reference", "role", "agency"])

    op.create_table(
        "documents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["reference"], ["cases.reference"], name=op.f("fk_documents_reference_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
    )
    op.create_index(op.f("ix_documents_reference"), "documents", ["reference"])

    op.create_table(
        "subjects",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("date_of_birth", sa.Date(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("occurrence_number", sa.Text(), nullable=False),
        sa.Column("parents_or_carers", sa.JSON(), nullable=False),
        sa.Column("on_child_protection_register", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["reference"], ["cases.reference"], name=op.f("fk_subjects_reference_cases")),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_subjects")),
    )

    op.create_table(
        "texts",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["reference"], ["cases.reference"], name=op.f("fk_texts_reference_cases")),
        sa.PrimaryKeyConstraint("reference", "id", name=op.f("pk_texts")),
    )

    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("office", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("clause", sa.Text(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("limit", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("concerns", sa.Text(), nullable=False),
        sa.Column("supersede_by", sa.Text(), nullable=False),
        sa.Column("pointless", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("delivered_to", sa.Text(), nullable=False),
        sa.Column("leased_by", sa.Text(), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reply", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case"], ["streams.stream"], name=op.f("fk_notices_case_streams")),
        sa.ForeignKeyConstraint(["reference"], ["cases.reference"], name=op.f("fk_notices_reference_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint(
            "case",
            "notice",
            "occasion",
            "role",
            "agency",
            "office",
            name=op.f("uq_notices_case_notice_occasion_role_agency_office"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_notices_case_state"), "notices", ["case", "state"])
    op.create_index(op.f("ix_notices_reference"), "notices", ["reference"])

    op.create_table(
        "receivers",
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("tried", sa.JSON(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_receivers_notice_id_notices")),
        sa.ForeignKeyConstraint(["reference"], ["cases.reference"], name=op.f("fk_receivers_reference_cases")),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_receivers")),
    )
    op.create_index(op.f("ix_receivers_reference"), "receivers", ["reference"])
