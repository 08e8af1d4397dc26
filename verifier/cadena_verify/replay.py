"""Replays entries as events, by their full text: one effective leaf for each event, versions without a gap.

An audit sends here only what fingerprints could not clear (see `known`): what is told of it is exact.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from cadena_verify.counting import FOREIGN, Tally
from cadena_verify.entries import read_event
from cadena_verify.places import Places
from cadena_verify.promises import Promises
from cadena_verify.report import Report
from cadena_verify.source import Changed

_HALF = 16


class Replay:
    """Feed it entries that are events, in order, with `entry`; then call `finish`. Defects go to the report."""

    def __init__(self, promises: Promises | None, earlier: Callable[[int], bytes | None], report: Report) -> None:
        self.tally = Tally()
        self._promises, self._earlier, self._report = promises, earlier, report
        self._indexes, self._digests = array("Q"), bytearray()
        """The first half of each entry's SHA-256, at its place among the indexes: read again it must be the same."""
        self._ids, self._acts = Places(), Places()
        self._versions: dict[str, int] = {}
        self._early: dict[str, dict[int, int]] = {}
        """Subject → version → index, of versions whose predecessors have not come."""

    @property
    def subjects(self) -> int:
        """How many subjects have versions in what was replayed."""
        return len(self._versions)

    def entry(self, index: int, raw: bytes) -> None:
        """Replay one entry: what is wrong with it becomes a defect with its index."""
        self._indexes.append(index)
        self._digests += sha256(raw).digest()[:_HALF]
        event = read_event(raw)
        source: str = event["source"]
        if self._has_effect(index, raw, event, source):
            if self._promises:
                self._promises.recorded(source, event["id"], event["time"], index, raw)
            self._count(index, event, source)

    def finish(self) -> None:
        """Name the versions that never came, each at the entry that shows it."""
        for name, early in self._early.items():
            missing = _spans(self._versions.get(name, 0), sorted(early))
            message = f"{name.partition(' ')[2]} lacks version {missing}"
            self._report.defect("version-gap", message, index=early[min(early)])

    def _has_effect(self, index: int, raw: bytes, event: dict[str, Any], source: str) -> bool:
        """Whether no lower leaf has this event's (source, id), or its (source, command, ordinal)."""
        name = f"{source} {event['id']}"
        twins = self._ids.claim(name, index)
        if twins:
            for place in twins:
                held = self._reread(place)
                if f"{held.get('source')} {held.get('id')}" == name:
                    self._twin(index, raw, place)
                    return False
            self._ids.add(name, index)
        act = f"{source} {event['command']} {event['ordinal']}"
        twins = self._acts.claim(act, index)
        if twins:
            for place in twins:
                held = self._reread(place)
                if f"{held.get('source')} {held.get('command')} {held.get('ordinal')}" == act:
                    self._report.warn("conflict", f"the same act of the same command is entry {place}", index=index)
                    if self._promises and _plain(held) == _plain(event):
                        self._promises.recorded(source, event["id"], event["time"], index, raw)
                    return False
            self._acts.add(act, index)
        return True

    def _reread(self, place: int) -> dict[str, Any]:
        return read_event(self._again(place))

    def _again(self, place: int) -> bytes:
        raw = self._earlier(place)
        at = _HALF * bisect_left(self._indexes, place)
        if raw is None or sha256(raw).digest()[:_HALF] != self._digests[at : at + _HALF]:
            raise Changed(f"Entry {place} was another one when it was read again: the log answers as it likes.")
        return raw

    def _twin(self, index: int, raw: bytes, place: int) -> None:
        if self._again(place) == raw:
            self._report.defect("entry-duplicate", f"it is the same as entry {place}", index=index)
        else:
            self._report.warn("conflict", f"other bytes under the id of entry {place}, which alone counts", index=index)

    def _count(self, index: int, event: dict[str, Any], source: str) -> None:
        if event["type"] == FOREIGN:
            self.tally.mark(index, event["data"])
            return
        if event["outcome"] == "refused":
            self.tally.refusals += 1
            return
        subject, sequence = event.get("subject"), event.get("sequence")
        if type(subject) is not str or type(sequence) is not int or sequence < 1:
            self._report.defect("version-missing", "an accepted event names no subject with a version", index=index)
            return
        self._version(index, f"{source} {subject}", sequence)

    def _version(self, index: int, name: str, sequence: int) -> None:
        held = self._versions.get(name, 0)
        if sequence == held + 1:
            self._versions[name] = sequence
            if self._early and name in self._early:
                self._catch_up(name)
            return
        early = self._early.setdefault(name, {})
        if sequence <= held or sequence in early:
            message = f"{name.partition(' ')[2]} has its version {sequence} twice"
            self._report.defect("version-repeat", message, index=index)
        else:
            early[sequence] = index
            message = f"{name.partition(' ')[2]}: version {sequence} follows {held}"
            self._report.warn("version-order", message, index=index)
        if not early:
            del self._early[name]

    def _catch_up(self, name: str) -> None:
        early = self._early[name]
        while self._versions[name] + 1 in early:
            self._versions[name] += 1
            del early[self._versions[name]]
        if not early:
            del self._early[name]


def _spans(held: int, early: list[int]) -> str:
    """The versions missing between those held and those that came early: `2`, `2 to 4`, …"""
    parts, last = [], held
    for version in early:
        if version > last + 1:
            parts.append(str(last + 1) if version == last + 2 else f"{last + 1} to {version - 1}")
        last = version
    return ", ".join(parts)


def _plain(event: dict[str, Any]) -> tuple[object, ...]:
    """What an act says, beside its id and time: digests of texts differ by their salts.

    A service that was set back may be told the same act again before it knows of the first time. The first leaf counts,
    and the promise of the second one is kept by the second.
    """
    data = {name: value for name, value in event["data"].items() if not str(value).startswith("sha256:")}
    return event["type"], event.get("subject"), event.get("sequence"), event["outcome"], data
