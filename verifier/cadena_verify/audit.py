"""The audit of a whole log, step by step.

1. The published head is a signed note of the vkey, and so is every head in the log's history.
2. Every entry and every tile of every level is read; the tree is rebuilt from the entries and compared with each copy.
3. At each size that was ever signed, the rebuilt root is the signed one: so all heads are consistent.
4. Every entry is a canonical event of a source that may speak here; versions run without a gap; leaf 0 founds the log.
5. Each head's cosignature is by the cosigner that leaf 0 (or the reader) names.
6. Heads that the reader has seen before are still there.
7. Promises that the reader holds are kept.

What it does not check: that an event is true, that events were recorded when they say, or what their data means.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cadena_verify.heads import Heads, check_cosignatures, load_heads
from cadena_verify.merkle import leaf_hashes
from cadena_verify.notes import VerifierKey
from cadena_verify.progress import Progress
from cadena_verify.promises import load_promises
from cadena_verify.rebuild import Rebuild, fetch_tile
from cadena_verify.replay import Replay
from cadena_verify.report import Report
from cadena_verify.seen import demand_seen, load_seen, save_seen
from cadena_verify.source import Source
from cadena_verify.tiles import ENTRIES, WIDTH, BundleCut, split_bundle, tile_path, width_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the reader asked for beside the log itself."""

    key: VerifierKey
    cosigner: VerifierKey | None = None
    seen: Path | None = None
    promises: Path | None = None
    progress: bool = False


def audit(source: Source, wanted: Wanted) -> Report:
    """Audit the log; every wrong that is found is a defect in the report.

    Raises Unreadable if the log cannot be read, SeenUnusable for the file of seen heads, PromisesUnusable for promises.
    """
    started = time.monotonic()
    report = Report(source.name)
    report.facts |= {"origin": wanted.key.name, "vkey": wanted.key.text}
    seen = load_seen(wanted.seen, wanted.key) if wanted.seen else []
    promises = load_promises(wanted.promises, report) if wanted.promises else None
    heads = load_heads(source, wanted.key, report)  # 1
    if heads is None:
        return report
    rebuild = Rebuild(heads.history, source.get, report)
    replay = Replay(wanted.key, promises, lambda index: _entry(source, index, heads.final.size), report)
    _read_all(source, heads.final.size, rebuild, replay, report, Progress(heads.final.size, wanted.progress))  # 2, 3, 4
    cosigned = _cosignatures(heads, replay, wanted, report)  # 5
    demand_seen(seen, heads.final, heads.history, report)  # 6
    if promises is not None:  # 7
        keys = replay.founding.promise_keys if replay.founding else {}
        promises.judge(keys, _instant(cosigned.get(heads.final.size)), report)
        report.facts["promises"] = promises.counts
    report.settle()
    if wanted.seen and not report.defects_total:
        save_seen(wanted.seen, wanted.key, seen, heads.history)
    report.facts |= _counts(heads, rebuild, replay, cosigned)
    report.facts["seconds"] = round(time.monotonic() - started, 3)
    return report


def _read_all(source: Source, size: int, rebuild: Rebuild, replay: Replay, report: Report, progress: Progress) -> None:
    """Stream every bundle and its tile of leaf hashes through the tree and the replay."""
    files = source.ahead(_paths(size))
    for number in range((size + WIDTH - 1) // WIDTH):
        first, width = number * WIDTH, width_of(0, number, size)
        raw, tile = next(files), next(files)
        if width < WIDTH:
            raw, tile, whole = _partial(source, number, width, raw, tile)
        else:
            whole = True
        entries = _entries(raw, number, width, whole, report)
        rebuild.bundle(number, None if raw is None else leaf_hashes(entries), tile)
        for index, entry in enumerate(entries, first):
            replay.entry(index, entry)
        progress.at(first + width)
    rebuild.finish()
    if size:
        replay.finish()
    progress.end()


def _paths(size: int) -> Iterator[str]:
    for number in range((size + WIDTH - 1) // WIDTH):
        width = width_of(0, number, size)
        yield tile_path(ENTRIES, number, width)
        yield tile_path(0, number, width)


def _partial(
    source: Source, number: int, width: int, raw: bytes | None, tile: bytes | None
) -> tuple[bytes | None, bytes | None, bool]:
    """The last bundle and tile; where a partial one is gone because it has become full since, the full one's start.

    The third value says whether the bundle must end with its last entry.
    """
    whole = raw is not None
    if raw is None:
        raw = source.get(tile_path(ENTRIES, number))
    if tile is None:
        tile = fetch_tile(source.get, 0, number, width)
    return raw, tile, whole


def _entries(raw: bytes | None, number: int, width: int, whole: bool, report: Report) -> list[bytes]:
    first = number * WIDTH
    if raw is None:
        message = f"{tile_path(ENTRIES, number, width)} is missing"
        report.defect("entry-missing", message, index=first, until=first + width)
        return []
    try:
        return split_bundle(raw, width, whole)
    except BundleCut as cut:
        at = min(first + len(cut.entries), first + width - 1)
        message = f"{tile_path(ENTRIES, number, width)}: {cut}"
        report.defect("bundle-truncated", message, index=at, until=first + width)
        return cut.entries


def _entry(source: Source, index: int, size: int) -> bytes | None:
    """One earlier entry's bytes, read again; None if its bundle is gone or cut since."""
    number, at = divmod(index, WIDTH)
    width = width_of(0, number, size)
    raw = source.get(tile_path(ENTRIES, number, width))
    if raw is None and width < WIDTH:
        raw = source.get(tile_path(ENTRIES, number))
    try:
        return None if raw is None else split_bundle(raw, at + 1, whole=False)[at]
    except BundleCut:
        return None


def _cosignatures(heads: Heads, replay: Replay, wanted: Wanted, report: Report) -> dict[int, int]:
    founded = replay.founding.cosigner if replay.founding else None
    cosigner = wanted.cosigner or founded
    if wanted.cosigner and founded and wanted.cosigner.text != founded.text:
        report.defect("founding", "leaf 0 names another cosigner than the one that is demanded", index=0)
    if cosigner is None:
        return {}
    every = heads.history if heads.published in heads.history else [*heads.history, heads.published]
    return check_cosignatures([head for head in every if head], cosigner, wanted.cosigner is not None, report)


def _counts(heads: Heads, rebuild: Rebuild, replay: Replay, cosigned: dict[int, int]) -> dict[str, object]:
    return {
        "installation": replay.founding.installation if replay.founding else None,
        "size": heads.final.size,
        "root": heads.final.root.hex(),
        "rebuilt": rebuild.agreed,
        "head_time": _instant(cosigned.get(heads.final.size)),
        "heads": len(heads.history),
        "heads_cosigned": len(cosigned),
        "tiles": rebuild.tiles,
        "entries": dict(sorted(replay.sources.items())),
        "subjects": replay.subjects,
        "refusals": replay.refusals,
        "foreign": replay.foreign,
        "markers": replay.markers,
    }


def _instant(seconds: int | None) -> str | None:
    """POSIX seconds as the ledger writes an instant; None where there is none, or it is beyond the calendar."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except (OverflowError, ValueError, OSError):
        return None
