"""Events by the hundred thousand: canonical bytes of exactly one size, ids UUIDv7, made at a microsecond or two each.

From `WHOLE` bytes on they are whole events (docs/wire.md). Smaller ones carry what the writer looks at and no more: it
appends them as it does whole ones, while a verifier that reads them as events refuses them.
"""

import random
import time
from collections.abc import Iterator

from shared.canonical import canonical
from tests.services.audit.rig import CUSTODY, TIME

KIND = "offer.made.v1"
MARK = "00000000-0000-7000-8000-000000000000"
COMMAND = "ab" * 32
WHOLE = 600


class Maker:
    """Makes events of `size` bytes; ValueError for a size that cannot hold what the writer looks at."""

    def __init__(self, size: int, seed: int | None = None) -> None:
        self._random = random.Random(seed)
        bare = len(canonical(_members(size, "")))
        if size < bare:
            raise ValueError(f"an event of the shape that the writer takes has at least {bare} bytes, not {size}")
        whole = canonical(_members(size, "x" * (size - bare)))
        self._parts = whole.split(MARK.encode())
        self._last = 0

    def take(self, count: int) -> list[bytes]:
        """The next events, with ids that rise."""
        bits, milliseconds = self._random.getrandbits, time.time_ns() // 1_000_000
        self._last = max(self._last + 1, milliseconds << 12)
        first = self._last
        self._last += count
        made = []
        for tick in range(first, first + count):
            which = b"%08x-%04x-7%03x-%04x-%012x" % (
                tick >> 28, tick >> 12 & 0xFFFF, tick & 0xFFF, 0x8000 | bits(14), bits(48),
            )  # fmt: skip
            made.append(which.join(self._parts))
        return made

    def chunks(self, count: int, at_once: int = 5000) -> Iterator[list[bytes]]:
        """`count` events, some at a time, so that memory stays small."""
        for done in range(0, count, at_once):
            yield self.take(min(at_once, count - done))


def _members(size: int, pad: str) -> dict[str, object]:
    members: dict[str, object] = {
        "command": COMMAND, "data": {"pad": pad}, "dataschema": f"urn:cadena:schema:custody.{KIND}", "id": MARK,
        "outcome": "accepted", "source": CUSTODY, "specversion": "1.0", "time": TIME, "type": f"org.cadena.custody.{KIND}",
    }  # fmt: skip
    if size >= WHOLE:
        members |= {
            "actor": {}, "datacontenttype": "application/json", "occurred_at": TIME, "ordinal": 0, "sequence": 1,
            "subject": f"offer/{MARK}",
        }  # fmt: skip
    return members
