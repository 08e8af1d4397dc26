"""Sealed texts beside their digests: shown only where the text still gives the digest, null where it was erased."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, select

from services.custody.queries.reader import Reader
from services.custody.tables import EVENTS, RESTORATION
from shared.sealed import seal

BLIND = frozenset({"auditor"})
"""Roles that see that something was said, and never what: an auditor checks form, and has no standing in a case."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
Texts = dict[str, str | None]
"""Member → text, None for one that is erased or not the reader's to see."""


async def of_events(reader: Reader, events: Sequence[tuple[str, bytes]]) -> list[Texts]:
    """The texts behind the digests of each event, given by id and bytes."""
    ids = [event_id for event_id, _ in events]
    known = await _known(reader, EVENTS.sealed_value.c.event_id.in_(ids)) if ids else {}
    return [{field: known.get(digest) for field, digest in digests(orjson.loads(raw)["data"])} for _, raw in events]


async def beside(reader: Reader, subject: str, found: dict[str, Any]) -> dict[str, Any]:
    """A representation with the text of each of its sealed members."""
    digests: Mapping[str, str] = found["sealed"]
    if not digests:
        return found
    value, event = EVENTS.sealed_value.c, EVENTS.event.c
    of_subject = value.event_id.in_(select(event.id).where(event.subject == subject))
    known = await _known(reader, of_subject & value.field.in_(sorted(digests)))
    told: dict[str, Any] = {field: known.get(digest) for field, digest in digests.items()}
    if None in told.values() and reader.actor.role not in BLIND:
        gone = await _lost(reader, event.subject == subject)
        if lost := sorted(field for field, digest in digests.items() if digest in gone and told[field] is None):
            told["lost"] = lost
    return found | told


async def lost_of(reader: Reader, texts: Mapping[str, Texts]) -> set[str]:
    """Of events by id, those whose texts were lost when the database was set back: newer than its backup."""
    doubtful = [event_id for event_id, said in texts.items() if None in said.values()]
    if not doubtful or reader.actor.role in BLIND:
        return set()
    taken = RESTORATION.taken_back.c.event_id
    return set((await reader.connection.execute(select(taken).where(taken.in_(doubtful)))).scalars())


async def _lost(reader: Reader, condition: ColumnElement[bool]) -> set[str]:
    """The digests of events that were taken back from the log, which holds no text."""
    event = EVENTS.event.c
    taken = RESTORATION.taken_back.c.event_id
    rows = await reader.connection.execute(
        select(event.bytes).join_from(EVENTS.event, RESTORATION.taken_back, taken == event.id).where(condition)
    )
    return {digest for raw in rows.scalars() for _, digest in digests(orjson.loads(raw)["data"])}


async def _known(reader: Reader, condition: ColumnElement[bool]) -> Mapping[str, str]:
    """Digest → text, of the values that a condition selects."""
    if reader.actor.role in BLIND:
        return {}
    table = EVENTS.sealed_value
    rows = await reader.connection.execute(select(table.c.field, table.c.value, table.c.salt).where(condition))
    return {seal(row.field, row.value, row.salt): row.value for row in rows}


def digests(data: Any) -> Iterable[tuple[str, str]]:
    """Each member, however deep in objects, whose value is a digest of a sealed text."""
    for name, value in data.items():
        if isinstance(value, dict):
            yield from digests(value)
        elif isinstance(value, str) and _DIGEST.fullmatch(value):
            yield name, value
