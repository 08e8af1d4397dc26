"""Reviews of what will end, and notices of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0004"
down_revision = "0003"

ID = sa.Uuid(as_uuid=False)


def upgrade() -> None:
    """There is no way down: facts are never dropped."""
    op.create_table(
        "review",
        Column("id", ID, nullable=False),
        Column("event", sa.LargeBinary(), nullable=False),
        Column("idx", sa.BigInteger(), nullable=False),
        Column("size", sa.BigInteger(), nullable=False),
        Column("proof", sa.String(), nullable=False),
        Column("case_id", ID, nullable=False),
        Column("until", sa.Date(), nullable=False),
        Column("lead", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_review"),
    )
    op.create_index("ix_review_case_id", "review", ["case_id"])
    op.alter_column("notice", "proposal", nullable=True)
    op.add_column("notice", Column("review", ID, nullable=True))
    op.create_check_constraint("of_one", "notice", "(proposal IS NULL) <> (review IS NULL)")
    op.drop_constraint("uq_notice_proposal_person_capacity_address", "notice")
    op.create_unique_constraint(
        "uq_notice_proposal_review_person_capacity_address", "notice",
        ["proposal", "review", "person", "capacity", "address"], postgresql_nulls_not_distinct=True,
    )  # fmt: skip
