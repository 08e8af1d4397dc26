"""One message of the audit topic as a reader takes it: a signed head, and what is said to be under it. PURE.

Headers `cadena-first`, `cadena-head`, `cadena-generation`, `cadena-next`; the value is entries in bundle framing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.canonical import NotCanonical, strict_loads
from shared.notes import NoteError, VerifierKey, open_checkpoint, split_note
from shared.sealed_batch import Head
from shared.tiles import FramingError, unframe


class Stranger(ValueError):
    """The message bears no signature of the log: someone else wrote it, and it says nothing about the log."""


class Forged(ValueError):
    """The message bears the log's signature and is not what the log would send, or bears a false one."""


@dataclass(frozen=True, slots=True)
class SealedMessage:
    """What a message says. The head's signature is verified; that the entries lead to its root is not."""

    first: int
    entries: list[bytes]
    head: Head
    generation: int
    next_offsets: Mapping[str, int]


def verified_head(note: str, log: VerifierKey) -> Head:
    """The head in a note. Raises Stranger if the log has not signed it, Forged if a signature of the log is false."""
    try:
        _, signatures = split_note(note)
    except NoteError as error:
        raise Stranger(f"no signed note: {error}") from error
    if not any((signature.name, signature.key_id) == (log.name, log.key_id) for signature in signatures):
        raise Stranger(f"{log.name} has not signed this note")
    try:
        checkpoint = open_checkpoint(note, log)
    except NoteError as error:
        raise Forged(str(error)) from error
    return Head(checkpoint.size, checkpoint.root, note)


def parse_message(headers: Iterable[tuple[str, bytes]], value: bytes | None, log: VerifierKey) -> SealedMessage:
    """Read a message; raises Stranger or Forged."""
    given = dict(headers)
    try:
        note = given["cadena-head"].decode()
    except (KeyError, UnicodeDecodeError) as error:
        raise Stranger("a message without a head") from error
    head = verified_head(note, log)
    try:
        first, generation = _count(given["cadena-first"]), _count(given["cadena-generation"])
        entries, next_offsets = unframe(value or b""), _places(given["cadena-next"])
    except (KeyError, ValueError, FramingError) as error:
        raise Forged(f"a signed head in a message that cannot be read: {error}") from error
    if first + len(entries) != head.size:
        raise Forged(f"{len(entries)} entries from {first} on do not make {head.size}")
    return SealedMessage(first, entries, head, generation, next_offsets)


def _count(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 18:
        raise ValueError(f"{digits[:40]!r} is not a number")
    return int(digits)


def _places(raw: bytes) -> dict[str, int]:
    try:
        value = strict_loads(raw)
    except NotCanonical as error:
        raise ValueError(str(error)) from error
    if not isinstance(value, dict) or not all(type(offset) is int and offset >= 0 for offset in value.values()):
        raise ValueError("cadena-next is not an object of offsets")
    return value
