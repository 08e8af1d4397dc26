"""Sealed texts beside their digests: shown only if the text still gives the digest, null where it was erased."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select

from services.custody.queries.reader import Reader
from services.custody.tables import EVENTS
from shared.sealed import seal

BLIND = frozenset({"auditor"})
"""Roles that see that something was said, and never what: an auditor checks form, and has no standing in a case."""

Texts = Mapping[str, Mapping[str, str | None]]
"""Event id → field → text, None for one that is erased or not the reader's to see."""


async def of_events(reader: Reader, ids: Collection[str]) -> Texts:
    """The texts that custody keeps for those events."""
    if not ids or reader.actor.role in BLIND:
        return {}
    table = EVENTS.sealed_value.c
    rows = await reader.connection.execute(
        select(table.event_id, table.field, table.value).where(table.event_id.in_(sorted(ids)))
    )
    found: dict[str, dict[str, str | None]] = defaultdict(dict)
    for row in rows:
        found[row.event_id][row.field] = row.value
    return found


async def beside(reader: Reader, subject: str, found: dict[str, Any]) -> dict[str, Any]:
    """A representation with the text of each of its sealed members, by digest."""
    digests: Mapping[str, str] = found["sealed"]
    if not digests or reader.actor.role in BLIND:
        return found | dict.fromkeys(digests)
    value, event = EVENTS.sealed_value.c, EVENTS.event.c
    rows = await reader.connection.execute(
        select(value.field, value.value, value.salt)
        .join(EVENTS.event, event.id == value.event_id)
        .where(event.subject == subject, value.field.in_(sorted(digests)))
    )
    known = {seal(row.field, row.value, row.salt): row.value for row in rows}
    return found | {field: known.get(digest) for field, digest in digests.items()}
