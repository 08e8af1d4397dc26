"""Holds, one and by the item that they cover."""

from typing import Any

from sqlalchemy import and_, or_, select

from services.custody.queries.reader import Reader
from services.custody.queries.texts import beside
from services.custody.queries.visibility import holds as visible
from services.custody.representation import representation
from services.custody.tables import HOLDS, SAMPLES
from shared.paging import Key, Page, page_of
from shared.problems import not_found


async def hold(reader: Reader, hold_id: str) -> dict[str, Any]:
    """A hold with its texts; Problem 404 for unknown and for not yours."""
    found = await HOLDS.where(reader.connection, and_(HOLDS.table.c.id == hold_id, visible(reader.actor)))
    if hold_id not in found:
        raise not_found()
    return await beside(reader, f"hold/{hold_id}", representation(found[hold_id]))


async def over(reader: Reader, sample_id: str, after: Key | None, limit: int) -> Page:
    """The holds that cover an item, or did, in order of their ids, without their texts."""
    column, sample = HOLDS.table.c, SAMPLES.table.c
    covering = select(sample.id).where(
        sample.id == sample_id,
        or_(sample.root == column.root, and_(column.root.is_(None), sample.case == column.case)),
    )
    first = [] if after is None else [column.id > after[0]]
    ids = select(column.id).where(covering.exists(), visible(reader.actor), *first).order_by(column.id).limit(limit + 1)
    found = await HOLDS.where(reader.connection, column.id.in_(ids))
    return page_of([((state.id,), representation(state)) for state in found.values()], limit)
