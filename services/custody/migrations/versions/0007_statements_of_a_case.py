"""What is stated of a case stands in it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """There is no way down: what was stated is never dropped."""
    op.add_column("case", sa.Column("statements", JSONB(), nullable=False, server_default="[]"))
    op.alter_column("case", "statements", server_default=None)
