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
from services.audit.layout import Piece, joined
from services.audit.store import Connection
from shared.tiles import WIDTH

AT_ONCE = 64 * WIDTH
AUDIT = b"audit"
# One member for three, compared as it comes: objects made of them would cost more than all else here.
SEEN = "SELECT idx, sha256 || uuid_send(id) || convert_to(source, 'UTF8') AS name FROM seen"

UNKNOWN = (
    'SELECT topic, kafka_offset FROM "offset" AS place'
    " WHERE NOT EXISTS (SELECT FROM seen WHERE seen.sha256 = place.sha256)"
    ' AND NOT EXISTS (SELECT FROM "foreign" AS other WHERE other.sha256 = place.sha256) LIMIT 1'
)


class _OutOfOrder(Exception):
    """The rows of `seen` do not lie in the order of their indices, as they do unless an append was rolled back."""


async def demand_sound(connection: Connection) -> int:
    """The number of entries, if all copies agree; LedgerDamaged names the first index or row that does not."""
    end = await store.size(connection)
    await demand_heads(connection)
    try:
        # A scan that joins another one in its middle would begin there.
        await connection.execute("SET LOCAL synchronize_seqscans = off")
        markers = await _demand_entries(connection, end, SEEN)
    except _OutOfOrder:
        markers = await _demand_entries(connection, end, f"{SEEN} ORDER BY idx")
    await demand_rows(connection, end)
    await demand_foreign(connection, markers)
    await _demand_places(connection, end)
    return end


async def _demand_entries(connection: Connection, end: int, query: str) -> dict[int, Foreign]:
    """The markers by index; _OutOfOrder only for SEEN itself."""
    markers: dict[int, Foreign] = {}
    seen = await connection.cursor(query)
    for start in range(0, end, AT_ONCE):
        held = joined(await store.pieces(connection, start, min(end, start + AT_ONCE)))
        await _demand_fragments(connection, start, held)
        entries = held.entries()
        names = [sha256(entry).digest() + _name(entry) for entry in entries]
        rows = await seen.fetch(len(entries))
        if [row[0] for row in rows] != list(range(start, start + len(entries))) and query == SEEN:
            raise _OutOfOrder
        _demand_seen(start, names, rows)
        markers |= {start + at: marked(entries[at]) for at, name in enumerate(names) if name[48:] == AUDIT}
    if await seen.fetch(1):
        if query == SEEN:
            raise _OutOfOrder
        raise LedgerDamaged(f"`seen` holds more than one row for each of {end} entries")
    return markers


def _demand_seen(start: int, names: Sequence[bytes], rows: Sequence[Any]) -> None:
    """Each of the entries from `start` on has its row; LedgerDamaged if not."""
    if [row[1] for row in rows] == names and [row[0] for row in rows] == list(range(start, start + len(names))):
        return
    for index, (name, row) in enumerate(zip_longest(names, rows), start):
        if row is None or row["idx"] != index:
            # A smaller one is the second row of the index before.
            at = index if row is None else min(index, row["idx"])
            raise LedgerDamaged(f"`seen` has no row, or more than one, for index {at}")
        if row["name"] != name:
            raise LedgerDamaged(f"`seen` and the entry at index {index} differ")


async def _demand_fragments(connection: Connection, start: int, held: Piece) -> None:
    rows = await connection.fetch(
        "SELECT first, bytes FROM fragment WHERE first >= $1 AND first < $2", start, start + len(held.ends)
    )
    for row in rows:
        first = row["first"]
        part = store.piece_of(row["bytes"], first)
        beside = held.between(first - start, min(first - start + len(part.ends), len(held.ends)))
        if beside.framed != part.framed:
            pairs = enumerate(zip_longest(part.entries(), beside.entries()), first)
            index = next(index for index, (ours, theirs) in pairs if ours != theirs)
            raise LedgerDamaged(f"a fragment and its bundle differ at index {index}")


async def _demand_places(connection: Connection, end: int) -> None:
    """Each place was taken for a message that is in the ledger, and the newest says how large it was.

    `seen` and `foreign` are known to say what the entries do. There is a place for each batch, so the server looks.
    """
    row = await connection.fetchrow(UNKNOWN)
    if row is not None:
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


def _name(entry: bytes) -> bytes:
    """Id and source as SEEN packs them; what no event could have for any other entry."""
    try:
        event = orjson.loads(entry)
        return bytes.fromhex(event["id"].replace("-", "")) + power(event["source"]).encode()
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError):
        return b""
