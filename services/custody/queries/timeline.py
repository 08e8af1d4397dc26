"""What happened to a subject: its events as the ledger has them, and where."""

from typing import Any

import orjson
from sqlalchemy import select

from services.custody.queries.reader import Reader
from services.custody.queries.texts import Texts, lost_of, of_events
from services.custody.tables import EVENTS
from shared.paging import Key, Page, page_of


async def timeline(reader: Reader, subject: str, after: Key | None, limit: int) -> Page:
    """The events of a subject that the reader may see, in order of its versions."""
    event, sealed = EVENTS.event.c, EVENTS.sealed.c
    rows = (
        await reader.connection.execute(
            select(event.id, event.sequence, event.bytes, sealed.idx, sealed.size)
            .outerjoin_from(EVENTS.event, EVENTS.sealed, sealed.event_id == event.id)
            .where(event.subject == subject, event.sequence > (0 if after is None else after[0]))
            .order_by(event.sequence)
            .limit(limit + 1)
        )
    ).all()
    texts = await of_events(reader, [(row.id, row.bytes) for row in rows])
    lost = await lost_of(reader, dict(zip((row.id for row in rows), texts, strict=True)))
    items = [(row, _item(row, said)) for row, said in zip(rows, texts, strict=True)]
    return page_of([((row.sequence,), item | ({"lost": True} if row.id in lost else {})) for row, item in items], limit)


def _item(row: Any, texts: Texts) -> dict[str, Any]:
    place = {"state": "recorded"} if row.idx is None else {"state": "sealed", "index": row.idx, "head": row.size}
    return {"event": orjson.Fragment(row.bytes), "sealed": texts, "seal": place}
