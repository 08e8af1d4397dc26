"""The start check: every stored copy that the writer itself relies on, against the entries. It changes nothing.

`seen` says what is known, `fragment` repeats what a bundle holds, `offset` says what was taken from Kafka: a wrong row
in any of them would make the writer append twice, skip, or sign what is not there. Rows that others could stand in for
are in `check_rows`. Everything else is the verifier's.
"""

from collections.abc import Sequence
from hashlib import sha256
from itertools import zip_longest
from typing import Any

import orjson

from services.audit import store
from services.audit.check_rows import demand_foreign, demand_heads, demand_rows, marked
from services.audit.errors import LedgerDamaged
from services.audit.intake import Foreign, power
from services.audit.store import Connection
from shared.tiles import WIDTH

AT_ONCE = 64 * WIDTH
AUDIT = "audit"


async def demand_sound(connection: Connection) -> int:
    """The number of entries, if all copies agree; LedgerDamaged names the first index or row that does not."""
    end = await store.size(connection)
    await demand_heads(connection)
    markers: dict[int, Foreign] = {}
    taken = {row["sha256"] for row in await connection.fetch('SELECT sha256 FROM "offset"')}
    seen = await connection.cursor("SELECT id, source, sha256, idx FROM seen ORDER BY idx")
    for start in range(0, end, AT_ONCE):
        held = await store.entries(connection, start, min(end, start + AT_ONCE))
        await _demand_fragments(connection, start, held)
        rows = await seen.fetch(len(held))
        taken.difference_update(_demand_seen(start, held, rows))
        markers |= {row["idx"]: marked(held[row["idx"] - start]) for row in rows if row["source"] == AUDIT}
    if await seen.fetch(1):
        raise LedgerDamaged(f"`seen` holds more than one row for each of {end} entries")
    await demand_rows(connection, end)
    await _demand_places(connection, taken - await demand_foreign(connection, markers), end)
    return end


def _demand_seen(start: int, held: list[bytes], rows: Sequence[Any]) -> list[bytes]:
    """The digests of the entries from `start` on, each of which has its row; LedgerDamaged if not."""
    digests = []
    for index, entry, row in zip_longest(range(start, start + len(held)), held, rows):
        digest = sha256(entry).digest()
        if row is None or row["idx"] != index:
            raise LedgerDamaged(f"`seen` has no row, or more than one, for index {index}")
        if row["sha256"] != digest or (str(row["id"]), row["source"]) != _name(entry):
            raise LedgerDamaged(f"`seen` and the entry at index {index} differ")
        digests.append(digest)
    return digests


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
