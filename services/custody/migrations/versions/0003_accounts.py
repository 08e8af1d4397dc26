"""Accounts of systems, accounts that end, and auditors whom courts appoint."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0003"
down_revision = "0002"

ID = sa.Uuid(as_uuid=False)


def upgrade() -> None:
    """There is no way down: facts are never dropped. Accounts that there are were linked to persons, and are open."""
    for name, value in (("kind", "person"), ("status", "open")):
        op.add_column("account", Column(name, sa.String(), nullable=False, server_default=value))
        op.alter_column("account", name, server_default=None)
    op.drop_constraint("uq_account_account_digest", "account")
    not_closed = sa.text("status <> 'closed'")
    op.create_index(
        "uq_account_account_digest", "account", ["account_digest"], unique=True, postgresql_where=not_closed
    )
    op.create_table(
        "auditor",
        Column("version", sa.Integer(), nullable=False),
        Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        Column("id", ID, nullable=False),
        Column("person", ID, nullable=False),
        Column("account_digest", sa.String(), nullable=False),
        Column("order", sa.String(), nullable=False),
        Column("document_sha256", sa.String(), nullable=True),
        Column("status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_auditor"),
    )
    appointed = sa.text("status = 'appointed'")
    op.create_index("uq_auditor_account_digest", "auditor", ["account_digest"], unique=True, postgresql_where=appointed)
