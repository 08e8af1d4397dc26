"""Offers."""

from typing import Any

from sqlalchemy import and_

from services.custody.queries.reader import Reader
from services.custody.queries.texts import beside
from services.custody.queries.visibility import offers as visible
from services.custody.representation import representation
from services.custody.tables import OFFERS
from shared.problems import not_found


async def offer(reader: Reader, offer_id: str) -> dict[str, Any]:
    """An offer with its texts; Problem 404 for unknown and for not yours."""
    found = await OFFERS.where(reader.connection, and_(OFFERS.table.c.id == offer_id, visible(reader.actor)))
    if offer_id not in found:
        raise not_found()
    return await beside(reader, f"offer/{offer_id}", representation(found[offer_id]))
