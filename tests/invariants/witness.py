"""A witness as others run it: the `add-checkpoint` side of C2SP tlog-witness 1.0.0, with its memory in this object.

It shares no tree code with the writer: consistency is checked by RFC 9162 section 2.1.4.2, written out again here.
"""

from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.merkle import node_hash
from shared.notes import COSIGNATURE, Checkpoint, NoteError, Signer, VerifierKey, open_note, split_note

MAX_HASHES = 63


@dataclass(frozen=True, slots=True)
class Reply:
    """What it answers: a cosignature line with 200, the size that it knows with 409, else nothing of use."""

    status: int
    body: str = ""
    content_type: str = "text/plain"


@dataclass
class Witness:
    """Trusts these logs; remembers of each the newest head that it cosigned, and never goes back."""

    logs: Sequence[VerifierKey]
    signer: Signer = field(default_factory=lambda: Signer("witness.example", Ed25519PrivateKey.generate(), COSIGNATURE))
    seen: dict[str, Checkpoint] = field(default_factory=dict)

    def add_checkpoint(self, body: str, now: int) -> Reply:
        """One request at POSIX second `now`; what it remembers has moved before it answers 200."""
        try:
            old, proof, note = read(body)
            text, _ = split_note(note)
            head = Checkpoint.parse(text)
        except (ValueError, NoteError):
            return Reply(400)
        keys = [key for key in self.logs if key.name == head.origin]
        if not keys:
            return Reply(404)
        try:
            open_note(note, keys)
        except NoteError:
            return Reply(403)
        if old > head.size:
            return Reply(400)
        known = self.seen.get(head.origin)
        size = known.size if known else 0
        if old != size:
            return Reply(409, f"{size}\n", "text/x.tlog.size")
        if not extends(old, known.root if known else b"", head, proof):
            return Reply(422)
        self.seen[head.origin] = head
        return Reply(200, self.signer.cosign(text, now).line())


def write(old: int, proof: Sequence[bytes], note: str) -> str:
    """The request's body."""
    hashes = "".join(f"{b64encode(value).decode()}\n" for value in proof)
    return f"old {old}\n{hashes}\n{note}"


def read(body: str) -> tuple[int, list[bytes], str]:
    """Old size, proof and signed head of a request; ValueError if it is none."""
    head, separator, note = body.partition("\n\n")
    first, *lines = head.split("\n")
    word, _, number = first.partition(" ")
    if not separator or word != "old" or not number.isascii() or not number.isdigit() or str(int(number)) != number:
        raise ValueError("the first line is `old <size>`, and an empty line ends the proof")
    if len(lines) > MAX_HASHES:
        raise ValueError(f"more than {MAX_HASHES} hashes")
    try:
        proof = [b64decode(line, validate=True) for line in lines]
    except Error as error:
        raise ValueError("a hash is not base64") from error
    if any(len(value) != 32 for value in proof):
        raise ValueError("a hash has 32 bytes")
    return int(number), proof, note


def extends(old: int, old_root: bytes, head: Checkpoint, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the head's tree begins with the older one (RFC 9162 section 2.1.4.2)."""
    if old == 0:
        return not proof
    if old == head.size:
        return not proof and old_root == head.root
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    first, last = old - 1, head.size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    from_old = from_new = path[0]
    for value in path[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            from_old, from_new = node_hash(value, from_old), node_hash(value, from_new)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            from_new = node_hash(from_new, value)
        first, last = first >> 1, last >> 1
    return last == 0 and from_old == old_root and from_new == head.root
