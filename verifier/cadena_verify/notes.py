"""Signed notes, vkeys and checkpoints (C2SP signed-note 1.0.0, tlog-checkpoint 1.0.0, tlog-cosignature). PURE."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ED25519 = 0x01
COSIGNATURE = 0x04
_DASH = "\u2014 "


class NotANote(ValueError):
    """Text that is not a signed note, a checkpoint or a vkey; the message is a sentence for the reader."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name: what `<name>+<8 hex digits>+<base64>` says. `kind` is 0x01 or 0x04."""

    name: str
    key_id: bytes
    kind: int
    public: bytes
    text: str

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether this key made the 64-byte Ed25519 signature over the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: whose it claims to be, and the bytes after the key id."""

    name: str
    key_id: bytes
    blob: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A note's text, final line feed included, and its signature lines, none of them checked yet."""

    text: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log's head says: its origin, how many leaves, and their root."""

    origin: str
    size: int
    root: bytes


def parse_vkey(text: str) -> VerifierKey:
    """Read a vkey; NotANote if it is malformed, of an unknown type, or its id is not that of its name and key."""
    text = text.strip()
    parts = text.split("+", 2)
    if len(parts) != 3 or not _is_key_name(parts[0]):
        raise NotANote("a vkey is <name>+<8 hexadecimal digits>+<base64>")
    data = _base64(parts[2], "the vkey's key")
    if len(data) != 33 or data[0] not in (ED25519, COSIGNATURE):
        raise NotANote("the vkey is of another type than Ed25519 (0x01) or Ed25519 cosignature (0x04)")
    key_id = sha256(parts[0].encode() + b"\n" + data).digest()[:4]
    if parts[1] != key_id.hex():
        raise NotANote(f"the vkey names key {parts[1][:16]}, but its name and key make {key_id.hex()}")
    return VerifierKey(parts[0], key_id, data[0], data[1:], text)


def parse_note(raw: bytes) -> Note:
    """Split a note at its last empty line; NotANote if it is malformed. No signature is checked."""
    try:
        whole = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotANote("the note is not UTF-8") from error
    if any(ord(character) < 0x20 and character != "\n" for character in whole):
        raise NotANote("the note holds a control character")
    text, separator, lines = whole.rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        raise NotANote("the note has no signature lines after an empty line")
    return Note(text + "\n", tuple(_signature(line) for line in lines[:-1].split("\n")))


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint's three lines; NotANote if there are more, fewer, or one is malformed."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] != "" or not lines[0]:
        raise NotANote("a checkpoint has exactly three lines: origin, size, root")
    size = lines[1]
    if not (size.isascii() and size.isdigit()) or (len(size) > 1 and size[0] == "0") or len(size) > 19:
        raise NotANote("the checkpoint's size is not a decimal number")
    root = _base64(lines[2], "the checkpoint's root")
    if len(root) != 32:
        raise NotANote("the checkpoint's root is not 32 bytes")
    return Checkpoint(lines[0], int(size), root)


def check_signed(note: Note, key: VerifierKey) -> str | None:
    """Why this note does not count as signed by the key, or None if it does.

    Lines of other keys are ignored; one line of this key that fails condemns the whole note, as the format demands.
    """
    mine = [line for line in note.signatures if line.name == key.name and line.key_id == key.key_id]
    if not mine:
        return f"it carries no signature of {key.name}"
    if all(key.verifies(line.blob, note.text.encode()) for line in mine):
        return None
    return f"the signature of {key.name} is not by its key"


def cosigned_at(text: str, line: Signature, key: VerifierKey) -> int | None:
    """The POSIX second at which the cosigner saw this checkpoint text, or None if the line is not its cosignature."""
    if line.name != key.name or line.key_id != key.key_id or len(line.blob) != 72:
        return None
    seconds = int.from_bytes(line.blob[:8], "big")
    message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
    return seconds if key.verifies(line.blob[8:], message) else None


def instant(seconds: int | None) -> str | None:
    """POSIX seconds as the ledger writes an instant; None where there is none, or it is beyond the calendar."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except (OverflowError, ValueError, OSError):
        return None


def _signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not _is_key_name(name):
        raise NotANote("a signature line is an em dash, a key name and base64")
    blob = _base64(encoded, "a signature")
    if len(blob) < 5:
        raise NotANote("a signature is shorter than its key id")
    return Signature(name, blob[:4], blob[4:])


def _is_key_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(character.isspace() for character in name)


def _base64(text: str, what: str) -> bytes:
    """Strict standard base64: the one spelling of these bytes, else NotANote."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotANote(f"{what} is not base64") from error
    if base64.b64encode(data).decode() != text:
        raise NotANote(f"{what} is base64 in another spelling than the standard one")
    return data
