"""An item may be kept without a known end, and the latest day that was stated for its collection stays known."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """There is no way down: an end that is not known has no day."""
    op.add_column("sample", sa.Column("collected_latest", sa.Date(), nullable=True))
    op.execute("UPDATE sample SET collected_latest = (collected_at AT TIME ZONE 'UTC')::date")
    op.alter_column("sample", "collected_latest", nullable=False)
    op.alter_column("sample", "retention_until", nullable=True)
