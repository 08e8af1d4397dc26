"""Saves a log to a folder, which can then be checked without its server, by this program and by any other.

Nothing is believed of what is saved but the size of its newest signed head; an audit of the folder tells the rest. The
heads are written last, and full tiles and bundles that are there already are kept: what was broken off goes on.
"""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cadena_verify.depth import Depth
from cadena_verify.heads import listed_heads, load_heads, published_note
from cadena_verify.notes import NotANote, VerifierKey, parse_checkpoint, parse_note
from cadena_verify.progress import Progress
from cadena_verify.report import Report
from cadena_verify.source import Source
from cadena_verify.tiles import ENTRIES, WIDTH, tile_path, width_of


class Unwritable(Exception):
    """The folder cannot be written; the message is a sentence."""


class File(NamedTuple):
    """A tile of hashes, or a bundle for the level ENTRIES."""

    level: int
    number: int
    width: int

    @property
    def path(self) -> str:
        """Where it lies."""
        return tile_path(self.level, self.number, self.width)

    @property
    def span(self) -> tuple[int, int]:
        """The entries that it is about: the first, and the one after the last."""
        each = 1 << (8 * max(self.level, 0))
        first = self.number * WIDTH * each
        return first, first + self.width * each


def save(source: Source, folder: Path, key: VerifierKey, depth: Depth, progress: bool) -> Report:
    """Save heads, tiles and, unless the depth is TILES, entries. A file that the log lacks is a defect.

    Raises Unreadable if the log cannot be read, Unwritable for the folder.
    """
    report = Report(source.name)
    report.facts |= {"origin": key.name, "vkey": key.text}
    said = _Said(source.name, _heads(source))
    heads = load_heads(said, key, report)
    if heads is None:
        return report
    size = heads.final.size
    wanted = list(files_of(size, depth))
    missing = [file for file in wanted if file.width < WIDTH or not (folder / file.path).is_file()]
    kept, line = len(wanted) - len(missing), Progress(len(wanted), progress, what="files")
    saved = 0
    for done, (file, raw) in enumerate(zip(missing, source.ahead(f.path for f in missing), strict=True), kept + 1):
        saved += _keep(source, folder, file, raw, report)
        line.at(done)
    line.end()
    for name, raw in said.files.items():
        write(folder / name, raw)
    report.facts |= {"size": size, "root": heads.final.root.hex(), "heads": len(heads.history)}
    report.facts |= {"folder": str(folder), "saved": saved, "kept": kept}
    return report


def files_of(size: int, depth: Depth) -> Iterator[File]:
    """Every tile, and bundle, of a log of so many entries."""
    for level in range(0 if depth is Depth.TILES else ENTRIES, 8):
        number = 0
        while width := width_of(level, number, size):
            yield File(level, number, width)
            number += 1


def write(path: Path, raw: bytes) -> None:
    """Write a file in one step, with the folders above it."""
    new = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(raw)
        os.replace(new, path)
    except OSError as error:
        raise Unwritable(f"{path} cannot be written: {error.strerror}.") from error


class _Said:
    """The heads as the log gave them: what an audit of the folder will read."""

    def __init__(self, name: str, files: dict[str, bytes]) -> None:
        self.name, self.files = name, files

    def get(self, path: str) -> bytes | None:
        return self.files.get(path.removeprefix("v1/"))

    def ahead(self, paths: Iterable[str]) -> Iterator[bytes | None]:
        return map(self.get, paths)

    def close(self) -> None:
        """Nothing is open."""


def _heads(source: Source) -> dict[str, bytes]:
    """The list of heads and the published one, such that a log that grows meanwhile is not accused of it.

    The published head is read after the list, so it is in the list or comes after all of it; then the list goes on to
    it, and what is later still is left for another time.
    """
    items = list(listed_heads(source, -1))
    highest = max((size for item in items if (size := _size(item)) is not None), default=-1)
    published = published_note(source)
    try:
        last = parse_checkpoint(parse_note(published).text).size
    except NotANote:
        last = highest  # an audit of what is saved names what is wrong with it
    items += [item for item in listed_heads(source, highest) if (_size(item) or 0) <= last]
    return {"checkpoints": json.dumps({"checkpoints": items, "next": None}).encode(), "checkpoint": published}


def _size(item: dict[str, Any]) -> int | None:
    size = item.get("size")
    return size if type(size) is int else None


def _keep(source: Source, folder: Path, file: File, raw: bytes | None, report: Report) -> bool:
    """Write a file; False, and a defect, for one that the log lacks."""
    if raw is None and file.width < WIDTH:  # it has become full since: its start is what was asked for
        file = file._replace(width=WIDTH)
        raw = source.get(file.path)
    if raw is not None:
        write(folder / file.path, raw)
        return True
    first, until = file.span
    code = "entry-missing" if file.level == ENTRIES else "tile-missing"
    report.defect(code, f"{file.path} is missing", index=first, until=until)
    return False
