"""Reviews before the end of keeping, and the worker's list of cases whose items are to be computed anew."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"

ID = sa.Uuid(as_uuid=False)


def upgrade() -> None:
    """There is no way down: facts are never dropped."""
    op.add_column("sample", Column("review_lead", sa.Integer(), nullable=True))
    op.create_index(
        "ix_sample_retention", "sample", ["retention_until", "id"],
        postgresql_where=sa.text("retention_until IS NOT NULL"),
    )  # fmt: skip
    op.create_table(
        "review",
        Column("version", sa.Integer(), nullable=False),
        Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        Column("id", ID, nullable=False),
        Column("case", ID, nullable=False),
        Column("lead", sa.Integer(), nullable=False),
        Column("items", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_review"),
    )
    op.create_index("ix_review_case_id", "review", ["case", "id"])
    op.create_table(
        "retention_due",
        Column("case", ID, nullable=False),
        Column("after", ID, nullable=True),
        Column("because", sa.String(), nullable=False),
        Column("tried", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("case", name="pk_retention_due"),
    )
    op.create_table(
        "retention_sweep",
        Column("pack_sha256", sa.String(64), nullable=False),
        Column("swept_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("pack_sha256", name="pk_retention_sweep"),
    )
