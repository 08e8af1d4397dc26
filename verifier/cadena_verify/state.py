"""A file in which an audit keeps what it has read, so that the next one, after an interruption or later, goes on there.

One line of JSON (format, vkey, key of fingerprints), then one record for each run of full bundles: its length in 8
bytes, what was read, and SHA-256 over the digest before it and that. Records are only appended, and only while nothing
is wrong. A record that was not written to its end is read again from the log; any other change is refused.

Who can write the file could have written a sound one about a log never read: it is trusted as this program is. It is
not believed in what the log's hashes can tell: roots are held against the signed heads again.
"""

import json
import os
import struct
from array import array
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from cadena_verify.counting import Scanned, Tally
from cadena_verify.depth import Depth
from cadena_verify.memory import KEY_BYTES, Memory
from cadena_verify.merkle import HASH_SIZE
from cadena_verify.notes import VerifierKey
from cadena_verify.records import PARTS, from_bytes, to_bytes
from cadena_verify.seen import SeenHead, SeenUnusable, is_signed, parse_line

FORMAT = "cadena-verify state 2"
MAX_HEADER = 4096
MAX_RECORD = 1 << 30
_LENGTH = struct.Struct(">Q")
_DIGEST = 32


@dataclass
class State:
    """An open file: what it remembers, and where the next record goes."""

    path: Path
    memory: Memory
    head: SeenHead | None
    """The newest head under which a remembered run was read."""
    _file: IO[bytes]
    _digest: bytes

    def keep(self, run: Scanned, roots: list[bytes], head: SeenHead) -> None:
        """Append a run. SeenUnusable if it cannot be written."""
        payload = _payload(run, roots, head)
        self._digest = sha256(self._digest + payload).digest()
        try:
            self._file.write(_LENGTH.pack(len(payload)) + payload + self._digest)
            self._file.flush()
        except OSError as error:
            raise SeenUnusable(f"{self.path} cannot be written: {error.strerror}.") from error

    def mark(self) -> tuple[int, bytes]:
        """Where the file stands, for `back_to`."""
        return self._file.tell(), self._digest

    def back_to(self, mark: tuple[int, bytes]) -> None:
        """Take back what was written since."""
        end, self._digest = mark
        self._file.seek(end)
        self._file.truncate()

    def close(self) -> None:
        """Force it to disk, and let it go."""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise SeenUnusable(f"{self.path} cannot be written: {error.strerror}.") from error
        finally:
            self._file.close()


def open_state(path: Path, key: VerifierKey, depth: Depth) -> State:
    """Read the file, or begin it, for audits of one depth.

    SeenUnusable if it is damaged, of another log, of another depth, in use, or cannot be written.
    """
    try:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    except OSError as error:
        raise SeenUnusable(f"{path} cannot be opened: {error.strerror}.") from error
    try:
        _lock(file, path)
        memory = Memory()
        header = file.readline(MAX_HEADER)
        if not header:
            header = _header(memory, key, depth)
            file.write(header)
            file.flush()
        _take_header(header, memory, key, depth, path)
        state = State(path, memory, None, file, sha256(header).digest())
        _take_records(state, key)
    except OSError as error:
        file.close()
        raise SeenUnusable(f"{path} cannot be read or written: {error.strerror}.") from error
    except BaseException:
        file.close()
        raise
    return state


def _lock(file: IO[bytes], path: Path) -> None:
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise SeenUnusable(f"{path} is in use by another audit.") from error


def _header(memory: Memory, key: VerifierKey, depth: Depth) -> bytes:
    said = {"format": FORMAT, "vkey": key.text, "depth": depth.value, "key": memory.key.hex()}
    return json.dumps(said).encode() + b"\n"


def _take_header(header: bytes, memory: Memory, key: VerifierKey, depth: Depth, path: Path) -> None:
    damaged = SeenUnusable(
        f"{path} is no file of a state of cadena-verify, or it was changed. "
        "Delete it, and the log is checked from its start."
    )
    try:
        said = json.loads(header)
        form, vkey, secret = said["format"], said["vkey"], bytes.fromhex(said["key"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise damaged from error
    if form != FORMAT or not header.endswith(b"\n") or len(secret) != KEY_BYTES:
        raise damaged
    if vkey != key.text:
        raise SeenUnusable(f"{path} remembers another log than {key.name}.")
    if said.get("depth") != depth.value:
        raise SeenUnusable(
            f"{path} is of audits that read {str(said.get('depth'))[:10]}, not {depth.value}: use another file."
        )
    memory.key = secret


def _take_records(state: State, key: VerifierKey) -> None:
    file = state._file
    while True:
        start = file.tell()
        length = file.read(_LENGTH.size)
        size = _LENGTH.unpack(length)[0] if len(length) == _LENGTH.size else MAX_RECORD
        body = file.read(size + _DIGEST) if size < MAX_RECORD else b""
        if len(body) < size + _DIGEST:
            file.seek(start)  # the last record was not written to its end: it is as if it had never been begun
            file.truncate()
            return
        payload, digest = body[:size], body[size:]
        state._digest = sha256(state._digest + payload).digest()
        if digest != state._digest:
            raise _changed(state.path)
        try:
            state.head = _take_payload(payload, state.memory, key)
        except (ValueError, KeyError, TypeError, struct.error) as error:
            raise _changed(state.path) from error


def _changed(path: Path) -> SeenUnusable:
    return SeenUnusable(f"{path} was changed since it was written. Delete it, and the log is checked from its start.")


def _payload(run: Scanned, roots: list[bytes], head: SeenHead) -> bytes:
    columns = (run.ids, run.acts, run.subjects, run.versions)
    lengths = [len(part) for column in columns for part in column]
    said = {"roots": len(roots), "lengths": lengths, "head": head.line(), "tally": run.tally.plain()}
    marks = [to_bytes(part) for column in columns for part in column]
    return b"".join([json.dumps(said).encode(), b"\n", *roots, *marks])


def _take_payload(payload: bytes, memory: Memory, key: VerifierKey) -> SeenHead:
    line, _, raw = payload.partition(b"\n")
    said: dict[str, Any] = json.loads(line)
    head = parse_line(said["head"])
    if not is_signed(head, key):
        raise ValueError("the log never signed this head")
    at = said["roots"] * HASH_SIZE
    roots = [raw[start : start + HASH_SIZE] for start in range(0, at, HASH_SIZE)]
    parts = iter(said["lengths"])
    columns: list[list[array[int]]] = []
    for kind in "QQQI" if said["lengths"] else "":
        column = []
        for _ in range(PARTS):
            end = at + next(parts) * array(kind).itemsize
            column.append(from_bytes(kind, raw[at:end]))
            at = end
        columns.append(column)
    if columns:
        memory.known.add(Scanned([], Tally(), [], [], *columns))
    memory.add(roots, Tally.read(said["tally"]))
    return head
