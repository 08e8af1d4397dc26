"""The reader's own memory of the heads it has seen: what makes a log that was cut or forked impossible to pass off.

A text file: a first line, the vkey, then one line per head, `<size> <root> <signature>` in base64. Lines are only ever
added. With the vkey a line gives the whole signed note back, so it is evidence that others can check.
"""

import base64
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cadena_verify.heads import Head
from cadena_verify.notes import VerifierKey
from cadena_verify.report import Report

FIRST_LINE = "cadena-verify seen v1"


class SeenUnusable(Exception):
    """The file is damaged, of another log, or cannot be written: the message is a sentence."""


@dataclass(frozen=True, slots=True)
class SeenHead:
    """A head that an earlier audit verified."""

    size: int
    root: bytes
    signature: bytes

    def line(self) -> str:
        """Its line in the file."""
        return f"{self.size} {base64.b64encode(self.root).decode()} {base64.b64encode(self.signature).decode()}"


def load_seen(path: Path, key: VerifierKey) -> list[SeenHead]:
    """The heads in the file, rising; none if it does not exist yet. SeenUnusable if it is not this log's file."""
    try:
        lines = path.read_text("utf-8").split("\n")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise SeenUnusable(f"{path} cannot be read: {error}.") from error
    if lines[0] != FIRST_LINE or lines[-1] != "":
        raise SeenUnusable(f"{path} is not a complete file of seen heads.")
    if len(lines) < 3 or lines[1] != key.text:
        raise SeenUnusable(f"{path} remembers the heads of another log than {key.name}.")
    heads = [_head(path, line) for line in lines[2:-1]]
    forged = [head.size for head in heads if not is_signed(head, key)]
    if forged:
        raise SeenUnusable(f"{path} holds a head of size {forged[0]} that the log never signed: it is damaged.")
    return heads


def demand_seen(seen: list[SeenHead], final: Head, history: list[Head], report: Report) -> None:
    """Demand every remembered head of the log. The history's roots are proved elsewhere, so equal roots suffice."""
    by_size = {head.size: head for head in history}
    for head in seen:
        held = by_size.get(head.size)
        if held is not None and held.root != head.root:
            message = "the log signed another root for this size before: it shows different readers different logs"
            report.defect("head-forked", message, head=head.size)
        elif held is None and head.size > final.size:
            message = f"this head was seen before; the log now ends at {final.size}"
            report.defect("tail-cut", message, index=final.size, until=head.size, head=head.size)
        elif held is None:
            report.defect("head-missing", "this head was seen before and is no longer listed", head=head.size)


def save_seen(path: Path, key: VerifierKey, seen: list[SeenHead], history: list[Head]) -> None:
    """Add the verified heads to the file: written beside it, forced to disk, then put in its place."""
    known = {head.size for head in seen}
    fresh = [SeenHead(h.size, h.root, h.signature) for h in history if h.size not in known]
    if not fresh and seen:
        return
    lines = [FIRST_LINE, key.text, *(head.line() for head in [*seen, *fresh])]
    try:
        _replace(path, "\n".join(lines) + "\n")
    except OSError as error:
        raise SeenUnusable(f"{path} cannot be written: {error.strerror}.") from error


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _head(path: Path, line: str) -> SeenHead:
    try:
        return parse_line(line)
    except ValueError as error:
        raise SeenUnusable(f"{path} holds a line that is no head: {line[:60]}") from error


def parse_line(line: str) -> SeenHead:
    """The head that a line spells; ValueError if it is none. Its signature is not checked."""
    size, root, signature = line.split(" ")
    head = SeenHead(int(size), base64.b64decode(root, validate=True), base64.b64decode(signature, validate=True))
    if head.line() != line:
        raise ValueError("it is spelled in another way than it would be written")
    return head


def is_signed(head: SeenHead, key: VerifierKey) -> bool:
    """Whether the log's key made the head's signature."""
    text = f"{key.name}\n{head.size}\n{base64.b64encode(head.root).decode()}\n"
    return key.verifies(head.signature, text.encode())
