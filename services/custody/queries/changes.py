"""The feed of what concerns a reader: sealed events in the order of the ledger, whose index is the cursor.

Order of recording would skip what commits late; the ledger's order cannot: what the worker has taken of it is taken
without a gap, and so is whatever lies below its position.
"""

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import and_, func, select

from services.custody.queries.concerning import seen_by
from services.custody.queries.reader import Reader
from services.custody.tables import EVENTS, POSITION
from shared.behind import behind_the_log
from shared.problems import Problem

SPAN = 2000
"""So many sealed events are looked through for one page, whether the reader may see them or not."""
_event, _sealed = EVENTS.event.c, EVENTS.sealed.c


@dataclass(frozen=True, slots=True)
class Feed:
    """A page. `next` is where the following one begins, None while nothing is sealed; `size` how far the ledger was
    read: entries below it are in this page, in one before, or none of the reader's business.
    """

    items: list[dict[str, Any]]
    next: int | None
    size: int


async def changes(reader: Reader, after: int | None, limit: int) -> Feed:
    """The sealed events behind index `after` that the reader may see today, at most `limit`.

    Problem 400 for an `after` that this ledger has not reached: whoever went on from there would miss what comes until
    then. 503 where the database was set back and will reach it again.
    """
    size = (await reader.connection.execute(select(POSITION.c.size))).scalar_one_or_none() or 0
    if after is not None and after >= size:
        raise behind_the_log() if reader.behind else _beyond()
    first = -1 if after is None else after
    window = (
        select(_sealed.event_id, _sealed.idx).where(and_(_sealed.idx > first, _sealed.idx < size))
        .order_by(_sealed.idx).limit(SPAN).subquery()
    )  # fmt: skip
    rows = await reader.connection.execute(
        select(window.c.idx, _event.bytes).join_from(window, EVENTS.event, _event.id == window.c.event_id)
        .where(seen_by(reader.actor)).order_by(window.c.idx).limit(limit)
    )  # fmt: skip
    items = [{"index": row.idx, "event": orjson.Fragment(row.bytes)} for row in rows]
    looked, last = (await reader.connection.execute(select(func.count(), func.max(window.c.idx)))).one()
    if len(items) == limit:
        return Feed(items, items[-1]["index"], size)
    end = last if looked == SPAN else size - 1
    return Feed(items, end if end >= 0 else None, size)


def _beyond() -> Problem:
    return Problem(
        400, "malformed-cursor", "This cursor is not of this list",
        "The ledger has no such index yet: it is another one's. Begin again without `after`.",
    )  # fmt: skip
