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

import os
import time
from dataclasses import dataclass
from pathlib import Path

from cadena_verify.crew import crew_for
from cadena_verify.founding import Founding
from cadena_verify.heads import Heads, check_cosignatures, load_heads
from cadena_verify.notes import VerifierKey, instant
from cadena_verify.progress import Progress
from cadena_verify.promises import load_promises
from cadena_verify.reading import Reading, find_founder, judge_of
from cadena_verify.rebuild import Rebuild
from cadena_verify.report import Report
from cadena_verify.seen import demand_seen, load_seen, save_seen
from cadena_verify.source import Source
from cadena_verify.tiles import WIDTH

SMALL = 1 << 16
"""Entries of a log that is checked before a helper has started."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the reader asked for beside the log itself."""

    key: VerifierKey
    cosigner: VerifierKey | None = None
    seen: Path | None = None
    promises: Path | None = None
    progress: bool = False
    jobs: int = 1
    """Processes that read the log; a small one is read by this process alone."""
    deep: bool = True
    """Whether entries are replayed as events; without, only hashes, heads and their signatures are checked."""


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
    founder = find_founder(source, heads.final.size, wanted.key, report) if wanted.deep else None
    judge = judge_of(founder, os.urandom(16), promises is not None) if wanted.deep else None
    progress = Progress(heads.final.size, wanted.progress)
    crew = crew_for(source, wanted.jobs if heads.final.size >= SMALL else 1)
    try:
        reading = Reading(source, crew, rebuild, judge, founder, report, progress)
        reading.read(heads.final.size, _inside(heads), promises)  # 2, 3, 4
    finally:
        crew.close()
    progress.end()
    founding = founder.founding if founder else None
    cosigned = _cosignatures(heads, founding, wanted, report)  # 5
    demand_seen(seen, heads.final, heads.history, report)  # 6
    if promises is not None:  # 7
        keys = founding.promise_keys if founding else {}
        promises.judge(keys, instant(cosigned.get(heads.final.size)), report)
        report.facts["promises"] = promises.counts
    report.settle()
    if wanted.seen and not report.defects_total:
        save_seen(wanted.seen, wanted.key, seen, heads.history)
    report.facts |= _counts(heads, rebuild, cosigned)
    if wanted.deep:
        report.facts |= _counted(founding, reading)
    report.facts["seconds"] = round(time.monotonic() - started, 3)
    return report


def _inside(heads: Heads) -> frozenset[int]:
    """The bundles inside which a signed head ends: their leaf hashes are wanted one by one."""
    return frozenset(head.size // WIDTH for head in heads.history if head.size % WIDTH)


def _cosignatures(heads: Heads, founding: Founding | None, wanted: Wanted, report: Report) -> dict[int, int]:
    founded = founding.cosigner if founding else None
    cosigner = wanted.cosigner or founded
    if wanted.cosigner and founded and wanted.cosigner.text != founded.text:
        report.defect("founding", "leaf 0 names another cosigner than the one that is demanded", index=0)
    if cosigner is None:
        return {}
    every = heads.history if heads.published in heads.history else [*heads.history, heads.published]
    return check_cosignatures([head for head in every if head], cosigner, wanted.cosigner is not None, report)


def _counts(heads: Heads, rebuild: Rebuild, cosigned: dict[int, int]) -> dict[str, object]:
    return {
        "size": heads.final.size,
        "root": heads.final.root.hex(),
        "rebuilt": rebuild.agreed,
        "head_time": instant(cosigned.get(heads.final.size)),
        "heads": len(heads.history),
        "heads_cosigned": len(cosigned),
        "tiles": rebuild.tiles,
    }


def _counted(founding: Founding | None, reading: Reading) -> dict[str, object]:
    return {
        "installation": founding.installation if founding else None,
        "entries": dict(sorted(reading.tally.sources.items())),
        "subjects": reading.subjects,
        "refusals": reading.tally.refusals,
        "foreign": reading.tally.foreign,
        "markers": reading.tally.markers,
    }
