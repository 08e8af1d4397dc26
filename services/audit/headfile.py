"""The last head in a file outside the database, which only moves upwards: it outlives a restored backup (G8)."""

from pathlib import Path

from services.audit.errors import LedgerBehind, LedgerDamaged
from services.audit.store import Head
from shared.merkle import EMPTY_ROOT
from shared.notes import Checkpoint, NoteError, Signer, VerifierKey, open_checkpoint, write_note
from shared.outside import write_durably

NAME = "head"


class HeadFile:
    """`<state>/head`: the newest checkpoint this log has signed, as a signed note."""

    def __init__(self, folder: Path, log: VerifierKey) -> None:
        self._path, self._log = folder / NAME, log
        self._size = -1

    def read(self) -> Checkpoint | None:
        """The head in the file, None without a file; LedgerDamaged if it is no note of this log."""
        try:
            head = open_checkpoint(self._path.read_bytes(), self._log)
        except FileNotFoundError:
            return None
        except NoteError as error:
            raise LedgerDamaged(f"{self._path} is not a head of {self._log.name}: {error}") from error
        self._size = head.size
        return head

    def start(self, signer: Signer) -> None:
        """The file of a ledger without a head: the empty tree's, so that a database set back to nothing is found."""
        text = Checkpoint(self._log.name, 0, EMPTY_ROOT).text
        write_durably(self._path, write_note(text, [signer.sign(text)]).encode())
        self._size = 0

    def move_up(self, size: int, note: str) -> None:
        """Keep a newer head, on disk before this returns; an older one is not kept."""
        if size > self._size:
            write_durably(self._path, note.encode())
            self._size = size


def demand_not_behind(kept: Checkpoint | None, newest: Head | None, at_kept: Head | None, *, adopt: bool) -> None:
    """LedgerBehind unless the database holds what the file remembers. `at_kept` is its head of the file's size.

    No file and no heads is a first start. No file but heads needs the operator's word (`--adopt-head`).
    """
    if kept is None:
        if newest is not None and not adopt:
            raise LedgerBehind(
                f"the file of the last head is gone, while the database holds a head of size {newest.size}; if this"
                " database is not a restored backup, start once with --adopt-head"
            )
        return
    if kept.size == 0:
        return
    if newest is None or newest.size < kept.size:
        held = 0 if newest is None else newest.size
        raise LedgerBehind(
            f"this log has signed a head of size {kept.size}, the database knows one of size {held} at most:"
            " it was set back, and signing now would sign another history"
        )
    if at_kept is None or at_kept.root != kept.root:
        raise LedgerBehind(f"the database's head of size {kept.size} is not the one that this log has signed")
