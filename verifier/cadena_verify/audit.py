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
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from cadena_verify.crew import crew_for
from cadena_verify.depth import Depth
from cadena_verify.founder import Founder, find_founder, judge_of
from cadena_verify.founding import Founding
from cadena_verify.heads import Head, Heads, check_cosignatures, load_heads
from cadena_verify.memory import Memory
from cadena_verify.merkle import HASH_SIZE, tile_root
from cadena_verify.notes import VerifierKey, instant
from cadena_verify.progress import Progress
from cadena_verify.promises import Promises, load_promises
from cadena_verify.reading import Keep, Reading, demand_leaf, root_of
from cadena_verify.rebuild import Rebuild
from cadena_verify.report import Report
from cadena_verify.seen import SeenHead, demand_seen, load_seen, save_seen
from cadena_verify.source import Changed, Source
from cadena_verify.state import State, open_state
from cadena_verify.tiles import WIDTH, split_tile, tile_path

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
    state: Path | None = None
    depth: Depth = Depth.EVENTS


def audit(source: Source, wanted: Wanted) -> Report:
    """Audit the log; every wrong that is found is a defect in the report.

    With `wanted.state` it goes on from what an earlier audit kept there. A wrong that is found so is only believed, and
    told, by an audit from the start: what was kept may not be of this log.

    Raises Unreadable if the log cannot be read, SeenUnusable for a file of seen heads or a state, PromisesUnusable for
    promises.
    """
    if wanted.state is None:
        return Audit(source, wanted).first()
    with closing(open_state(wanted.state, wanted.key, wanted.depth)) as state:
        return resumed(source, wanted, state)[1]


def resumed(source: Source, wanted: Wanted, state: State) -> "tuple[Audit, Report]":
    """The audit that goes on from a state, or the one from the start that replaced it, with its report."""
    demanded = [state.head] if state.head else []
    going_on = state.memory.bundles
    audit = Audit(source, wanted, state.memory, demanded, state)
    report = _going_on(audit) if going_on else audit.first()
    if report is None:
        audit = Audit(source, wanted, demanded=demanded)
        report = audit.first()
        if not report.defects_total:
            message = f"{state.path} does not fit what the log says now; the log was checked from its start"
            report.warn("state-ignored", message)
    return audit, report


def _going_on(audit: "Audit") -> Report | None:
    """The report of an audit that goes on; None if it found a wrong."""
    try:
        report = audit.first()
    except Changed:
        return None
    return None if report.defects_total else report


