"""How appended entries become rows, and where heads are cut between them. PURE."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from struct import Struct
from typing import NamedTuple

from shared.merkle import HASH_BYTES
from shared.tiles import WIDTH, FramingError, frame

SEEN_COLUMNS = ("id", "source", "sha256", "idx")
_UUID_BYTES = 16
_INDEX_BYTES = 8
_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_TRAILER = b"\xff\xff"


class Piece(NamedTuple):
    """Framed entries, and the byte at which each one's frame ends."""

    framed: bytes
    ends: list[int]

    def between(self, start: int, end: int) -> "Piece":
        """Its entries [start, end), counted from its first."""
        if start == 0 and end == len(self.ends):
            return self
        base = self.ends[start - 1] if start else 0
        ends = self.ends[start:end]
        return Piece(self.framed[base : ends[-1]], [at - base for at in ends])

    def entries(self) -> list[bytes]:
        """The entries themselves."""
        return [self.framed[start + 2 : end] for start, end in zip([0, *self.ends], self.ends, strict=False)]

    def leaf_hashes(self) -> list[bytes]:
        """SHA256(0x00 || entry) of each entry; `leaf_hash`, written out: this is the hot line of the writer."""
        framed, hashes, start = self.framed, [], 2
        for end in self.ends:
            hashes.append(sha256(b"\0" + framed[start:end]).digest())
            start = end + 2
        return hashes


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


def take_apart(framed: bytes) -> Piece:
    """Framed entries with their ends; FramingError if the bytes end within one."""
    ends, at, length = [], 0, len(framed)
    try:
        while at < length:
            at += 2 + (framed[at] << 8 | framed[at + 1])
            ends.append(at)
    except IndexError:
        at = length + 1
    if at > length:
        raise FramingError("the bytes end within an entry")
    return Piece(framed, ends)


def joined(pieces: Sequence[Piece]) -> Piece:
    """Consecutive pieces as one."""
    ends, base = [], 0
    for piece in pieces:
        ends += [base + at for at in piece.ends] if base else piece.ends
        base += len(piece.framed)
    return Piece(b"".join(piece.framed for piece in pieces), ends)


def cut(ends: Sequence[int], most: int) -> list[int]:
    """Where to end the heads over framed entries that end at these bytes: counts, rising to their number, of at most
    `most` framed bytes apart. An entry longer than that has a head of its own.
    """
    counts: list[int] = []
    done = base = 0
    while done < len(ends):
        done = max(bisect_right(ends, base + most, done), done + 1)
        counts.append(done)
        base = ends[done - 1]
    return counts


def seen_rows(first: int, ids: Sequence[str], sources: Sequence[str], digests: Sequence[bytes]) -> bytes:
    """Rows of `seen` for entries from index `first` on, in PostgreSQL's binary COPY format (columns SEEN_COLUMNS).

    Written here, for the driver would make each of four members of each entry by itself.
    """
    packers = {source: Struct(f">hi{_UUID_BYTES}si{len(source)}si{HASH_BYTES}siq").pack for source in set(sources)}
    raw = bytes.fromhex("".join(ids).replace("-", ""))
    rows, at = [_COPY_HEADER], 0
    for index, (source, digest) in enumerate(zip(sources, digests, strict=True), first):
        rows.append(
            packers[source](
                len(SEEN_COLUMNS), _UUID_BYTES, raw[at : at + _UUID_BYTES], len(source), source.encode(),
                HASH_BYTES, digest, _INDEX_BYTES, index,
            )
        )  # fmt: skip
        at += _UUID_BYTES
    return b"".join(rows) + _COPY_TRAILER
