"""What a service keeps outside its database, in its state folder: the newest head it acted on, and evidence.

A database that is set back does not set this back with it.
"""

import json
import os
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from shared.notes import NoteError, VerifierKey
from shared.sealed_batch import Head
from shared.sealed_message import Forged, Stranger, verified_head


class SealedIndexUnreadable(RuntimeError):
    """The file is there and is not a head of this log: whoever reads it cannot tell where the service stood."""


class SealedIndexFile:
    """`<state>/sealed-index`: the signed note of the newest head whose entries have had their effect; only upwards."""

    def __init__(self, folder: Path, log: VerifierKey) -> None:
        self.path = folder / "sealed-index"
        self._log = log
        self._size: int | None = None

    def read(self) -> Head | None:
        """The head in the file, None without one. Raises SealedIndexUnreadable."""
        try:
            head = verified_head(self.path.read_text(), self._log)
        except FileNotFoundError:
            return None
        except (Stranger, Forged, NoteError, UnicodeDecodeError) as error:
            raise SealedIndexUnreadable(f"{self.path}: {error}") from error
        self._size = head.size
        return head

    def move_up(self, head: Head) -> None:
        """Keep a newer head, on disk before this returns; an older or equal one is not kept."""
        if self._size is None:
            self.read()
        if head.size > (self._size or 0):
            write_durably(self.path, head.note.encode())
            self._size = head.size


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
