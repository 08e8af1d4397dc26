"""Signed notes and what a log signs with them: verifier keys, checkpoints, cosignatures, proofs of inclusion. PURE.

C2SP signed-note 1.0.0, tlog-checkpoint 1.0.0, tlog-cosignature 1.1.0 (Ed25519, type 0x04), tlog-proof@v1.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = 0x01
COSIGNATURE = 0x04
MAX_SIGNATURES = 100

_DASH = "—"
_NAME = re.compile(r"[^\s+]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SIZE = re.compile(r"0|[1-9]\d{0,18}")
_STAMP_BYTES = 8
_KEY_ID_BYTES = 4


class NoteError(ValueError):
    """Text that is no note, no vkey or no checkpoint, or a signature of a trusted key that does not verify."""


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """The first four bytes of SHA256(name || LF || type || key)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:_KEY_ID_BYTES]


@dataclass(frozen=True, slots=True)
class Signature:
    """One line of a note: who claims to have signed, and the bytes behind the key id."""

    name: str
    key_id: bytes
    blob: bytes

    def line(self) -> str:
        """The line with its LF."""
        return f"{_DASH} {self.name} {base64.b64encode(self.key_id + self.blob).decode()}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key by name and type: Ed25519 over the text, or an Ed25519 timestamped cosignature."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The id that this key's signatures carry."""
        return key_id(self.name, self.kind, self.public)

    @property
    def vkey(self) -> str:
        """`name+id+base64(type || key)`."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    @classmethod
    def parse(cls, vkey: str) -> "VerifierKey":
        """Read a vkey, surrounding white space allowed; NoteError if its id is not that of its name and key."""
        name, _, rest = vkey.strip().partition("+")
        stated, _, encoded = rest.partition("+")
        raw = _decode(encoded)
        if not _NAME.fullmatch(name) or len(raw) != 33 or raw[0] not in (ED25519, COSIGNATURE):
            raise NoteError("a vkey is name+id+key, the key of type 1 or 4 (Ed25519)")
        key = cls(name, raw[0], raw[1:])
        if key.key_id.hex() != stated:
            raise NoteError(f"the id {stated!r} is not that of this name and key")
        return key

    def verify(self, text: str, signature: Signature) -> None:
        """NoteError unless the signature is this key's over `text`."""
        message, blob = text.encode(), signature.blob
        if self.kind == COSIGNATURE:
            message, blob = _cosigned(text, cosigned_at(signature)), blob[_STAMP_BYTES:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(blob, message)
        except InvalidSignature as error:
            raise NoteError(f"the signature of {self.name} does not verify") from error


class Signer:
    """A private key that signs notes under a name, as the log (type 1) or as a cosigner (type 4)."""

    def __init__(self, name: str, private: Ed25519PrivateKey, kind: int = ED25519) -> None:
        """NoteError for a name that a note cannot carry."""
        if not _NAME.fullmatch(name):
            raise NoteError(f"{name!r} is no key name: neither white space nor '+' may stand in one")
        self._private = private
        self.key = VerifierKey(name, kind, private.public_key().public_bytes_raw())

    def sign(self, text: str) -> Signature:
        """The signature of a log over a note's text."""
        if self.key.kind != ED25519:
            raise NoteError("a cosigner's key signs only with a time")
        return Signature(self.key.name, self.key.key_id, self._private.sign(text.encode()))

    def cosign(self, text: str, seconds: int) -> Signature:
        """The cosignature over a checkpoint's text, at a POSIX time in seconds."""
        if self.key.kind != COSIGNATURE:
            raise NoteError("a log's key does not cosign")
        blob = seconds.to_bytes(_STAMP_BYTES, "big") + self._private.sign(_cosigned(text, seconds))
        return Signature(self.key.name, self.key.key_id, blob)


def cosigned_at(signature: Signature) -> int:
    """The POSIX seconds that a cosignature states; NoteError for a signature of another shape."""
    if len(signature.blob) != _STAMP_BYTES + 64:
        raise NoteError(f"the signature of {signature.name} is no timestamped cosignature")
    return int.from_bytes(signature.blob[:_STAMP_BYTES], "big")


@dataclass(frozen=True, slots=True)
class Note:
    """A text and those of its signatures that trusted keys made."""

    text: str
    verified: tuple[Signature, ...]


def write_note(text: str, signatures: Iterable[Signature]) -> str:
    """The note: text, an empty line, the signature lines."""
    if not text.endswith("\n"):
        raise NoteError("the text of a note ends with a line feed")
    return text + "\n" + "".join(signature.line() for signature in signatures)


def split_note(note: str | bytes) -> tuple[str, list[Signature]]:
    """Text and signatures of a note, split at the last empty line, nothing verified; NoteError if it is none."""
    try:
        whole = note.decode() if isinstance(note, bytes) else note
    except UnicodeDecodeError as error:
        raise NoteError("a note is UTF-8") from error
    head, separator, tail = whole.rpartition("\n\n")
    if not separator or not tail.endswith("\n") or _CONTROL.search(whole):
        raise NoteError("a note is text, an empty line and signature lines, without control characters")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"a note with more than {MAX_SIGNATURES} signatures")
    return head + "\n", [_signature(line) for line in lines]


def open_note(note: str | bytes, trusted: Sequence[VerifierKey]) -> Note:
    """Verify a note. Unknown keys are ignored; NoteError if a trusted key's line fails or none has signed."""
    text, signatures = split_note(note)
    keys = {(key.name, key.key_id): key for key in trusted}
    verified = []
    for signature in signatures:
        key = keys.get((signature.name, signature.key_id))
        if key is not None:
            key.verify(text, signature)
            verified.append(signature)
    if not verified:
        raise NoteError("no trusted key has signed this note")
    return Note(text, tuple(verified))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: its origin, its size and the root of its tree. No extension lines."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """Three lines: origin, size, base64 of the root."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read a checkpoint's text; NoteError if it is not exactly those three lines."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not _NAME.fullmatch(lines[0]) or not _SIZE.fullmatch(lines[1]):
            raise NoteError("a checkpoint has three lines: origin, size and root")
        root = _decode(lines[2])
        if len(root) != 32:
            raise NoteError("the root of a checkpoint has 32 bytes")
        return cls(lines[0], int(lines[1]), root)


def open_checkpoint(note: str | bytes, log: VerifierKey) -> Checkpoint:
    """The head in a note signed by the log whose key is named after its origin; else NoteError."""
    checkpoint = Checkpoint.parse(open_note(note, [log]).text)
    if checkpoint.origin != log.name:
        raise NoteError(f"the head is of {checkpoint.origin}, not of {log.name}")
    return checkpoint


def write_proof(index: int, hashes: Sequence[bytes], checkpoint: str) -> str:
    """A `.tlog-proof`: where the entry stands, the hashes from leaf to root, and the whole signed head."""
    lines = ["c2sp.org/tlog-proof@v1", f"index {index}", *(base64.b64encode(value).decode() for value in hashes)]
    return "\n".join(lines) + "\n\n" + checkpoint


def _signature(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != _DASH or not _NAME.fullmatch(parts[1]):
        raise NoteError("a signature line is a dash, a key name and base64")
    raw = _decode(parts[2])
    if len(raw) <= _KEY_ID_BYTES:
        raise NoteError("a signature line without a signature")
    return Signature(parts[1], raw[:_KEY_ID_BYTES], raw[_KEY_ID_BYTES:])


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _decode(encoded: str) -> bytes:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("not base64") from error
    if base64.b64encode(raw).decode() != encoded:
        raise NoteError("base64 with bits beyond its bytes")
    return raw
