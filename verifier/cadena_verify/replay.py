"""Replays the entries as events: canonical form, sources, one effective leaf for each event, versions without a gap."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from cadena_verify.canonical import NotCanonical, parse
from cadena_verify.founding import FOUNDED, Founding, NotFounded, read_founding
from cadena_verify.notes import VerifierKey
from cadena_verify.places import Places
from cadena_verify.promises import Promises
from cadena_verify.report import KEPT, Report

FOREIGN = "org.cadena.audit.foreign.v1"
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch
_INSTANT = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d\.\d{6}Z").fullmatch


class Replay:
    """Feed it every entry in order with `entry`, then call `finish`. Defects go to the report."""

    def __init__(
        self, key: VerifierKey, promises: Promises | None, earlier: Callable[[int], bytes | None], report: Report
    ) -> None:
        self.founding: Founding | None = None
        self.sources: Counter[str] = Counter()
        self.refusals = self.foreign = 0
        self.markers: list[dict[str, Any]] = []
        """The first marker leaves: where a message came in that was no event of its topic's source."""
        self._key, self._promises, self._earlier, self._report = key, promises, earlier, report
        self._ids, self._acts = Places(), Places()
        self._versions: dict[str, int] = {}
        self._early: dict[str, dict[int, int]] = {}
        """Subject → version → index, of versions whose predecessors have not come."""
        self._allowed: dict[str, str] = {}

    @property
    def subjects(self) -> int:
        """How many subjects have versions in this log."""
        return len(self._versions)

    def entry(self, index: int, raw: bytes) -> None:
        """Replay one entry. Nothing in it can stop the audit: what is wrong becomes a defect with its index."""
        try:
            event = parse(raw)
        except NotCanonical as error:
            self._report.defect("entry-not-canonical", str(error), index=index)
            return
        if trouble := _not_an_event(event):
            self._report.defect("entry-not-event", trouble, index=index)
            return
        if event["type"] == FOUNDED or not self._allowed:
            self._found(index, event)
        source: str = event["source"]
        self.sources[source] += 1
        service = self._allowed.get(source)
        if service is None or not event["type"].startswith(f"org.cadena.{service}."):
            self._report.defect("entry-source", f"{source[:80]} may not record {event['type'][:80]}", index=index)
            return
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
        if not self._allowed:
            self._report.defect("founding", "no entry is an event: nothing founds this log", index=0)

    def _found(self, index: int, event: dict[str, Any]) -> None:
        try:
            if index:
                raise NotFounded("leaf 0 cannot be read, or the log is founded a second time")
            self.founding = read_founding(event, self._key)
        except NotFounded as error:
            self._report.defect("founding", str(error), index=index)
        if self._allowed:
            return
        installation = event["source"].rpartition(":")[0]
        self._allowed = {f"{installation}:{service}": service for service in ("custody", "notify", "audit")}

    def _has_effect(self, index: int, raw: bytes, event: dict[str, Any], source: str) -> bool:
        """Whether no lower leaf has this event's (source, id), or its (source, command, ordinal)."""
        name = f"{source} {event['id']}"
        twins = self._ids.claim(name, index)
        if twins:
            for place in twins:
                held = self._reread(place)
                if held is not None and f"{held.get('source')} {held.get('id')}" == name:
                    self._twin(index, raw, place)
                    return False
            self._ids.add(name, index)
        act = f"{source} {event['command']} {event['ordinal']}"
        twins = self._acts.claim(act, index)
        if twins:
            for place in twins:
                held = self._reread(place)
                if held is not None and f"{held.get('source')} {held.get('command')} {held.get('ordinal')}" == act:
                    self._report.warn("conflict", f"the same act of the same command is entry {place}", index=index)
                    return False
            self._acts.add(act, index)
        return True

    def _reread(self, place: int) -> dict[str, Any] | None:
        raw = self._earlier(place)
        try:
            return None if raw is None else parse(raw)
        except NotCanonical:
            return None

    def _twin(self, index: int, raw: bytes, place: int) -> None:
        if self._earlier(place) == raw:
            self._report.defect("entry-duplicate", f"it is the same as entry {place}", index=index)
        else:
            self._report.warn("conflict", f"other bytes under the id of entry {place}, which alone counts", index=index)

    def _count(self, index: int, event: dict[str, Any], source: str) -> None:
        if event["type"] == FOREIGN:
            self.foreign += 1
            if len(self.markers) < KEPT:
                data = event["data"]
                self.markers.append({"index": index} | {name: data.get(name) for name in ("topic", "offset", "sha256")})
            return
        if event["outcome"] == "refused":
            self.refusals += 1
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


def _not_an_event(event: dict[str, Any]) -> str | None:
    """Which member an event of ours would have, and this object has not; None if it is one."""
    get = event.get
    if type(get("source")) is str and type(get("type")) is str and type(get("command")) is str:
        if type(get("id")) is not str or not _UUID(event["id"]):
            return "its id is not a canonical UUID"
        if type(get("time")) is not str or not _INSTANT(event["time"]):
            return "its time is not an instant in microseconds UTC"
        if get("specversion") != "1.0":
            return "it is not a CloudEvent of version 1.0"
        if get("outcome") not in ("accepted", "refused"):
            return "its outcome is neither accepted nor refused"
        if type(get("ordinal")) is not int or type(get("data")) is not dict:
            return "its ordinal is not an integer, or its data no object"
        return None
    return "its source, type or command is not a text"


def _spans(held: int, early: list[int]) -> str:
    """The versions missing between those held and those that came early: `2`, `2 to 4`, …"""
    parts, last = [], held
    for version in early:
        if version > last + 1:
            parts.append(str(last + 1) if version == last + 2 else f"{last + 1} to {version - 1}")
        last = version
    return ", ".join(parts)
