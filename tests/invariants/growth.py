"""A ledger that grows over every border of a tile, looked at from outside at each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256

import httpx2

from shared.tiles import Tile, levels_of, tiles_of
from tests.services.audit.rig import first
from tests.tamper.ledger import Ledger, opened

SIZES = (1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 70_000)
PORTION = 10_000
"""Facts that are sent at once; the writer signs a head for each portion at least."""
CLIENT_SECONDS = 60


@asynccontextmanager
async def client(ledger: Ledger) -> AsyncIterator[httpx2.AsyncClient]:
    """A peer of the log, over HTTP."""
    async with ledger.served() as (url, token):
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=CLIENT_SECONDS) as http:
            yield http


def implied(size: int) -> list[Tile]:
    """Every tile and bundle that a head of this size implies."""
    return [tile for level in (None, *levels_of(size)) for tile in tiles_of(level, size)]


Rows = dict[tuple[object, ...], tuple[bytes, str]]
"""Table and key of a row → digest of its bytes, and the transaction that wrote it."""


@dataclass
class Growth:
    """`values` are the leaves as they were sent; `served` is each path with the digest of what it gave at first."""

    ledger: Ledger
    values: list[bytes] = field(default_factory=list)
    served: dict[str, bytes] = field(default_factory=dict)
    rows: list[Rows] = field(default_factory=list)

    async def grow(self) -> None:
        """Seal up to each of SIZES in turn, and look at each."""
        rig = self.ledger.rig
        rig.options = {"linger_ms": 50}  # tens of heads on the way, not hundreds
        async with client(self.ledger) as http, rig.writing() as task:
            assert (await http.get("/checkpoint")).status_code == 404, "an empty log has no head"
            await self.ledger.found()
            self.values.append(rig.founding)
            for size in SIZES:
                while len(self.values) < size:
                    end = min(size, len(self.values) + PORTION)
                    new = [opened(number).to_bytes() for number in range(len(self.values), end)]
                    await rig.send(*new)
                    self.values += new
                    await first(rig.until_signed(end), task)
                await first(rig.until_signed(size), task)
                await self._look(http, size)
                self.rows.append(await self.stored())

    async def _look(self, http: httpx2.AsyncClient, size: int) -> None:
        for tile in implied(size):
            if tile.path not in self.served:
                self.served[tile.path] = await fetched(http, tile.path)

    async def stored(self) -> Rows:
        """What lies in the tables of entries and hashes."""
        async with self.ledger.owner() as owner:
            found: Rows = {}
            for table, key in (("fragment", "first, 0"), ("bundle", "n, 0"), ("tile", "level, n")):
                for one, two, digest, writer in await owner.fetch(
                    f"SELECT {key}, sha256(bytes), xmin::text FROM {table}"
                ):
                    found[table, one, two] = digest, writer
            return found


async def fetched(http: httpx2.AsyncClient, path: str) -> bytes:
    """SHA-256 of what is served there."""
    answer = await http.get(f"/{path}")
    assert answer.status_code == 200, path
    return sha256(answer.content).digest()
