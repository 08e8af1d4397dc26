"""What a service keeps outside its database, in its state folder: the newest head it acted on, and evidence.

A database that is set back does not set this back with it.
"""

import json
import os
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from shared.merkle import EMPTY_ROOT
from shared.notes import NoteError, VerifierKey
from shared.sealed_batch import Head
from shared.sealed_message import Forged, Stranger, verified_head

SEALED_INDEX = "sealed-index"
NOTHING = "nothing read yet\n"


class SealedIndexUnreadable(RuntimeError):
    """The file is there and is not a head of this log: whoever reads it cannot tell where the service stood."""


class SealedIndexFile:
    """`<state>/sealed-index`: the signed note of the newest head whose entries have had their effect; only upwards.

    `NOTHING` stands for none so far.
    """

    def __init__(self, folder: Path, log: VerifierKey) -> None:
        self.path = folder / SEALED_INDEX
        self._log = log
        self._size: int | None = None

    def read(self) -> Head | None:
        """The head in the file, None without one. Raises SealedIndexUnreadable."""
        try:
            note = self.path.read_text()
            head = Head(0, EMPTY_ROOT, "") if note == NOTHING else verified_head(note, self._log)
        except FileNotFoundError:
            return None
        except (Stranger, Forged, NoteError, UnicodeDecodeError) as error:
            raise SealedIndexUnreadable(f"{self.path}: {error}") from error
        self._size = head.size
        return head

    def start(self) -> None:
        """The file of a service that has read nothing yet, on disk before this returns."""
        write_durably(self.path, NOTHING.encode())
        self._size = 0

    def move_up(self, head: Head) -> None:
        """Keep a newer head, on disk before this returns; an older or equal one is not kept."""
        if self._size is None:
            self.read()
        if head.size > (self._size or 0):
            write_durably(self.path, head.note.encode())
            self._size = head.size


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the file says to one who has no key to check it: the head's size, None without a file."""

    size: int | None = None
    unreadable: bool = False


class SealedIndexGlance:
    """The file as the API sees it, which shares the folder with the worker; read again when it was replaced."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / SEALED_INDEX
        self._seen: tuple[int, int] | None = None
        self._remembered = Remembered()

    def remembered(self) -> Remembered:
        """What the file says now."""
        try:
            found = os.stat(self._path)
            seen = (found.st_ino, found.st_mtime_ns)
            if seen != self._seen:
                self._remembered, self._seen = _glanced(self._path.read_text()), seen
        except FileNotFoundError:
            self._remembered, self._seen = Remembered(), None
        except (OSError, UnicodeDecodeError):
            self._remembered, self._seen = Remembered(unreadable=True), None
        return self._remembered


def _glanced(note: str) -> Remembered:
    """The second line of a checkpoint is its size."""
    lines = note.split("\n")
    if note == NOTHING:
        return Remembered(0)
    if len(lines) < 3 or not lines[1].isascii() or not lines[1].isdigit():
        return Remembered(unreadable=True)
    return Remembered(int(lines[1]))


class Evidence:
    """`<state>/evidence/`: what the log, or someone in its name, should never have said. Removed by people only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "evidence"

    def found(self) -> list[Path]:
        """The files kept so far."""
        return sorted(self.folder.glob("*.json"))

    def keep(self, reason: str, notes: Sequence[str], place: str, value: bytes | None) -> Path:
        """Write down the notes that contradict each other and the message; the same evidence is one file."""
        given = b64encode(value).decode() if value is not None else None
        document = {"reason": reason, "notes": list(notes), "place": place, "value": given}
        raw = json.dumps(document, indent=1, ensure_ascii=False).encode()
        path = self.folder / f"{sha256(raw).hexdigest()[:16]}.json"
        write_durably(path, raw)
        return path


def write_durably(path: Path, raw: bytes) -> None:
    """Replace a file as a whole, readable by its owner only, on disk before this returns."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
