"""One file against its `.tlog-proof` (C2SP tlog-proof@v1), offline: is it an entry of the log, byte for byte?"""

import base64
import binascii
from dataclasses import dataclass

from cadena_verify.entries import NotAnEntry, read_event
from cadena_verify.merkle import leaf_hash, root_from_inclusion
from cadena_verify.notes import NotANote, Note, VerifierKey, check_signed, cosigned_at, parse_checkpoint, parse_note
from cadena_verify.report import Report

FIRST_LINE = "c2sp.org/tlog-proof@v1"
MAX_PATH = 63


class NotAProof(ValueError):
    """Bytes that are not a tlog-proof; the message says why."""


@dataclass(frozen=True, slots=True)
class Proof:
    """An entry's place, the path from its leaf to the root, and the signed head that holds the root."""

    index: int
    path: tuple[bytes, ...]
    note: Note


def parse_proof(raw: bytes) -> Proof:
    """Read a tlog-proof; NotAProof if it is malformed. Nothing is verified. The `extra` line is not authenticated."""
    head, separator, signed = raw.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
        note = parse_note(signed)
    except UnicodeDecodeError as error:
        raise NotAProof("its first lines are not ASCII") from error
    except NotANote as error:
        raise NotAProof(f"its head cannot be read: {error}") from error
    if not separator or lines[0] != FIRST_LINE:
        raise NotAProof(f"it does not begin with {FIRST_LINE}")
    rest = lines[2:] if len(lines) > 1 and lines[1].startswith("extra ") else lines[1:]
    word, _, number = (rest or [""])[0].partition(" ")
    if word != "index" or not number.isdigit() or str(int(number[:20])) != number:
        raise NotAProof("it has no line with the index")
    if len(rest) - 1 > MAX_PATH:
        raise NotAProof("its path is longer than any tree is high")
    return Proof(int(number), tuple(_hash(line) for line in rest[1:]), note)


def check_proof(
    entry: bytes, proof_raw: bytes, name: str, key: VerifierKey, cosigner: VerifierKey | None = None
) -> Report:
    """Check the entry against the proof, the log's key and, if one is demanded, the cosigner's."""
    report = Report(name)
    report.facts |= {"origin": key.name, "vkey": key.text} | ({"demo": True} if _is_demo(entry) else {})
    try:
        proof = parse_proof(proof_raw)
        checkpoint = parse_checkpoint(proof.note.text)
    except (NotAProof, NotANote) as error:
        report.defect("proof-malformed", str(error))
        return report
    report.facts |= {"index": proof.index, "size": checkpoint.size, "root": checkpoint.root.hex()}
    if trouble := check_signed(proof.note, key):
        report.defect("head-signature", f"the proof's head: {trouble}", head=checkpoint.size)
    elif checkpoint.origin != key.name:
        report.defect("head-origin", f"the proof's head speaks for {checkpoint.origin}", head=checkpoint.size)
    if cosigner:
        times = [cosigned_at(proof.note.text, line, cosigner) for line in proof.note.signatures]
        if not any(time is not None for time in times):
            message = f"the proof's head carries no cosignature of {cosigner.name}"
            report.defect("head-cosignature", message, head=checkpoint.size)
    root = root_from_inclusion(proof.index, checkpoint.size, leaf_hash(entry), proof.path)
    if root != checkpoint.root:
        report.defect("proof-fails", "the bytes are not the entry that the proof speaks of", index=proof.index)
    return report


def _is_demo(entry: bytes) -> bool:
    """Whether the entry says that it is of a demonstration."""
    try:
        return read_event(entry).get("demo") is True
    except NotAnEntry:
        return False


def _hash(line: str) -> bytes:
    try:
        digest = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotAProof("a line of its path is not base64") from error
    if len(digest) != 32 or base64.b64encode(digest).decode() != line:
        raise NotAProof("a line of its path is not a hash of 32 bytes")
    return digest
