"""The start check of what nothing else would miss (G7): rows for which others can stand in, and columns told twice.

A bundle that is gone is served from its fragments, and a tile from the entries; a head's columns repeat its note; the
message behind a marker leaf is read by nobody until someone asks what it was.
"""

from collections.abc import Mapping

import orjson

from services.audit.errors import LedgerDamaged
from services.audit.intake import Foreign
from services.audit.sign import SigningKeys
from services.audit.store import Connection, Head
from shared.merkle import HASH_BYTES
from shared.notes import NoteError, cosigned_at, open_checkpoint, open_note
from shared.tiles import HEIGHT, WIDTH, levels_of


async def demand_rows(connection: Connection, end: int) -> None:
    """One row for each full bundle of `end` entries, and for each full tile below the newest head, of its length."""
    signed = await connection.fetchval("SELECT coalesce(max(size), 0) FROM head")
    wanted = {"bundle": end // WIDTH} | {
        f"tile of level {level}": signed >> HEIGHT * (level + 1) for level in levels_of(signed)
    }
    rows = await connection.fetch(
        "SELECT 'bundle' AS kind, count(*) AS rows, min(n) AS low, max(n) AS high FROM bundle"
        " UNION ALL SELECT 'tile of level ' || level, count(*) FILTER (WHERE octet_length(bytes) = $1), min(n), max(n)"
        " FROM tile GROUP BY level",
        WIDTH * HASH_BYTES,
    )
    held = {row["kind"]: (row["rows"], row["low"], row["high"]) for row in rows if row["rows"]}
    for kind in wanted.keys() | held.keys():
        count = wanted.get(kind, 0)
        if held.get(kind, (0, 0, -1)) != (count, 0, count - 1):
            raise LedgerDamaged(f"a full {kind} is not there, or one too many is: there are {count} of them, from 0 on")


async def demand_heads(connection: Connection) -> None:
    """Size and root of each head are those of its note; whether the log signed that is the verifier's to say."""
    size = await connection.fetchval(
        "SELECT min(size) FROM head"
        " WHERE (split_part(note, chr(10), 2), split_part(note, chr(10), 3)) <> (size::text, encode(root, 'base64'))"
    )
    if size is not None:
        raise LedgerDamaged(f"the head of size {size} and its note differ")


def demand_signed(head: Head, keys: SigningKeys) -> int:
    """When the newest head was cosigned, in POSIX seconds; LedgerDamaged unless both our keys signed it."""
    try:
        open_checkpoint(head.note, keys.log.key)
        return cosigned_at(open_note(head.signed, [keys.cosigner.key]).verified[0])
    except NoteError as error:
        raise LedgerDamaged(f"the head of size {head.size} is not as it was signed: {error}") from error


def marked(entry: bytes) -> Foreign:
    """The message that a marker leaf speaks of; the entry is known to be the one that was appended."""
    data = orjson.loads(entry)["data"]
    return Foreign(data["topic"], data["offset"], bytes.fromhex(data["sha256"]))


async def demand_foreign(connection: Connection, markers: Mapping[int, Foreign]) -> None:
    """Each foreign message is kept as its marker leaf says; `markers` is by index."""
    rows = await connection.fetch('SELECT idx, topic, kafka_offset, sha256, sha256(bytes) AS held FROM "foreign"')
    kept = {row["idx"]: Foreign(row["topic"], row["kafka_offset"], row["held"]) for row in rows}
    differ = {index for index in kept.keys() | markers.keys() if kept.get(index) != markers.get(index)}
    differ |= {row["idx"] for row in rows if row["sha256"] != row["held"]}
    if differ or len(rows) != len(markers):
        raise LedgerDamaged(f"`foreign` and the marker at index {min(differ, default=0)} differ")
