"""What notify keeps about having been set back, and which digest an address is the text of."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0003"
down_revision = "0002"

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
    op.alter_column("party", "given_mail", nullable=True)
    op.add_column("party", Column("given_mail_of", sa.String(), nullable=True))
    op.add_column("party", Column("verified_mail_of", sa.String(), nullable=True))
    op.execute("UPDATE party SET given_mail_of = given, verified_mail_of = verified")
