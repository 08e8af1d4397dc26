"""What an item was kept until when a pack came into force that says less."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """There is no way down: facts are never dropped."""
    op.add_column("sample", Column("floor_rule", sa.String(), nullable=True))
    op.add_column("sample", Column("floor_version", sa.Integer(), nullable=True))
    op.add_column("sample", Column("floor_until", sa.Date(), nullable=True))
