"""How appended entries become rows, and where heads are cut between them. PURE."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.tiles import WIDTH, frame

_LENGTH_BYTES = 2


@dataclass(slots=True)
class Rows:
    """The rows of one append, and what the next one goes on from."""

    fragments: list[tuple[int, bytes]] = field(default_factory=list)
    """(first index, framed entries): of the first bundle touched, and of the last one if it is not full."""
    bundles: list[tuple[int, bytes]] = field(default_factory=list)
    """(n, framed entries) of each bundle that became full."""
    tail: bytes = b""
    """The framed entries of the bundle that is not full yet."""


def lay(first: int, tail: bytes, entries: Sequence[bytes]) -> Rows:
    """The rows of `entries` appended at index `first`, where `tail` are the framed entries of the open bundle."""
    rows, at = Rows(tail=tail), 0
    while at < len(entries):
        index = first + at
        room = WIDTH - index % WIDTH
        framed = frame(entries[at : at + room])
        full = at + room <= len(entries)
        if at == 0 or not full:
            rows.fragments.append((index, framed))
        rows.tail += framed
        if full:
            rows.bundles.append((index // WIDTH, rows.tail))
            rows.tail = b""
        at += room
    return rows


def cut(entries: Sequence[bytes], most: int) -> list[int]:
    """Where to end the heads over `entries`: counts, rising to their number, of at most `most` framed bytes apart."""
    ends, held = [], 0
    for count, entry in enumerate(entries):
        length = len(entry) + _LENGTH_BYTES
        if held and held + length > most:
            ends.append(count)
            held = 0
        held += length
    return [*ends, len(entries)] if entries else []
