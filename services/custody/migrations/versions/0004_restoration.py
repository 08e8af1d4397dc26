"""What custody keeps about having been set back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0004"
down_revision = "0003"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """There is no way down: facts are never dropped."""
    op.create_table(
        "restoration",
        Column("number", sa.BigInteger(), sa.Identity(always=True, cache=1), nullable=False),
        Column("began_at", INSTANT, server_default=sa.text("clock_timestamp()"), nullable=False),
        Column("held", sa.BigInteger(), nullable=False),
        Column("remembered", sa.BigInteger(), nullable=True),
        Column("ended_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_restoration"),
    )
    op.create_table(
        "taken_back",
        Column("event_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_taken_back"),
    )
    op.create_table(
        "waiting",
        Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        Column("subject", sa.Text(), nullable=False),
        Column("sequence", sa.BigInteger(), nullable=False),
        Column("bytes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("idx", name="pk_waiting"),
    )
