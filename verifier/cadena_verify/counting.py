"""What a run of bundles gives: counts and fingerprints of its events, and those that are wanted whole. PURE."""

from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

from cadena_verify import records
from cadena_verify.canonical import parse
from cadena_verify.founding import FOUNDED
from cadena_verify.report import KEPT, Finding
from cadena_verify.shapes import Row

FOREIGN = "org.cadena.audit.foreign.v1"
SECOND_FOUNDING = "leaf 0 cannot be read, or the log is founded a second time"
ACCEPTED, REFUSED, MARKER, NOT_ALLOWED = range(4)


@dataclass(frozen=True)
class Judge:
    """What every entry is held against: source → service, and which entry founded the log."""

    allowed: dict[str, str]
    founder: int
    key: bytes
    """Under which subjects are told apart (records.Subjects)."""
    timed: bool = False
    """Whether it is wanted when each source recorded last."""

    def verdict(self, source: str, kind: str, outcome: str) -> int:
        """What an event of this source, type and outcome is."""
        service = self.allowed.get(source)
        if service is None or not kind.startswith(f"org.cadena.{service}."):
            return NOT_ALLOWED
        if kind == FOREIGN:
            return MARKER
        return REFUSED if outcome == "refused" else ACCEPTED


@dataclass(frozen=True)
class Watch:
    """Fingerprints of the events that are wanted whole."""

    ids: frozenset[int] = frozenset()
    acts: frozenset[int] = frozenset()
    subjects: frozenset[int] = frozenset()
    every: bool = False
    """All of them: when there are too many to be told one by one."""

    def __bool__(self) -> bool:
        return bool(self.ids or self.acts or self.subjects or self.every)

    def __len__(self) -> int:
        return len(self.ids) + len(self.acts) + len(self.subjects)

    def __or__(self, other: "Watch") -> "Watch":
        every = self.every or other.every
        return Watch(self.ids | other.ids, self.acts | other.acts, self.subjects | other.subjects, every)

    def among(self, ids: Sequence[int], acts: Sequence[int], subjects: Sequence[int]) -> list[bool]:
        """Which of these events are watched."""
        if self.every:
            return [True] * len(ids)
        if self.ids.isdisjoint(ids) and self.acts.isdisjoint(acts) and self.subjects.isdisjoint(subjects):
            return [False] * len(ids)
        return [
            one in self.ids or two in self.acts or three in self.subjects
            for one, two, three in zip(ids, acts, subjects, strict=True)
        ]


@dataclass(frozen=True)
class Plan:
    """How to read a log of `size` entries. `inside`: the bundles inside which a signed head ends.

    `judge` None checks hashes only, without `entries` those of the tiles alone. What is watched is handed over whole;
    with `apart` it is counted nowhere else.
    """

    size: int
    inside: frozenset[int]
    judge: Judge | None
    watch: Watch = Watch()
    apart: bool = False
    entries: bool = True


@dataclass
class Bundle:
    """One bundle, as read. `root` is there if nothing is wrong with it and no head ends inside."""

    number: int
    root: bytes | None = None
    hashes: bytes | None = b""
    tile: bytes | None = None
    wrongs: list[Finding] = field(default_factory=list)