class Audit:
    """One log under audit: `first` reads all that the memory does not hold, `next` what has come since."""

    def __init__(
        self, source: Source, wanted: Wanted, memory: Memory | None = None, demanded: Sequence[SeenHead] = (),
        state: State | None = None,
    ) -> None:  # fmt: skip
        """`demanded`: heads that the log must still have signed, beside those of `wanted.seen`."""
        self.last: Head | None = None
        """The head up to which the log was last found sound."""
        self._source, self._wanted, self._state = source, wanted, state
        self._memory = memory or Memory()
        self._demanded = list(demanded)
        self._founder: Founder | None = None

    def first(self) -> Report:
        """Audit the whole log."""
        report, started = self._report(), time.monotonic()
        wanted = self._wanted
        seen = load_seen(wanted.seen, wanted.key) if wanted.seen else []
        promises = load_promises(wanted.promises, report) if wanted.promises else None
        heads = load_heads(self._source, wanted.key, report)  # 1
        if heads is None:
            return report
        size = heads.final.size
        if wanted.depth is Depth.EVENTS:
            self._founder = find_founder(self._source, size, wanted.key, report)
        if self._memory.bundles * WIDTH > size:
            self._memory, self._state = Memory(), None  # the log became shorter: its demanded heads tell it
        rebuild = Rebuild(heads.history, self._source.get, report, entries=wanted.depth is not Depth.TILES)
        restored = self._restored(rebuild, heads, report)
        if restored and rebuild.settled() is None:
            report.defect("history-rewritten", "what an earlier audit kept does not give the signed heads")
        if restored and report.defects_total:
            return report
        self._read(heads, rebuild, restored, promises, report, started)  # 2, 3, 4, 5
        demand_seen([*seen, *self._demanded], heads.final, heads.history, report)  # 6
        return self._end(heads, seen, promises, report)

    def next(self) -> Report | None:
        """Audit what the log has signed since; None if that is nothing."""
        if self.last is None:
            raise ValueError("nothing comes after an audit that was not sound")
        report, started, wanted = self._report(), time.monotonic(), self._wanted
        heads = load_heads(self._source, wanted.key, report, self.last)
        if heads is None or (heads.final == self.last and not report.defects_total):
            return None
        entries = wanted.depth is not Depth.TILES
        rebuild = Rebuild(heads.history, self._source.get, report, self._memory.tree, entries)
        before, written = self._memory.mark(), self._state.mark() if self._state else None
        try:
            self._read(heads, rebuild, self._memory.bundles, None, report, started)
            seen = load_seen(wanted.seen, wanted.key) if wanted.seen else []
            return self._end(heads, seen, None, report)
        finally:
            if self.last != heads.final:  # broken off, or not sound: it is as if it had never been begun
                self._memory.back_to(before)
                if self._state and written:
                    self._state.back_to(written)

    def _report(self) -> Report:
        report = Report(self._source.name)
        report.facts |= {"depth": self._wanted.depth.value}
        report.facts |= {"origin": self._wanted.key.name, "vkey": self._wanted.key.text}
        return report

    def _restored(self, rebuild: Rebuild, heads: Heads, report: Report) -> int:
        """Hold the remembered bundles against the signed heads; returns how many there are."""
        special = _inside(heads) | ({self._founder.index // WIDTH} if self._founder else set())
        for number in range(self._memory.bundles):
            root = bytes(self._memory.roots[number * HASH_SIZE : (number + 1) * HASH_SIZE])
            if number not in special:
                rebuild.sound(number, root)
                continue
            tile = self._source.get(tile_path(0, number))
            if tile is None or len(tile) != WIDTH * HASH_SIZE or tile_root(tile) != root:
                report.defect("copies-disagree", f"{tile_path(0, number)} is not what an earlier audit found there")
                continue
            rebuild.bundle(number, split_tile(tile), tile)
            if self._founder and self._founder.index // WIDTH == number:
                demand_leaf(self._founder, tile)
        return self._memory.bundles

    def _read(
        self, heads: Heads, rebuild: Rebuild, start: int, promises: Promises | None, report: Report, started: float
    ) -> None:
        wanted, size = self._wanted, heads.final.size
        timed = promises is not None or self._state is not None
        judge = judge_of(self._founder, self._memory.key, timed) if wanted.depth is Depth.EVENTS else None
        progress = Progress(size, wanted.progress)
        crew = crew_for(self._source, wanted.jobs if size - start * WIDTH >= SMALL else 1)
        try:
            reading = Reading(self._source, crew, rebuild, judge, self._founder, self._memory, report, progress)
            reading.read(size, _inside(heads), promises, self._keeper(heads.final))
        finally:
            crew.close()
        progress.end()
        founding = self._founder.founding if self._founder else None
        cosigned = _cosignatures(heads, founding, wanted, report)
        report.facts |= _counts(heads, rebuild, cosigned) | {"taken_over": start * WIDTH}
        if wanted.depth is Depth.EVENTS:
            report.facts |= _counted(founding, reading)
        if promises is not None:  # 7
            keys = founding.promise_keys if founding else {}
            promises.judge(keys, instant(cosigned.get(size)), report)
            report.facts["promises"] = promises.counts
        report.facts["seconds"] = round(time.monotonic() - started, 3)

    def _keeper(self, head: Head) -> Keep | None:
        state = self._state
        if state is None:
            return None
        seen = SeenHead(head.size, head.root, head.signature)
        return lambda run: state.keep(run, [root_of(bundle) for bundle in run.bundles], seen)

    def _end(self, heads: Heads, seen: list[SeenHead], promises: Promises | None, report: Report) -> Report:
        report.settle()
        if not report.defects_total:
            self.last = heads.final
            if self._wanted.seen:
                save_seen(self._wanted.seen, self._wanted.key, seen, heads.history)
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
        **({"demo": True} if founding and founding.demo else {}),
        "entries": dict(sorted(reading.tally.sources.items())),
        "subjects": reading.subjects,
        "refusals": reading.tally.refusals,
        "foreign": reading.tally.foreign,
        "markers": reading.tally.markers,
    }
