"""Finds the entry that founds a log, and reads single entries of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from cadena_verify.counting import Judge
from cadena_verify.entries import NotAnEntry, read_event
from cadena_verify.founding import Founding, NotFounded, read_founding
from cadena_verify.merkle import leaf_hash
from cadena_verify.notes import VerifierKey
from cadena_verify.report import Report
from cadena_verify.source import Source
from cadena_verify.tiles import ENTRIES, WIDTH, BundleCut, split_bundle, tile_path, width_of


@dataclass(frozen=True)
class Founder:
    """The first entry that is an event: it says which installation the log is of."""

    index: int
    leaf: bytes
    founding: Founding | None
    installation: str


def find_founder(source: Source, size: int, key: VerifierKey, report: Report) -> Founder | None:
    """Read on until an event comes: in a sound log leaf 0. Anything else is a defect."""
    for index, raw in _entries(source, size):
        try:
            event = read_event(raw)
        except NotAnEntry:
            continue
        founding = None
        try:
            if index:
                raise NotFounded("leaf 0 is no event: it does not found this log")
            founding = read_founding(event, key)
        except NotFounded as error:
            report.defect("founding", str(error), index=0)
        return Founder(index, leaf_hash(raw), founding, event["source"].rpartition(":")[0])
    if size:
        report.defect("founding", "no entry is an event: nothing founds this log", index=0)
    return None


def judge_of(founder: Founder | None, key: bytes, timed: bool) -> Judge:
    """What every entry is held against."""
    services = ("custody", "notify", "audit")
    allowed = {f"{founder.installation}:{service}": service for service in services} if founder else {}
    return Judge(allowed, founder.index if founder else -1, key, timed)


def entry_at(source: Source, index: int, size: int) -> bytes | None:
    """One entry's bytes; None if its bundle is gone or cut."""
    number, at = divmod(index, WIDTH)
    entries = _bundle_at(source, number, size)
    return entries[at] if at < len(entries) else None


def _entries(source: Source, size: int) -> Iterator[tuple[int, bytes]]:
    for number in range((size + WIDTH - 1) // WIDTH):
        yield from enumerate(_bundle_at(source, number, size), number * WIDTH)


def _bundle_at(source: Source, number: int, size: int) -> list[bytes]:
    width = width_of(0, number, size)
    raw = source.get(tile_path(ENTRIES, number, width))
    if raw is None and width < WIDTH:
        raw = source.get(tile_path(ENTRIES, number))
    try:
        return [] if raw is None else split_bundle(raw, width, whole=False)
    except BundleCut as cut:
        return cut.entries
