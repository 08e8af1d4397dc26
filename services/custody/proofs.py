"""Inclusion proofs from audit's published log, under one head: signature and each proof are checked before it is given.

Hashes and heads are public; what custody asks for tells no more of an event than the tiles that it stands in.
"""

from typing import Self

import structlog

from shared.merkle import HASH_BYTES, Node, ProofError, inclusion_nodes, leaf_hash, resolve, verify_inclusion
from shared.notes import Checkpoint, NoteError, VerifierKey, open_checkpoint
from shared.published_log import LogUnavailable, PublishedLog
from shared.tiles import Tile, hash_range, home, width_at

KEPT = 256
"""Tiles in memory, of 8 kB at most."""
log = structlog.get_logger()


class Proofs:
    """Proofs of entries against `note`, whose checkpoint is `head`."""

    def __init__(self, published: PublishedLog, note: str, head: Checkpoint) -> None:
        self.note, self.head = note, head
        self._published = published
        self._tiles: dict[Tile, bytes] = {}

    @classmethod
    async def under_newest(cls, published: PublishedLog, key: VerifierKey) -> Self:
        """Under the newest head. Raises LogUnavailable, also for a head that the log's key has not signed."""
        note = await published.newest()
        try:
            return cls(published, note, open_checkpoint(note, key))
        except NoteError as error:
            log.error("the published head is not the log's", reason=str(error))
            raise LogUnavailable(f"the newest head is not the log's: {error}") from error

    async def of(self, index: int, entry: bytes) -> list[bytes]:
        """The hashes, leaf to root, that show `entry` at `index`. Raises LogUnavailable where they do not."""
        parts = inclusion_nodes(index, self.head.size)
        nodes = {node: await self._node(node) for nodes in parts for node in nodes}
        leaf, hashes = leaf_hash(entry), resolve(parts, nodes.__getitem__)
        try:
            verify_inclusion(leaf, index, self.head.size, hashes, self.head.root)
        except ProofError as error:
            log.error("the published log does not hold what it signed", index=index, reason=str(error))
            raise LogUnavailable(f"entry {index} is not shown by the log: {error}") from error
        return hashes

    async def _node(self, node: Node) -> bytes:
        full, start, end = home(node)
        tile = Tile(full.level, full.index, width_at(full, self.head.size))
        raw = self._tiles.pop(tile, None)
        if raw is None:
            raw = await self._published.hashes(tile)
        self._tiles[tile] = raw  # the one used last stands last
        if len(self._tiles) > KEPT:
            del self._tiles[next(iter(self._tiles))]
        return hash_range(raw[: end * HASH_BYTES], start, end)
