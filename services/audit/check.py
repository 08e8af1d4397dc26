"""The start check: every stored copy that the writer itself relies on, against the entries. It changes nothing.

`seen` says what is known, `fragment` repeats what a bundle holds, `offset` says what was taken from Kafka: a wrong row
in any of them would make the writer append twice, skip, or sign what is not there. Everything else is the verifier's.
"""

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import orjson

from services.audit import store
from services.audit.errors import LedgerDamaged
from services.audit.intake import power
from services.audit.store import Connection
from shared.tiles import WIDTH

BUNDLES_AT_ONCE = 64


async def demand_sound(connection: Connection) -> int:
    """The number of entries, if all copies agree; LedgerDamaged names the first index or row that does not."""
    end = await store.size(connection)
    wanted = {row["sha256"] for row in await connection.fetch('SELECT sha256 FROM "offset"')}
    async for index, entry, row in _beside_seen(connection, end):
        digest = sha256(entry).digest()
        if row["sha256"] != digest or (str(row["id"]), row["source"]) != _name(entry):
            raise LedgerDamaged(f"`seen` and the entry at index {index} differ")
        wanted.discard(digest)
    if await connection.fetchval("SELECT count(*) FROM seen") != end:
        raise LedgerDamaged(f"`seen` does not hold one row for each of {end} entries")
    await _demand_places(connection, wanted, end)
    return end


async def _beside_seen(connection: Connection, end: int) -> AsyncIterator[tuple[int, bytes, Any]]:
    """Each entry with its row of `seen`; fragments are compared with their bundles on the way."""
    rows = connection.cursor("SELECT id, source, sha256, idx FROM seen ORDER BY idx", prefetch=5000)
    seen = aiter(rows)
    for start in range(0, end, BUNDLES_AT_ONCE * WIDTH):
        stop = min(end, start + BUNDLES_AT_ONCE * WIDTH)
        held = await store.entries(connection, start, stop)
        await _demand_fragments(connection, start, held)
        for index, entry in enumerate(held, start):
            row = await anext(seen, None)
            if row is None or row["idx"] != index:
                raise LedgerDamaged(f"`seen` has no row, or more than one, for index {index}")
            yield index, entry, row


async def _demand_fragments(connection: Connection, start: int, held: list[bytes]) -> None:
    rows = await connection.fetch(
        "SELECT first, bytes FROM fragment WHERE first >= $1 AND first < $2", start, start + len(held)
    )
    for row in rows:
        part = store.entries_of(row["bytes"], row["first"])
        for index, entry in enumerate(part, row["first"]):
            if index - start >= len(held) or held[index - start] != entry:
                raise LedgerDamaged(f"a fragment and its bundle differ at index {index}")


async def _demand_places(connection: Connection, unknown: set[bytes], end: int) -> None:
    """Each place was taken for a message that is in the ledger, and the newest says how large it was."""
    foreign = await connection.fetch('SELECT sha256 FROM "foreign"')
    unknown -= {row["sha256"] for row in foreign}
    if unknown:
        row = await connection.fetchrow(
            'SELECT topic, kafka_offset FROM "offset" WHERE sha256 = $1', next(iter(unknown))
        )
        raise LedgerDamaged(f"`offset` names a message that is not in the ledger: {row['topic']} {row['kafka_offset']}")
    newest = await connection.fetchval('SELECT max(size) FROM "offset"')
    if newest != end and not (newest is None and end <= 1):
        raise LedgerDamaged(f"`offset` was last kept at {newest} entries, while {end} are stored")
    step = await connection.fetchrow(
        "SELECT topic, kafka_offset FROM (SELECT *, lag(size, 1, 0::bigint) OVER"
        ' (PARTITION BY generation, topic ORDER BY kafka_offset) AS before FROM "offset") AS place WHERE size < before'
    )
    if step is not None:
        raise LedgerDamaged(f"`offset` runs backwards at {step['topic']} {step['kafka_offset']}")


def _name(entry: bytes) -> tuple[str, str]:
    try:
        event = orjson.loads(entry)
        return event["id"], power(event["source"])
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return "", ""
