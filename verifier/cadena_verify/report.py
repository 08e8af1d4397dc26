"""What an audit found: defects with a stable code and a place, warnings, counts; as text or as JSON."""

import sys
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

KEPT = 1000
"""Defects and warnings kept of each; beyond it they are only counted."""

CODES: dict[str, str] = {
    "head-malformed": "a head is not a checkpoint that can be read",
    "head-signature": "a head is not signed by the log's key",
    "head-origin": "a head speaks for another log",
    "head-cosignature": "a head's cosignature is not by the cosigner's key, or is missing though it was demanded",
    "head-order": "the list of heads does not rise in size",
    "head-missing": "a head that was published or seen is not in the list of heads",
    "head-forked": "the log signed a head that is not the root of its own entries at that size",
    "tail-cut": "the log is shorter than a head that it signed before",
    "entry-changed": "an entry's bytes are not the ones that the log signed",
    "entry-missing": "a bundle of entries is missing",
    "bundle-truncated": "a bundle of entries ends too soon, or goes on after its last entry",
    "tile-changed": "a tile's hash is not the one that the entries give",
    "tile-missing": "a tile is missing",
    "tile-truncated": "a tile is shorter or longer than its width",
    "copies-disagree": "entries and tiles differ, and neither gives the root that was signed",
    "history-rewritten": "every stored copy was changed together: they agree, but not with the signed heads",
    "entry-not-canonical": "an entry is not canonical JSON",
    "entry-not-event": "an entry is not an event",
    "entry-source": "an entry's source may not speak in this log",
    "entry-duplicate": "the same bytes are in the ledger twice",
    "version-gap": "a version of a subject is missing",
    "version-repeat": "two effective entries claim the same version of a subject",
    "version-missing": "an accepted event names no version of a subject",
    "founding": "leaf 0 does not found this log",
    "promise-forged": "a promise is not signed by the service that it names",
    "promise-malformed": "a promise cannot be read",
    "promise-broken": "a recorded fact that was promised is not in the ledger as promised",
    "proof-malformed": "the proof cannot be read",
    "proof-fails": "the file is not the entry that the proof speaks of",
    "case-malformed": "a line of the file is not what the format has there",
    "case-truncated": "the file lacks its last line, or lines that it counts",
    "case-order": "the events do not stand in the order of the ledger",
    "case-foreign": "an event is not of this case, or none opens it",
    "sealed-wrong": "a text is not the one that its event sealed",
    "conflict": "other bytes under a known event id, or a command's event recorded twice: only the lowest index counts",
    "version-order": "a later version of a subject came before an earlier one",
    "promise-overdue": "a promise is pending though its time has passed: the log holds nothing later yet",
    "promise-unchecked": "an event's promise cannot be checked: the file does not prove its service's key",
    "state-ignored": "the --state file does not fit what the log says now",
    "cosignature-absent": "heads without a cosignature",
}
"""Every code there is. The last ones, from `conflict` on, are warnings."""


@dataclass(slots=True)
class Finding:
    """One defect or warning: entries `index` to `until`-1 (either may be None), or the head of size `head`."""

    code: str
    message: str
    index: int | None = None
    until: int | None = None
    head: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The finding without its empty members."""
        members = {"index": self.index, "until": self.until, "head": self.head}
        return {"code": self.code, "message": self.message} | {k: v for k, v in members.items() if v is not None}

    def place(self) -> str:
        """Where it is, for a reader."""
        if self.index is not None and self.until is not None and self.until - self.index != 1:
            return f"entries {self.index} to {self.until - 1}"
        if self.index is not None:
            return f"entry {self.index}"
        return f"head of size {self.head}" if self.head is not None else "log"


@dataclass(slots=True)
class Report:
    """Collects what the steps of an audit find. Later steps may add; nothing is taken back."""

    log: str
    defects: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    defects_total: int = 0
    warnings_total: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    """What was checked: counts, the head, the markers. See README for the members."""
    changed: list[tuple[int, int]] = field(default_factory=list)
    """Entries known to be changed: what their contents say is a consequence and no defect of its own."""

    def defect(
        self, code: str, message: str, *, index: int | None = None, until: int | None = None, head: int | None = None
    ) -> None:
        """Add a defect. Neighbouring entries with the same code become one finding."""
        self.add(Finding(code, message, index, until, head))

    def add(self, found: Finding) -> None:
        """Add a defect that was made elsewhere."""
        if found.index is not None and found.until is None:
            found.until = found.index + 1
        if found.code in ("entry-changed", "entry-missing") and found.index is not None and found.until is not None:
            self.changed.append((found.index, found.until))
        self.defects_total += 1
        if len(self.defects) < KEPT or _is_next(self.defects[-1], found):
            _append(self.defects, found)

    def absorb(self, other: "Report") -> None:
        """Take over what another report found of the same log."""
        for found in other.defects:
            if len(self.defects) < KEPT or _is_next(self.defects[-1], found):
                _append(self.defects, found)
        self.defects_total += other.defects_total
        self.changed += other.changed
        self.warnings += other.warnings[: KEPT - len(self.warnings)]
        self.warnings_total += other.warnings_total

    def warn(self, code: str, message: str, *, index: int | None = None, head: int | None = None) -> None:
        """Add a warning: worth knowing, but no proof of a wrong."""
        self.warnings_total += 1
        if len(self.warnings) < KEPT:
            self.warnings.append(Finding(code, message, index, None, head))

    def settle(self) -> None:
        """Sort by place, and drop what only repeats that an entry was changed: what its other bytes say."""
        spans = sorted(self.changed)
        kept: list[Finding] = []
        for found in sorted(self.defects, key=lambda f: (f.index is None, f.index or 0, f.head or 0)):
            if found.code in _CONTENT and _covered(spans, found.index):
                self.defects_total -= 1
            else:
                _append(kept, found)
        self.defects = kept

    def as_json(self) -> dict[str, Any]:
        """The report that `--json` prints."""
        return {
            "log": self.log,
            "result": "defects" if self.defects_total else "ok",
            **self.facts,
            "defects": [found.as_json() for found in self.defects],
            "defects_total": self.defects_total,
            "warnings": [found.as_json() for found in self.warnings],
            "warnings_total": self.warnings_total,
        }

    def lines(self) -> Iterator[str]:
        """The report for a reader, defects last, where the eye is."""
        for found in self.warnings[:50]:
            yield f"warning {found.code}, {found.place()}: {found.message}"
        if self.warnings_total > 50:
            yield f"… {self.warnings_total} warnings in all"
        for found in self.defects:
            yield f"DEFECT {found.code}, {found.place()}: {found.message}"
        if self.defects_total > len(self.defects):
            yield f"{self.defects_total} defects in all, neighbours shown as one"


_CONTENT = frozenset(code for code in CODES if code.startswith(("entry-not", "entry-source", "entry-dup", "version-")))
_CONTENT |= {"founding"}


def _is_next(last: Finding, found: Finding) -> bool:
    return last.code == found.code and last.until is not None and last.until == found.index


def _append(findings: list[Finding], found: Finding) -> None:
    """Append, or let the last finding reach over its neighbour."""
    if findings and _is_next(findings[-1], found):
        findings[-1].until = found.until
    else:
        findings.append(found)


def _covered(spans: list[tuple[int, int]], index: int | None) -> bool:
    if index is None:
        return False
    at = bisect_right(spans, (index, sys.maxsize)) - 1
    return at >= 0 and spans[at][0] <= index < spans[at][1]
