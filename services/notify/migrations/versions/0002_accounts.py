"""Accounts that end."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """There is no way down: facts are never dropped."""
    op.drop_constraint("uq_account_account_digest", "account")
    op.create_index("ix_account_account_digest", "account", ["account_digest"])
    op.create_table(
        "account_closing",
        Column("account", sa.Uuid(as_uuid=False), nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_account_closing"),
    )
