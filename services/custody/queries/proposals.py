"""Proposals."""

from typing import Any

from sqlalchemy import and_

from services.custody.queries.reader import Reader
from services.custody.queries.texts import beside
from services.custody.queries.visibility import proposals as visible
from services.custody.representation import representation
from services.custody.tables import PROPOSALS
from shared.problems import not_found


async def proposal(reader: Reader, proposal_id: str) -> dict[str, Any]:
    """A proposal with its texts; Problem 404 for unknown and for not yours."""
    found = await PROPOSALS.where(reader.connection, and_(PROPOSALS.table.c.id == proposal_id, visible(reader.actor)))
    if proposal_id not in found:
        raise not_found()
    return await beside(reader, f"proposal/{proposal_id}", representation(found[proposal_id]))
