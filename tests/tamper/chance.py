"""What chance makes the database's owner do: to which table, which kind of thing, and where.

Not among it, for they decide nothing about what the ledger says:
- `heartbeat`, `epoch`: who writes now. An owner can stop the writer by them, and no more.
- `generation`, and of `offset` all but each digest and the newest row: from where Kafka is read again. What is read
  again is known and dropped (test_start); nothing is appended twice.
- `head.epoch`, `head.cosigned_at`: copies for people; the time that counts stands in the signed cosignature.
- A `fragment` deleted beside its full bundle: a spare copy, of which nothing is read but to compare it. One that is
  there and differs is found.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from random import Random

from tests.tamper.ledger import HEADS
from tests.tamper.owner import Owner

SIZE = HEADS[-1]
EDGES = (0, 1, 255, 256, 511, 512, 767, 768, 799, 800, SIZE - 1)


@dataclass(frozen=True)
class Tamper:
    """What was done. `writer` is what the writer's start check must say if nothing that is served differs."""

    what: str
    writer: str = ""
    remembered: bool = False
    """Whether only who has seen the heads before can tell: what is left is a sound log."""
    inside: bool = False
    """Whether it changed the schema, which only a transaction takes back."""


Deed = Callable[[Owner, Random], Awaitable[Tamper]]


def numbers(found: Collection[int]) -> str:
    """A pattern for one of these numbers."""
    return rf"\b({'|'.join(map(str, sorted(found)))})\b"
