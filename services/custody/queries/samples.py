"""Samples, one and by label."""

from typing import Any

from sqlalchemy import ColumnElement, and_, select

from services.custody.queries.reader import Reader
from services.custody.queries.texts import beside
from services.custody.queries.visibility import samples as visible
from services.custody.representation import representation
from services.custody.rules.sample import SampleState
from services.custody.tables import SAMPLES
from shared.paging import Key, Page, page_of
from shared.problems import not_found


async def sample(reader: Reader, sample_id: str) -> dict[str, Any]:
    """A sample with its texts; Problem 404 for unknown and for not yours."""
    condition = and_(SAMPLES.table.c.id == sample_id, visible(reader.actor))
    found = await SAMPLES.where(reader.connection, condition)
    if sample_id not in found:
        raise not_found()
    return await beside(reader, f"sample/{sample_id}", representation(found[sample_id]))


async def by_label(reader: Reader, label: str, after: Key | None, limit: int) -> Page:
    """The samples of a label, in order of their ids, without their texts."""
    states = await some(reader, SAMPLES.table.c.label == label, after, limit)
    return page_of([((state.id,), representation(state)) for state in states], limit)


async def some(reader: Reader, condition: ColumnElement[bool], after: Key | None, limit: int) -> list[SampleState]:
    """Visible samples in order of their ids, one more than `limit` where there are more."""
    column = SAMPLES.table.c
    first = [] if after is None else [column.id > after[0]]
    ids = select(column.id).where(condition, visible(reader.actor), *first).order_by(column.id).limit(limit + 1)
    found = await SAMPLES.where(reader.connection, column.id.in_(ids))
    return list(found.values())
