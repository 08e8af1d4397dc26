"""A log that a test signs: entries in order, sealed in custody's database as its worker does, served as audit serves."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.merkle import HASH_BYTES, leaf_hash, root_of
from shared.notes import Checkpoint, Signer, write_note
from shared.outside import SEALED_INDEX
from shared.published_log import PublishedLog
from shared.tiles import WIDTH, TileEdge, parse_path, width_at

ORIGIN = "cadena.example/demo"


@dataclass
class LittleLog:
    """`entries` are the leaves; `broken` answers every request in their place, if set; `asked` are the paths, and what
    begins with `gone` is not there. `signed` is a head to serve in place of the newest, `state` custody's folder
    outside its database.
    """

    signer: Signer = field(default_factory=lambda: Signer(ORIGIN, Ed25519PrivateKey.generate()))
    cosigner: Signer | None = None
    entries: list[bytes] = field(default_factory=list)
    broken: httpx2.Response | Exception | None = None
    asked: list[str] = field(default_factory=list)
    gone: str = "nothing"
    signed: str = ""
    state: Path | None = None

    @property
    def vkey(self) -> str:
        return self.signer.key.vkey

    def published(self) -> PublishedLog:
        return PublishedLog("http://log.test", transport=httpx2.MockTransport(self._answer))

    def note(self) -> str:
        if self.signed:
            return self.signed
        root = root_of([leaf_hash(entry) for entry in self.entries])
        text = Checkpoint(ORIGIN, len(self.entries), root).text
        cosigned = [self.cosigner.cosign(text, int(time.time()))] if self.cosigner else []
        return write_note(text, [self.signer.sign(text), *cosigned])

    def hashes(self, level: int) -> list[bytes]:
        """Every complete hash of a tile level."""
        if level:
            row = self.hashes(level - 1)
            return [root_of(row[at : at + WIDTH]) for at in range(0, len(row) - WIDTH + 1, WIDTH)]
        return [leaf_hash(entry) for entry in self.entries]

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path.removeprefix("/")
        self.asked.append(path)
        if isinstance(self.broken, Exception):
            raise self.broken
        if self.broken is not None:
            return self.broken
        if path == "checkpoint":
            return httpx2.Response(200, text=self.note()) if self.entries else httpx2.Response(404)
        tile = parse_path(path.removeprefix("tile/"))
        short = tile is None or tile.level is None or width_at(tile, len(self.entries)) < tile.width
        if tile is None or tile.level is None or short or path.startswith(self.gone):
            return httpx2.Response(404)
        row = self.hashes(tile.level)[tile.first : tile.first + tile.width]
        assert len(b"".join(row)) == tile.width * HASH_BYTES
        return httpx2.Response(200, content=b"".join(row))

    async def seal(self, owner: Any, *, all_but: int = 0) -> None:
        """Append what custody recorded and the ledger lacks, in order, but the last ones; mark it as the worker does."""
        rows = await owner.fetch(
            "SELECT id, bytes FROM event WHERE NOT EXISTS (SELECT FROM sealed WHERE event_id = id) ORDER BY seq"
        )
        first = len(self.entries)
        fresh = rows[: len(rows) - all_but]
        self.entries += [row["bytes"] for row in fresh]
        size = len(self.entries)
        marks = [(row["id"], first + at, size) for at, row in enumerate(fresh)]
        await owner.copy_records_to_table("sealed", columns=["event_id", "idx", "size"], records=marks)
        await self.read_up_to(owner, size)

    async def read_up_to(self, owner: Any, size: int) -> None:
        """Set custody's position in the ledger, in the database and outside of it."""
        if self.state is not None:
            self.state.mkdir(exist_ok=True)
            (self.state / SEALED_INDEX).write_text(f"{ORIGIN}\n{size}\n\n")
        await owner.execute(
            "INSERT INTO reader_position (size, edge, note, generation, kafka_offset) VALUES ($1, '{}', '', 0, 0)"
            " ON CONFLICT (one) DO UPDATE SET size = $1", size,
        )  # fmt: skip

    def pad(self, count: int) -> None:
        """Entries of others."""
        self.entries += [f"entry {len(self.entries) + at} of somebody else".encode() for at in range(count)]


def grown(count: int) -> LittleLog:
    """A log of so many entries; its tiles are those that the ledger's own code would make."""
    log = LittleLog()
    log.pad(count)
    edge = TileEdge()
    for tile in edge.append([leaf_hash(entry) for entry in log.entries]):
        assert b"".join(log.hashes(tile.level)[tile.index * WIDTH : (tile.index + 1) * WIDTH]) == tile.bytes
    return log
