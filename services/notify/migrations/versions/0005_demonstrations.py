"""Whether the installation was founded as a demonstration."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """There is no way down: facts are never dropped. Until now no demonstration could say so."""
    op.add_column("installation", Column("demo", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.alter_column("installation", "demo", server_default=None)
