"""The fingerprints of all events so far, and which of them are not alone. PURE."""

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from cadena_verify.counting import Scanned, Watch
from cadena_verify.records import PARTS


def _marks() -> "list[array[int]]":
    return [array("Q") for _ in range(PARTS)]


@dataclass
class Part:
    """One part of the fingerprints of a log, in the order of its entries."""

    ids: "array[int]"
    acts: "array[int]"
    subjects: "array[int]"
    versions: "array[int]"

    def judge(self) -> "Verdict":
        """Which ids and acts came twice, and of which subjects the versions do not run 1, 2, 3 … in order."""
        held: dict[int, int] = {}
        strange: set[int] = set()
        last = held.get
        for subject, version in zip(self.subjects, self.versions, strict=True):
            if version != last(subject, 0) + 1:
                strange.add(subject)
            held[subject] = version
        return Verdict(Watch(_twice(self.ids), _twice(self.acts), frozenset(strange)), len(held))


@dataclass(frozen=True)
class Verdict:
    """What is to be read again, and how many subjects there are."""

    suspects: Watch
    subjects: int


@dataclass
class Known:
    """All fingerprints, by part."""

    ids: "list[array[int]]" = field(default_factory=_marks)
    acts: "list[array[int]]" = field(default_factory=_marks)
    subjects: "list[array[int]]" = field(default_factory=_marks)
    versions: "list[array[int]]" = field(default_factory=lambda: [array("I") for _ in range(PARTS)])

    def add(self, run: Scanned) -> None:
        """Add those of a run that follows."""
        for mine, theirs in zip(self._columns(), (run.ids, run.acts, run.subjects, run.versions), strict=True):
            for part, more in zip(mine, theirs, strict=True):
                part += more

    def lengths(self) -> list[int]:
        """How much is known, for `cut`."""
        return [len(part) for column in self._columns() for part in column]

    def cut(self, lengths: list[int]) -> None:
        """Forget what was added since."""
        for part, length in zip((part for column in self._columns() for part in column), lengths, strict=True):
            del part[length:]

    def judge_more(self, run: Scanned) -> Watch:
        """Add a small run to what is known to be sound, and say what of it is suspect."""
        ids, acts, strange = set[int](), set[int](), set[int]()
        for at in range(PARTS):
            for mine, theirs, found in ((self.ids, run.ids, ids), (self.acts, run.acts, acts)):
                for mark in theirs[at]:
                    if mine[at].count(mark):
                        found.add(mark)
                    mine[at].append(mark)
            for mark, version in zip(run.subjects[at], run.versions[at], strict=True):
                if version != self.subjects[at].count(mark) + 1:  # so far they run 1, 2, 3 …: as many as the last
                    strange.add(mark)
                self.subjects[at].append(mark)
                self.versions[at].append(version)
        return Watch(frozenset(ids), frozenset(acts), frozenset(strange))

    def _columns(self) -> "tuple[list[array[int]], ...]":
        return self.ids, self.acts, self.subjects, self.versions

    def parts(self) -> Iterable[Part]:
        """Each part, to be judged alone."""
        for four in zip(self.ids, self.acts, self.subjects, self.versions, strict=True):
            yield Part(*four)


def united(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on the whole log."""
    every = list(verdicts)
    suspects = Watch(
        frozenset().union(*(verdict.suspects.ids for verdict in every)),
        frozenset().union(*(verdict.suspects.acts for verdict in every)),
        frozenset().union(*(verdict.suspects.subjects for verdict in every)),
    )
    return Verdict(suspects, sum(verdict.subjects for verdict in every))


def _twice(marks: "array[int]") -> frozenset[int]:
    if len(set(marks)) == len(marks):
        return frozenset()
    return frozenset(mark for mark, count in Counter(marks).items() if count > 1)
