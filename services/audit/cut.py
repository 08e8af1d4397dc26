"""Taking out what was appended and never signed, by the database's owner: then the writer reads it anew from Kafka.

No head covers it and nobody was shown it, so nothing that the log ever said changes. It is kept in a file. Owns its
transaction.
"""

import os
from base64 import b64encode
from pathlib import Path

import orjson

from services.audit import store
from services.audit.errors import LedgerDamaged
from services.audit.fence import LOCK
from services.audit.store import Connection
from shared.tiles import WIDTH, frame

BEYOND = (
    "DELETE FROM fragment WHERE first >= $1 / 256 * 256", "DELETE FROM bundle WHERE n >= $1 / 256",
    "DELETE FROM seen WHERE idx >= $1", 'DELETE FROM "foreign" WHERE idx >= $1', 'DELETE FROM "offset" WHERE size > $1',
)  # fmt: skip
"""All rows of entries from an index on, and those of the bundle in which it lies."""


class WriterAtWork(RuntimeError):
    """The ledger's lock is held: only a ledger that nobody writes to may be cut."""


async def cut(connection: Connection, file: Path) -> tuple[int, int]:
    """Take the entries [first, end) out and return these two; `first` is the newest head's size.

    `file` must not be there yet: JSON lines of `index`, `entry` and, behind a marker, its `message`, in base64. Raises
    WriterAtWork, FileExistsError, or LedgerDamaged where the entries are not whole.
    """
    async with connection.transaction():
        if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1, $2)", *LOCK):
            raise WriterAtWork("a writer is at work: stop it first")
        newest = await store.newest_head(connection)
        first, end = newest.size if newest else 0, await store.size(connection)
        if end < first:
            raise LedgerDamaged(f"{end} entries are stored, while a head of size {first} is signed")
        if first == end:
            return first, end
        await _keep(connection, first, end, file)
        start = first - first % WIDTH
        signed = frame(await store.entries(connection, start, first))
        for statement in BEYOND:
            await connection.execute(statement, first)
        if signed:
            await connection.execute("INSERT INTO fragment (first, bytes) VALUES ($1, $2)", start, signed)
    return first, end


async def _keep(connection: Connection, first: int, end: int, file: Path) -> None:
    """What is taken out, on disk before it is gone from the database."""
    messages = dict(await connection.fetch('SELECT idx, bytes FROM "foreign" WHERE idx >= $1', first))
    with file.open("xb") as kept:
        for index, entry in enumerate(await store.entries(connection, first, end), first):
            line = {"index": index, "entry": b64encode(entry).decode()}
            if index in messages:
                line["message"] = b64encode(messages[index]).decode()
            kept.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        kept.flush()
        os.fsync(kept.fileno())
