"""Refusals by what they name, and offers by their items: what the export of a case, and the feed, look up."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """There is no way down: facts are never dropped."""
    target = sa.text('substring(encode(bytes, \'escape\'), \'"target":"([^"]+)"\')')
    op.create_index("ix_event_refused", "event", [target], postgresql_where=sa.text("subject IS NULL"))
    op.create_index("ix_offer_samples", "offer", ["samples"], postgresql_using="gin")
