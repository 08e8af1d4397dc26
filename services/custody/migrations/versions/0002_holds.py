"""Holds."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0002"
down_revision = "0001"

ID = sa.Uuid(as_uuid=False)


def upgrade() -> None:
    """There is no way down: facts are never dropped."""
    op.create_table(
        "hold",
        Column("version", sa.Integer(), nullable=False),
        Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        Column("id", ID, nullable=False),
        Column("case", ID, nullable=False),
        Column("sample", ID, nullable=True),
        Column("root", ID, nullable=True),
        Column("reason", sa.String(), nullable=False),
        Column("placed_by_org", ID, nullable=False),
        Column("placed_by_person", ID, nullable=False),
        Column("placed_as", sa.String(), nullable=False),
        Column("status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hold"),
    )
    op.create_index("ix_hold_root_id", "hold", ["root", "id"])
    op.create_index("ix_hold_case_id", "hold", ["case", "id"], postgresql_where=sa.text("root IS NULL"))
