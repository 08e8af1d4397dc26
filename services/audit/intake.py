"""From messages to leaves: what is new, what is known, what contradicts, what is foreign (G1). PURE."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from services.audit.envelope import Key, event_id, marker


class Taken(NamedTuple):
    """One message of a fact topic."""

    topic: str
    offset: int
    value: bytes


class Item(NamedTuple):
    """A message and, if it is an event of its topic's own source, its key; `digest` is the value's SHA-256."""

    message: Taken
    digest: bytes
    key: Key | None


class Foreign(NamedTuple):
    """A message that becomes a marker: its bytes are kept beside the ledger."""

    topic: str
    offset: int
    sha256: bytes


@dataclass(slots=True)
class Fresh:
    """What a batch adds to the ledger, in order."""

    entries: list[bytes] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    foreign: list[tuple[Foreign, int, bytes]] = field(default_factory=list)
    """(which, position of its marker among the entries, its bytes)."""
    duplicates: int = 0
    conflicts: list[Key] = field(default_factory=list)


def sort(messages: Iterable[Taken], sources: Mapping[str, str]) -> list[Item]:
    """Read the envelope of each message; `sources` is topic → the source whose events it carries."""
    items = []
    for message in messages:
        source, value = sources[message.topic], message.value
        digest = sha256(value).digest()
        found = event_id(value, source)
        key = None if found is None else Key(found, power(source), digest)
        items.append(Item(message, digest, key))
    return items


def power(source: str) -> str:
    """`urn:cadena:demo:custody` → `custody`: the installation is the same in every row."""
    return source.rpartition(":")[2]


def fresh(
    items: Sequence[Item], known: Iterable[Key], known_foreign: Iterable[Foreign], *, source: str, time: str
) -> Fresh:
    """What of a batch is not in the ledger yet. `source` and `time` are for markers.

    The same key again is dropped and counted; other bytes under a known id are appended once, as a conflict.
    """
    seen, found = set(known), Fresh()
    ids = {(key.id, key.source) for key in seen}
    seen_foreign = set(known_foreign)
    for message, digest, key in items:
        if key is None:
            which = Foreign(message.topic, message.offset, digest)
            if which in seen_foreign:
                found.duplicates += 1
                continue
            seen_foreign.add(which)
            event = marker(*message, source=source, time=time)
            raw = event.to_bytes()
            found.foreign.append((which, len(found.entries), message.value))
            found.keys.append(Key(event.id, power(source), sha256(raw).digest()))
            found.entries.append(raw)
        elif key in seen:
            found.duplicates += 1
        else:
            if (key.id, key.source) in ids:
                found.conflicts.append(key)
            seen.add(key)
            ids.add((key.id, key.source))
            found.keys.append(key)
            found.entries.append(message.value)
    return found
