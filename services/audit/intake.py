"""From messages to leaves: what is new, what is known, what contradicts, what is foreign (G1). PURE.

Messages are held in columns, one list for each member: an object for each message would cost more than hashing it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from services.audit.envelope import Key, event_id, marker


class Taken(NamedTuple):
    """Messages of one fact topic in its order, in two columns of one length."""

    topic: str
    offsets: list[int]
    values: list[bytes]


class Sorted(NamedTuple):
    """Messages of one topic, the SHA-256 of each, and its id if it is an event of the topic's own source."""

    taken: Taken
    source: str
    """The power whose events the topic carries: `custody` or `notify`."""
    digests: list[bytes]
    ids: list[str | None]


class Foreign(NamedTuple):
    """A message that becomes a marker: its bytes are kept beside the ledger."""

    topic: str
    offset: int
    sha256: bytes


@dataclass(slots=True)
class Fresh:
    """What a batch adds to the ledger, in order: four columns of one length, and what to say of it."""

    entries: list[bytes] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    foreign: list[tuple[Foreign, int, bytes]] = field(default_factory=list)
    """(which, position of its marker among the entries, its bytes)."""
    duplicates: int = 0
    conflicts: list[Key] = field(default_factory=list)

    def add(self, key: Key, entry: bytes) -> None:
        """One entry more."""
        self.entries.append(entry)
        self.ids.append(key.id)
        self.sources.append(key.source)
        self.digests.append(key.sha256)


def sort(taken: Taken, source: str) -> Sorted:
    """Read the envelope of each message; `source` is the one whose events the topic carries."""
    digests = [sha256(value).digest() for value in taken.values]
    return Sorted(taken, power(source), digests, [event_id(value, source) for value in taken.values])


def power(source: str) -> str:
    """`urn:cadena:demo:custody` → `custody`: the installation is the same in every row."""
    return source.rpartition(":")[2]


class Known:
    """Which entries the ledger has, as far as a batch can meet them."""

    def __init__(self, keys: Iterable[Key], foreign: Iterable[Foreign]) -> None:
        self._first: dict[str, dict[str, bytes]] = {}
        self._further: set[Key] = set()
        self.foreign = set(foreign)
        for key in keys:
            self.learn(key)

    def knows(self, key: Key) -> bool:
        """Whether this very entry is in the ledger."""
        return self._of(key.source).get(key.id) == key.sha256 or key in self._further

    def contradicts(self, key: Key) -> bool:
        """Whether other bytes stand under its id."""
        return key.id in self._of(key.source) and not self.knows(key)

    def learn(self, key: Key) -> None:
        """It is in the ledger from now on."""
        if self._of(key.source).setdefault(key.id, key.sha256) != key.sha256:
            self._further.add(key)

    def learn_strangers(self, part: Sorted) -> bool:
        """Learn all messages at once if each is an event under an id that was unknown; else none, and False."""
        first, ids = self._of(part.source), set(part.ids)
        if None in ids or len(ids) != len(part.ids) or not first.keys().isdisjoint(ids):
            return False
        first.update(zip(part.ids, part.digests, strict=True))  # type: ignore[arg-type]  # none is None
        return True

    def _of(self, source: str) -> dict[str, bytes]:
        return self._first.setdefault(source, {})


def fresh(parts: Sequence[Sorted], known: Known, *, source: str, time: str) -> Fresh:
    """What of a batch is not in the ledger yet; `known` learns it. `source` and `time` are for markers.

    The same key again is dropped and counted; other bytes under a known id are appended once, as a conflict.
    """
    found = Fresh()
    for part in parts:
        if known.learn_strangers(part):
            found.entries += part.taken.values
            found.ids += part.ids  # type: ignore[arg-type]  # none is None
            found.sources += [part.source] * len(part.ids)
            found.digests += part.digests
        else:
            _one_by_one(part, known, found, source, time)
    return found


def _one_by_one(part: Sorted, known: Known, found: Fresh, source: str, time: str) -> None:
    for offset, value, digest, identity in zip(*part.taken[1:], part.digests, part.ids, strict=True):
        if identity is None:
            _mark(Foreign(part.taken.topic, offset, digest), value, known, found, source, time)
            continue
        key = Key(identity, part.source, digest)
        if known.knows(key):
            found.duplicates += 1
            continue
        if known.contradicts(key):
            found.conflicts.append(key)
        known.learn(key)
        found.add(key, value)


def _mark(which: Foreign, value: bytes, known: Known, found: Fresh, source: str, time: str) -> None:
    """A marker leaf for a foreign message, unless its place in the topic has one already."""
    if which in known.foreign:
        found.duplicates += 1
        return
    known.foreign.add(which)
    event = marker(which.topic, which.offset, value, source=source, time=time)
    raw = event.to_bytes()
    found.foreign.append((which, len(found.entries), value))
    found.add(Key(event.id, power(source), sha256(raw).digest()), raw)


def last_of(parts: Iterable[Sorted]) -> Mapping[str, tuple[int, bytes]]:
    """Topic → offset and SHA-256 of the last message of a batch."""
    return {part.taken.topic: (part.taken.offsets[-1], part.digests[-1]) for part in parts if part.taken.offsets}
