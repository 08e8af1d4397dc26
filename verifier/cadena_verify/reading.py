"""Reads a whole log: hashes every bundle, counts every entry, and reads again what could not be cleared at once."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from cadena_verify import records
from cadena_verify.counting import SECOND_FOUNDING, Bundle, Judge, Plan, Scanned, Tally, Watch
from cadena_verify.crew import Crew
from cadena_verify.entries import NotAnEntry, read_event, row_of
from cadena_verify.founding import Founding, NotFounded, read_founding
from cadena_verify.known import Known, Verdict, united
from cadena_verify.merkle import HASH_SIZE, leaf_hash, tile_root
from cadena_verify.notes import VerifierKey
from cadena_verify.progress import Progress
from cadena_verify.promises import Promises
from cadena_verify.rebuild import Rebuild
from cadena_verify.replay import Replay
from cadena_verify.report import KEPT, Report
from cadena_verify.shapes import UUID
from cadena_verify.source import Source, Unreadable
from cadena_verify.tiles import ENTRIES, WIDTH, BundleCut, split_bundle, split_tile, tile_path, width_of

RUN = 32
"""Bundles of one run."""
MOST_SUSPECTS = 200_000
"""Fingerprints that are told one by one; beyond, the whole log is replayed."""


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
                raise NotFounded(SECOND_FOUNDING)
            founding = read_founding(event, key)
        except NotFounded as error:
            report.defect("founding", str(error), index=index)
        return Founder(index, leaf_hash(raw), founding, event["source"].rpartition(":")[0])
    if size:
        report.defect("founding", "no entry is an event: nothing founds this log", index=0)
    return None


def judge_of(founder: Founder | None, key: bytes, timed: bool) -> Judge:
    """What every entry is held against."""
    services = ("custody", "notify", "audit")
    allowed = {f"{founder.installation}:{service}": service for service in services} if founder else {}
    return Judge(allowed, founder.index if founder else -1, key, timed)


class Reading:
    """One reading of a log up to the size of its last head. Defects go to the report."""

    def __init__(
        self, source: Source, crew: Crew, rebuild: Rebuild, judge: Judge | None, founder: Founder | None,
        report: Report, progress: Progress,
    ) -> None:  # fmt: skip
        self.known, self.tally, self.subjects = Known(), Tally(), 0
        self._source, self._crew, self._rebuild = source, crew, rebuild
        self._judge, self._founder, self._report, self._progress = judge, founder, report, progress
        self._roots = bytearray()
        """The root of each bundle as it was read first; zeros where its copies differ."""
        self._contents = Report(report.log)
        """What is wrong with contents, kept apart: it is found again, and exactly, when suspects are replayed."""

    def read(self, size: int, inside: frozenset[int], promises: Promises | None) -> None:
        """Read everything. `inside`: the bundles inside which a signed head ends."""
        if self._founder:
            inside |= {self._founder.index // WIDTH}
        promised = Watch(ids=frozenset(records.of_ids(_uuids(promises.events))) if promises else frozenset())
        watched: list[tuple[int, bytes]] = []
        for run in self._crew.scan(Plan(size, inside, self._judge, promised), _runs(size)):
            for bundle in run.bundles:
                self._bundle(bundle)
            self._take(run)
            watched += run.watched
            self._progress.at(min(size, WIDTH * (run.bundles[-1].number + 1)))
        self._rebuild.finish()
        if self._judge:
            self._conclude(size, inside, promises, promised, watched)
        self._report.absorb(self._contents)

    def _bundle(self, bundle: Bundle) -> None:
        for wrong in bundle.wrongs:
            self._report.add(wrong)
        if bundle.root is not None:
            self._rebuild.sound(bundle.number, bundle.root)
        else:
            hashes = None if bundle.hashes is None else split_tile(bundle.hashes)
            self._rebuild.bundle(bundle.number, hashes, bundle.tile)
        self._roots += _root(bundle)
        if self._founder and bundle.number == self._founder.index // WIDTH:
            at = self._founder.index % WIDTH * HASH_SIZE
            _demand((bundle.hashes or b"")[at : at + HASH_SIZE] == self._founder.leaf, bundle.number)

    def _take(self, run: Scanned) -> None:
        for wrong in run.wrongs:
            self._contents.add(wrong)
        self.tally.add(run.tally)
        if self._judge:
            self.known.add(run)

    def _conclude(
        self, size: int, inside: frozenset[int], promises: Promises | None, promised: Watch,
        watched: list[tuple[int, bytes]],
    ) -> None:  # fmt: skip
        """Judge the fingerprints; replay whatever is suspect."""
        verdict = united(self._crew.judge(self.known.parts()))
        self.subjects = verdict.subjects
        if verdict.suspects:
            self._replay(size, inside, promises, promised, verdict)
        elif promises:
            for index, raw in watched:
                event = read_event(raw)
                promises.recorded(event["source"], event["id"], event["time"], index, raw)
        if promises:
            for source, time in self.tally.latest.items():
                promises.passed(source, time)

    def _replay(
        self, size: int, inside: frozenset[int], promises: Promises | None, promised: Watch, verdict: Verdict
    ) -> None:
        """Read the suspects again, and the whole history of their subjects, and judge them by their full text."""
        watch = self._watched(size, inside, verdict.suspects, promised)
        self._contents, self.tally = Report(self._report.log), Tally()
        replay = Replay(promises, lambda index: entry_at(self._source, index, size), self._contents)
        for run in self._again(size, inside, watch):
            self.tally.add(run.tally)
            for wrong in run.wrongs:
                self._contents.add(wrong)
            for index, raw in run.watched:
                replay.entry(index, raw)
        replay.finish()
        replay.tally.markers += self.tally.markers
        self.tally.add(replay.tally)
        self.tally.markers = sorted(replay.tally.markers, key=lambda marker: int(marker["index"]))[:KEPT]
        self.subjects = replay.subjects + (0 if watch.every else verdict.subjects - len(watch.subjects))

    def _watched(self, size: int, inside: frozenset[int], suspects: Watch, promised: Watch) -> Watch:
        """Whatever must be replayed to judge the suspects: everything, if they are very many."""
        subjects = suspects.subjects
        if len(suspects) <= MOST_SUSPECTS:
            subjects |= self._subjects_of(size, inside, Watch(suspects.ids, suspects.acts))
        watch = Watch(suspects.ids | promised.ids, suspects.acts, subjects)
        return watch if len(watch) <= MOST_SUSPECTS else Watch(every=True)

    def _subjects_of(self, size: int, inside: frozenset[int], watch: Watch) -> frozenset[int]:
        """The subjects of events whose id or act is not alone: one that has no effect counts for no version."""
        if not watch or self._judge is None:
            return frozenset()
        mark, found = records.Subjects(self._judge.key), set[int]()
        for run in self._again(size, inside, watch):
            for _, raw in run.watched:
                row = row_of(read_event(raw))
                if row.outcome == "accepted" and row.sequence and (row.uuid or row.name):
                    found.update(mark([row.source], [row.kind], [row.uuid], [row.name]))
        return frozenset(found)

    def _again(self, size: int, inside: frozenset[int], watch: Watch) -> Iterator[Scanned]:
        """Every run once more, and the same bytes as before."""
        for run in self._crew.scan(Plan(size, inside, self._judge, watch, apart=True), _runs(size)):
            for bundle in run.bundles:
                at = bundle.number * HASH_SIZE
                _demand(self._roots[at : at + HASH_SIZE] == _root(bundle), bundle.number)
            yield run


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


def _runs(size: int) -> Iterator[range]:
    total = (size + WIDTH - 1) // WIDTH
    return (range(first, min(first + RUN, total)) for first in range(0, total, RUN))


def _root(bundle: Bundle) -> bytes:
    """What a bundle must be again when it is read a second time: its root, or the hash of what was there instead."""
    if bundle.root is not None:
        return bundle.root
    if bundle.hashes is not None and len(bundle.hashes) == WIDTH * HASH_SIZE:
        return tile_root(bundle.hashes)
    return sha256(bundle.hashes or b"").digest()


def _demand(same: bool, number: int) -> None:
    if not same:
        raise Unreadable(f"Bundle {number} was another one when it was read again: the log answers as it likes.")


def _uuids(texts: list[str]) -> list[str]:
    return list(filter(re.compile(UUID).fullmatch, texts))
