"""Reads a whole log: hashes every bundle, counts every entry, and reads again what could not be cleared at once."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256

from cadena_verify import records
from cadena_verify.counting import Bundle, Judge, Plan, Scanned, Tally, Watch
from cadena_verify.crew import Crew
from cadena_verify.entries import read_event, row_of
from cadena_verify.founder import Founder, entry_at
from cadena_verify.known import united
from cadena_verify.memory import Memory
from cadena_verify.merkle import HASH_SIZE, tile_root
from cadena_verify.progress import Progress
from cadena_verify.promises import Promises
from cadena_verify.rebuild import Rebuild
from cadena_verify.replay import Replay
from cadena_verify.report import KEPT, Report
from cadena_verify.shapes import UUID
from cadena_verify.source import Changed, Source
from cadena_verify.tiles import WIDTH, split_tile

RUN = 32
"""Bundles of one run."""
FEW = 4 * WIDTH
"""Entries that are judged one by one against what is known; for more it is quicker to judge everything again."""
MOST_SUSPECTS = 200_000
"""Fingerprints that are told one by one; beyond, the whole log is replayed."""

Keep = Callable[[Scanned], None]


class Reading:
    """One reading of a log up to the size of its last head. Defects go to the report.

    It goes on from what `memory` holds, and adds to it each full bundle that it reads; a memory that is still to be of
    use after a defect is found must be another one.
    """

    def __init__(
        self, source: Source, crew: Crew, rebuild: Rebuild, judge: Judge | None, founder: Founder | None,
        memory: Memory, report: Report, progress: Progress,
    ) -> None:  # fmt: skip
        self.tally, self.subjects = Tally(), 0
        self._source, self._crew, self._rebuild, self._memory = source, crew, rebuild, memory
        self._judge, self._founder, self._report, self._progress = judge, founder, report, progress
        self._last = b""
        """The root of the last bundle, if it is not full; the others' are in the memory."""
        self._suspects = Watch()
        self._watched: list[tuple[int, bytes]] = []
        self._contents = Report(report.log)
        """What is wrong with contents, kept apart: it is found again, and exactly, when suspects are replayed."""

    def read(self, size: int, inside: frozenset[int], promises: Promises | None, keep: Keep | None = None) -> None:
        """Read on. `inside`: the bundles inside which a signed head ends. `keep` is told of sound full bundles."""
        memory, full = self._memory, size // WIDTH
        if self._founder:
            inside |= {self._founder.index // WIDTH}
        promised = Watch(ids=frozenset(records.of_ids(_uuids(promises.events))) if promises else frozenset())
        if memory.bundles:
            self._suspects = promised  # where they lie in what was read before is not known
        plan = Plan(size, inside, self._judge, promised, entries=self._rebuild.entries)
        few = memory.judged and memory.bundles > 0 and size - memory.bundles * WIDTH <= FEW
        for run in self._crew.scan(plan, _runs(memory.bundles, full)):
            self._bundles(run)
            self._take(run, few)
            memory.add([root_of(bundle) for bundle in run.bundles], run.tally)
            if keep and not self._report.defects_total and not self._contents.defects_total and _sound(run):
                keep(run)
            self._progress.at(WIDTH * memory.bundles)
        memory.tree = self._rebuild.settled() or memory.tree
        self.tally.add(memory.tally)
        remembered, opened = memory.known.lengths(), 0
        for run in self._crew.scan(plan, _runs(full, (size + WIDTH - 1) // WIDTH)):
            self._bundles(run)
            opened = self._take(run, few)
            self._last = root_of(run.bundles[0])
            self.tally.add(run.tally)
        self._rebuild.finish()
        if self._judge:
            self._conclude(plan, promises, few)
        memory.known.cut(remembered)
        memory.subjects -= opened
        self._report.absorb(self._contents)

    def _bundles(self, run: Scanned) -> None:
        for bundle in run.bundles:
            for wrong in bundle.wrongs:
                self._report.add(wrong)
            if bundle.root is not None:
                self._rebuild.sound(bundle.number, bundle.root)
            else:
                hashes = None if bundle.hashes is None else split_tile(bundle.hashes)
                self._rebuild.bundle(bundle.number, hashes, bundle.tile)
            if self._founder and bundle.number == self._founder.index // WIDTH:
                demand_leaf(self._founder, bundle.hashes or b"")

    def _take(self, run: Scanned, few: bool) -> int:
        """Remember a run's entries; returns how many subjects begin in it."""
        for wrong in run.wrongs:
            self._contents.add(wrong)
        self._watched += run.watched
        if not self._judge:
            return 0
        opened = sum(part.count(1) for part in run.versions)
        self._memory.subjects += opened
        if few:
            self._suspects |= self._memory.known.judge_more(run)
        else:
            self._memory.known.add(run)
        return opened

    def _conclude(self, plan: Plan, promises: Promises | None, few: bool) -> None:
        """Judge the fingerprints; replay whatever is suspect."""
        memory = self._memory
        if not few:
            verdict = united(self._crew.judge(memory.known.parts()))
            self._suspects |= verdict.suspects
            memory.subjects, memory.judged = verdict.subjects, True
        self.subjects = memory.subjects
        if self._suspects:
            self._replay(plan, promises)
        elif promises:
            for index, raw in self._watched:
                event = read_event(raw)
                promises.recorded(event["source"], event["id"], event["time"], index, raw)
        if promises:
            for source, time in self.tally.latest.items():
                promises.passed(source, time)

    def _replay(self, plan: Plan, promises: Promises | None) -> None:
        """Read the suspects again, and the whole history of their subjects, and judge them by their full text."""
        plan = replace(plan, watch=self._suspected(plan), apart=True)
        self._contents, self.tally = Report(self._report.log), Tally()
        replay = Replay(promises, lambda index: entry_at(self._source, index, plan.size), self._contents)
        for run in self._again(plan):
            self.tally.add(run.tally)
            for wrong in run.wrongs:
                self._contents.add(wrong)
            for index, raw in run.watched:
                replay.entry(index, raw)
        replay.finish()
        markers = self.tally.markers + replay.tally.markers
        self.tally.add(replay.tally)
        self.tally.markers = sorted(markers, key=lambda marker: int(marker["index"]))[:KEPT]
        watch = plan.watch
        self.subjects = replay.subjects + (0 if watch.every else self.subjects - len(watch.subjects))

    def _suspected(self, plan: Plan) -> Watch:
        """Whatever must be replayed to judge the suspects: everything, if they are very many."""
        subjects = self._suspects.subjects
        if len(self._suspects) <= MOST_SUSPECTS:
            subjects |= self._subjects_of(
                replace(plan, watch=replace(self._suspects, subjects=frozenset()), apart=True)
            )
        watch = Watch(self._suspects.ids | plan.watch.ids, self._suspects.acts, subjects)
        return watch if len(watch) <= MOST_SUSPECTS else Watch(every=True)

    def _subjects_of(self, plan: Plan) -> frozenset[int]:
        """The subjects of events whose id or act is not alone: one that has no effect counts for no version."""
        if not plan.watch or plan.judge is None:
            return frozenset()
        mark, found = records.Subjects(plan.judge.key), set[int]()
        for run in self._again(plan):
            for _, raw in run.watched:
                row = row_of(read_event(raw))
                if row.outcome == "accepted" and row.sequence and (row.uuid or row.name):
                    found.update(mark([row.source], [row.kind], [row.uuid], [row.name]))
        return frozenset(found)

    def _again(self, plan: Plan) -> Iterator[Scanned]:
        """Every run once more, and the same bytes as before."""
        for run in self._crew.scan(plan, _runs(0, (plan.size + WIDTH - 1) // WIDTH)):
            for bundle in run.bundles:
                at = bundle.number * HASH_SIZE
                held = self._memory.roots[at : at + HASH_SIZE] or self._last
                _demand(held == root_of(bundle), bundle.number)
            yield run


def _runs(first: int, end: int) -> Iterator[range]:
    return (range(at, min(at + RUN, end)) for at in range(first, end, RUN))


def root_of(bundle: Bundle) -> bytes:
    """What a bundle must be again when it is read a second time: its root, or the hash of what was there instead."""
    if bundle.root is not None:
        return bundle.root
    if bundle.hashes is not None and len(bundle.hashes) == WIDTH * HASH_SIZE:
        return tile_root(bundle.hashes)
    return sha256(bundle.hashes or b"").digest()


def _sound(run: Scanned) -> bool:
    """Whether entries and tiles agree in all of a run."""
    return all(bundle.root is not None or bundle.hashes == bundle.tile for bundle in run.bundles)


def demand_leaf(founder: Founder, hashes: bytes) -> None:
    """The founding entry that was read is the one among these leaf hashes of its bundle; else Unreadable."""
    at = founder.index % WIDTH * HASH_SIZE
    _demand(hashes[at : at + HASH_SIZE] == founder.leaf, founder.index // WIDTH)


def _demand(same: bool, number: int) -> None:
    if not same:
        raise Changed(f"Bundle {number} was another one when it was read again: the log answers as it likes.")


def _uuids(texts: list[str]) -> list[str]:
    return list(filter(re.compile(UUID).fullmatch, texts))
