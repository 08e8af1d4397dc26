"""Stage two: read back what was appended, hash it, sign its heads, and keep the newest outside the database.

Roots and tiles are computed from the stored bytes and nothing else, so a head covers what is on disk or is not signed;
and what is on disk must be what Kafka told, or it is not signed either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.audit import metrics, store
from services.audit.errors import LedgerDamaged
from services.audit.fence import Fence
from services.audit.headfile import HeadFile
from services.audit.layout import cut, joined
from services.audit.store import Head
from shared.failpoint import reach
from shared.notes import Checkpoint, Signer, write_note
from shared.tiles import Grown, TileEdge, frame

BATCH = 10_000


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The log's key and its own cosigner's, both named after the origin."""

    log: Signer
    cosigner: Signer


@dataclass(frozen=True, slots=True)
class Sealed:
    """One head with the framed entries between the previous head's size and its own."""

    first: int
    framed: bytes
    head: Head


class Sealer:
    """Signs heads, one root per size; owns the transaction in which a head and its tiles become rows."""

    def __init__(
        self, fence: Fence, keys: SigningKeys, kept: HeadFile, edge: TileEdge, *, message_bytes: int, since: int = 0
    ) -> None:
        """`edge` is the tree at the newest head; `since` the time of its cosignature, which never runs backwards."""
        self._fence, self._keys, self._kept, self._edge = fence, keys, kept, edge
        self._message_bytes, self._since = message_bytes, since

    @property
    def size(self) -> int:
        """The size of the newest head."""
        return self._edge.size

    async def seal(self, entries: Sequence[bytes]) -> list[Sealed]:
        """Heads over all that is stored, committed; the file of the last head is the caller's next step.

        `entries` are those beyond the newest head as Kafka told them: LedgerDamaged if others are stored.
        """
        sealed: list[Sealed] = []
        for done in range(0, len(entries), BATCH):
            sealed += await self._seal(entries[done : done + BATCH])
        return sealed

    def keep(self, head: Head) -> None:
        """Move the file outside the database up to this head."""
        reach("before-head-file")
        self._kept.move_up(head.size, head.signed)
        reach("after-head-file")
        metrics.SIZE.set(head.size)

    async def _seal(self, told: Sequence[bytes]) -> list[Sealed]:
        connection = self._fence.connection
        stored = joined(await store.pieces(connection, self.size, self.size + len(told)))
        if stored.framed != frame(told):
            index = next(
                at for at, pair in enumerate(zip(stored.entries(), told, strict=True), self.size) if len({*pair}) > 1
            )
            raise LedgerDamaged(f"the entry stored at index {index} is not the one that was appended there")
        now = await connection.fetchval("SELECT clock_timestamp()")
        self._since = max(self._since, int(now.timestamp()))
        hashes, sealed, grown, done = stored.leaf_hashes(), [], [], 0
        for count in cut(stored.ends, self._message_bytes):
            first = self.size
            grown += self._edge.append(hashes[done:count])
            sealed.append(Sealed(first, stored.between(done, count).framed, self._sign(now)))
            done = count
        await self._commit(grown, [part.head for part in sealed])
        metrics.HEADS.inc(len(sealed))
        return sealed

    def _sign(self, now: Any) -> Head:
        head = Checkpoint(self._keys.log.key.name, self._edge.size, self._edge.root())
        note = write_note(head.text, [self._keys.log.sign(head.text)])
        return Head(head.size, head.root, note, self._keys.cosigner.cosign(head.text, self._since).line(), now)

    async def _commit(self, grown: list[Grown], heads: list[Head]) -> None:
        connection = self._fence.connection
        async with connection.transaction():
            await self._fence.demand_epoch()
            if grown:
                await connection.copy_records_to_table(
                    "tile", records=[(tile.level, tile.index, tile.bytes) for tile in grown],
                    columns=("level", "n", "bytes"),
                )  # fmt: skip
            await connection.copy_records_to_table(
                "head",
                records=[
                    (head.size, self._fence.epoch, head.root, head.note, head.cosignature, head.cosigned_at)
                    for head in heads
                ],
                columns=("size", "epoch", "root", "note", "cosignature", "cosigned_at"),
            )
            reach("before-sign")
        reach("after-sign")