@dataclass
class Tally:
    """What is counted of entries; tallies add up."""

    sources: Counter[str] = field(default_factory=Counter)
    refusals: int = 0
    foreign: int = 0
    markers: list[dict[str, Any]] = field(default_factory=list)
    latest: dict[str, str] = field(default_factory=dict)
    """Source → the latest instant at which one of its events was recorded."""

    def plain(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return vars(self) | {"sources": dict(self.sources)}

    @classmethod
    def read(cls, said: dict[str, Any]) -> "Tally":
        """From what `plain` gave, through JSON."""
        return cls(**said | {"sources": Counter(said["sources"])})

    def mark(self, index: int, data: dict[str, Any]) -> None:
        """Count a message that was no event of its topic's source."""
        self.foreign += 1
        if len(self.markers) < KEPT:
            self.markers.append({"index": index} | {name: data.get(name) for name in ("topic", "offset", "sha256")})

    def time(self, sources: Sequence[str], times: Sequence[str]) -> None:
        """Keep the latest instant of each source."""
        for source in set(sources):
            latest = max(time for of, time in zip(sources, times, strict=True) if of == source)
            self.latest[source] = max(latest, self.latest.get(source, ""))

    def add(self, other: "Tally") -> None:
        """Add what another run counted, which lies further on."""
        self.sources += other.sources
        self.refusals += other.refusals
        self.foreign += other.foreign
        self.markers += other.markers[: KEPT - len(self.markers)]
        for source, time in other.latest.items():
            self.latest[source] = max(time, self.latest.get(source, ""))


@dataclass
class Scanned:
    """A run, as read. `ids`, `acts`, `subjects` are fingerprints by part, `versions` beside the subjects."""

    bundles: list[Bundle]
    tally: Tally = field(default_factory=Tally)
    wrongs: list[Finding] = field(default_factory=list)
    watched: list[tuple[int, bytes]] = field(default_factory=list)
    ids: "list[array[int]]" = field(default_factory=list)
    acts: "list[array[int]]" = field(default_factory=list)
    subjects: "list[array[int]]" = field(default_factory=list)
    versions: "list[array[int]]" = field(default_factory=list)


Text = Sequence[str]
Subject = tuple[Text, Text, Text, Text, Text]
"""Columns: sequence, source, kind, uuid, name."""


class Counting:
    """Takes the rows of one run, bundle after bundle."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._judge, self._watch = plan, plan.judge, plan.watch
        self._print = records.Subjects(plan.judge.key if plan.judge else b"")
        self._ids, self._acts, self._subjects = array("Q"), array("Q"), array("Q")
        self._versions = array("I")

    def take(self, indexes: Sequence[int], rows: Sequence[Any], raw: Callable[[int], bytes], out: Scanned) -> None:
        """Count these rows (see shapes.Row), which lie at these indexes; `raw` gives the entry of the n-th of them."""
        if not rows or self._judge is None:
            return
        columns = Row._make(zip(*rows, strict=True))
        which = list(zip(columns.source, columns.type, columns.outcome, strict=True))
        kinds = Counter(which)
        for (of, _, _), count in kinds.items():
            out.tally.sources[of] += count
        verdicts = {key: self._judge.verdict(*key) for key in kinds}
        special = any(verdict > REFUSED or key[1] == FOUNDED for key, verdict in verdicts.items())
        wanted = self._wanted(columns) if self._watch else None
        plain = not special and not (wanted and any(wanted))
        if plain and not any(verdicts.values()):
            self._count(indexes, columns, [], out)
            return
        judged = list(map(verdicts.__getitem__, which))
        if not plain:
            kept = self._sift(indexes, rows, judged, wanted or [False] * len(rows), raw, out)
            judged, indexes = [judged[at] for at in kept], [indexes[at] for at in kept]
            columns = Row._make(zip(*(rows[at] for at in kept), strict=True)) if kept else columns
        if judged:
            self._count(indexes, columns, judged, out)

    def _wanted(self, columns: Any) -> list[bool]:
        ids, acts = records.of_ids(columns.id), records.of_acts(columns.command, columns.ordinal)
        return self._watch.among(ids, acts, self._print(columns.source, columns.kind, columns.uuid, columns.name))

    def close(self, out: Scanned) -> None:
        """The run is read: hand over what was remembered."""
        if self._judge and not self._plan.apart:
            out.ids, out.acts = records.split(self._ids), records.split(self._acts)
            out.subjects, out.versions = records.split_versions(self._subjects, self._versions)

    def _sift(
        self, indexes: Sequence[int], rows: Sequence[Any], judged: list[int], wanted: list[bool],
        raw: Callable[[int], bytes], out: Scanned,
    ) -> list[int]:  # fmt: skip
        """Which rows are to be counted; the others are wrong, or handed over."""
        kept = []
        for at, (index, row, verdict) in enumerate(zip(indexes, rows, judged, strict=True)):
            source, type_ = row[5], row[10]
            if type_ == FOUNDED and self._judge and index != self._judge.founder:
                out.wrongs.append(Finding("founding", SECOND_FOUNDING, index, index + 1))
            if verdict == NOT_ALLOWED:
                message = f"{source[:80]} may not record {type_[:80]}"
                out.wrongs.append(Finding("entry-source", message, index, index + 1))
                continue
            if wanted[at]:
                out.watched.append((index, raw(at)))
                if self._plan.apart:
                    continue
            if verdict == MARKER:
                out.tally.mark(index, parse(raw(at))["data"])
            kept.append(at)
        return kept

    def _count(self, indexes: Sequence[int], columns: Any, judged: list[int], out: Scanned) -> None:
        """Count these columns; `judged` says what each row is, or nothing where all were accepted."""
        if self._judge and self._judge.timed:
            out.tally.time(columns.source, columns.time)
        if not self._plan.apart:
            self._ids += records.of_ids(columns.id)
            self._acts += records.of_acts(columns.command, columns.ordinal)
        subject = columns.sequence, columns.source, columns.kind, columns.uuid, columns.name
        if any(judged):
            out.tally.refusals += judged.count(REFUSED)
            accepted = [verdict == ACCEPTED for verdict in judged]
            subject, indexes = _chosen(subject, accepted), list(compress(indexes, accepted))
        if indexes:
            self._versioned(indexes, subject, out)

    def _versioned(self, indexes: Sequence[int], subject: Subject, out: Scanned) -> None:
        sequence, source, kind, uuid, name = subject
        if not all(sequence) or not (all(uuid) or all(map(max, uuid, name))):
            whole = [bool(number and (one or two)) for number, one, two in zip(sequence, uuid, name, strict=True)]
            for index in compress(indexes, [not good for good in whole]):
                message = "an accepted event names no subject with a version"
                out.wrongs.append(Finding("version-missing", message, index, index + 1))
            if any(whole):
                self._versioned(list(compress(indexes, whole)), _chosen(subject, whole), out)
        elif not self._plan.apart:
            self._subjects += self._print(source, kind, uuid, name)
            self._versions += records.versions_of(sequence)


def _chosen(subject: Subject, mask: list[bool]) -> Subject:
    sequence, source, kind, uuid, name = (list(compress(column, mask)) for column in subject)
    return sequence, source, kind, uuid, name
