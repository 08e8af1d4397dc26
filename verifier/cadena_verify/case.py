"""One case's export against the log's key alone, offline: every event in the log, no version missing, texts as sealed.

The file is believed in nothing. Its checkpoint counts because the vkey signed it; an event because a proof leads from
its bytes to that checkpoint; the services' keys because leaf 0, so proved, names them; a text because its event holds
its digest.
"""

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from cadena_verify.entries import NotAnEntry, read_event
from cadena_verify.exported import End, Head, Line, NotALine, Sealed, Shown, digest_of, digests_under, read_lines
from cadena_verify.founding import FOUNDED, Founding, NotFounded, read_founding
from cadena_verify.merkle import leaf_hash, root_from_inclusion
from cadena_verify.notes import (
    Checkpoint,
    NotANote,
    Note,
    VerifierKey,
    check_signed,
    cosigned_at,
    instant,
    parse_checkpoint,
    parse_note,
)
from cadena_verify.promises import NotAPromise, is_signed, parse_promise
from cadena_verify.report import Report
from cadena_verify.ties import Ties

SHOWS = """Shown: each event is in the log as it stands here, none of a subject's versions is missing before its last,
and each text is the one that was sealed.
Not shown: that no later version, and no other subject of the case, was left out (ask for its fate, or audit the whole
log); that what is said is true; anything after the checkpoint."""


class CaseFile:
    """Checks an export line by line; `finish` judges what only the whole can tell."""

    def __init__(self, name: str, key: VerifierKey, cosigner: VerifierKey | None) -> None:
        self.report = Report(name)
        self.report.facts |= {"origin": key.name, "vkey": key.text}
        self._key, self._cosigner = key, cosigner
        self._head: Head | None = None
        self._note: Note | None = None
        self._checkpoint: Checkpoint | None = None
        self._founding: Founding | None = None
        self._events: list[dict[str, Any]] = []
        self._by_id: dict[str, dict[str, Any]] = {}
        self._promised: list[tuple[Shown, dict[str, Any]]] = []
        self._sealed: set[tuple[str, str, str]] = set()
        self._counts = Counter[str]()
        self._last = -1
        self._end: End | None = None
        self._number = 0

    def line(self, line: Line | NotALine) -> None:
        """Take the next line."""
        self._number += 1
        if self._end is not None:
            self._wrong("case-malformed", "a line follows the last one")
        elif isinstance(line, NotALine):
            self._wrong("case-malformed", str(line))
        elif (self._number == 1) is not isinstance(line, Head):
            self._wrong("case-malformed", "it is not the first line of an export, or it is one and stands elsewhere")
        elif isinstance(line, Head):
            self._open(line)
        elif isinstance(line, Shown):
            self._event(line)
        elif isinstance(line, Sealed):
            self._text(line)
        else:
            self._end = line

    def finish(self) -> Report:
        """The whole file was read."""
        self._whole()
        self._cosigned()
        self._chains()
        self._belong()
        for shown, event in self._promised:
            self._promise(shown, event)
        self.report.settle()
        self.report.facts |= {
            "case": self._head.case if self._head else None,
            "installation": self._founding.installation if self._founding else None,
            **({"demo": True} if self._founding and self._founding.demo else {}),
            "size": self._checkpoint.size if self._checkpoint else None,
            "head_time": self._seen_at(),
            "events": self._counts["proved"],
            "promised": self._counts["promised"],
            "texts": self._counts["texts"],
            "erased": self._counts["erased"],
            "lost": self._counts["lost"],
            "withheld": self._counts["withheld"],
        }
        return self.report

    def _wrong(self, code: str, message: str, index: int | None = None) -> None:
        self.report.defect(code, f"line {self._number}: {message}", index=index)

    def _open(self, head: Head) -> None:
        self._head = head
        try:
            self._note = parse_note(head.checkpoint)
            checkpoint = parse_checkpoint(self._note.text)
        except NotANote as error:
            self._wrong("head-malformed", str(error))
            return
        if trouble := check_signed(self._note, self._key):
            self.report.defect("head-signature", f"the file's checkpoint: {trouble}", head=checkpoint.size)
        elif checkpoint.origin != self._key.name or head.origin != self._key.name:
            self.report.defect("head-origin", "the file or its checkpoint speaks for another log", head=checkpoint.size)
        else:
            self._checkpoint = checkpoint

    def _event(self, shown: Shown) -> None:
        try:
            event = read_event(shown.raw)
        except NotAnEntry as error:
            self._wrong(error.code, str(error), shown.index)
            return
        service = str(event["source"]).rpartition(":")[2]
        source = f"urn:cadena:{self._head.installation if self._head else ''}:{service}"
        allowed = service in ("custody", "notify") and event["type"].startswith(f"org.cadena.{service}.")
        if event["source"] != source or not allowed:
            self._wrong("entry-source", f"{event['source'][:80]} may not record {event['type'][:80]} here", shown.index)
            return
        if self._sealed:
            self._wrong("case-malformed", "an event comes after a sealed value", shown.index)
        if shown.index is None:
            self._promised.append((shown, event))
            self._counts["promised"] += 1
        else:
            self._proved(shown, shown.index, event)
        self._events.append(event)
        self._by_id[event["id"]] = event

    def _proved(self, shown: Shown, index: int, event: dict[str, Any]) -> None:
        if index <= self._last or self._promised:
            message = f"index {index} does not follow {self._last}, or follows an event without one"
            self._wrong("case-order", message, index)
        self._last = max(index, self._last)
        if self._checkpoint is None:
            return
        if root_from_inclusion(index, self._checkpoint.size, leaf_hash(shown.raw), shown.path) != self._checkpoint.root:
            self._wrong("proof-fails", "the event is not the entry that its proof speaks of", index)
            return
        self._counts["proved"] += 1
        if index == 0 or event["type"] == FOUNDED:
            self._found(index, event)

    def _found(self, index: int, event: dict[str, Any]) -> None:
        try:
            if index or event["type"] != FOUNDED:
                raise NotFounded("leaf 0 is another event, or the log is founded a second time")
            self._founding = read_founding(event, self._key)
        except NotFounded as error:
            self._wrong("founding", str(error), index)

    def _text(self, sealed: Sealed) -> None:
        event = self._by_id.get(sealed.event)
        held = [] if event is None else list(digests_under(event["data"], sealed.field))
        digest = digest_of(sealed) if not sealed.gone else (held or [""])[0]
        if event is None or digest not in held:
            why = "its event is not in the file" if event is None else "its event holds no such digest"
            self._wrong("sealed-wrong", f"{sealed.field[:80]} of event {sealed.event[:80]}: {why}")
        elif (sealed.event, sealed.field, digest) in self._sealed:
            self._wrong("case-malformed", "the same sealed value stands in the file twice")
        else:
            self._counts[sealed.gone or "texts"] += 1
        self._sealed.add((sealed.event, sealed.field, digest))
        self._counts["sealed"] += 1

    def _whole(self) -> None:
        if self._head is None:
            self.report.defect("case-malformed", "the file has no first line of an export")
        if self._end is None:
            self.report.defect("case-truncated", "the file ends without its last line")
        elif (self._end.events, self._end.sealed) != (len(self._events), self._counts["sealed"]):
            message = f"the last line counts {self._end.events} events and {self._end.sealed} sealed values; here are "
            self.report.defect("case-truncated", f"{message}{len(self._events)} and {self._counts['sealed']}")

    def _chains(self) -> None:
        """Each subject's versions run 1, 2, 3 … as they stand in the file."""
        versions: dict[str, int] = {}
        for event in self._events:
            if event["outcome"] == "refused":
                continue
            subject, sequence = event.get("subject"), event.get("sequence")
            if type(subject) is not str or type(sequence) is not int:
                self.report.defect("version-missing", f"event {event['id']} names no subject with a version")
                continue
            name = f"{event['source']} {subject}"
            if sequence != versions.get(name, 0) + 1:
                code = "version-gap" if sequence > versions.get(name, 0) else "version-repeat"
                message = f"{subject[:80]}: version {sequence} follows {versions.get(name, 0)}"
                self.report.defect(code, message)
            versions[name] = max(sequence, versions.get(name, 0))
        if self._head and not any(name.endswith(f":custody case/{self._head.case}") for name in versions):
            self.report.defect("case-foreign", "no event of the file opens its case")

    def _belong(self) -> None:
        """Every event is the case's, or is tied to it by another one."""
        if self._head is None:
            return
        ties = Ties(self._head.case)
        events = [event for event in self._events if event["type"] != FOUNDED]
        ties.learn(events)
        for event in events:
            if not ties.ties(event):
                self.report.defect("case-foreign", f"event {event['id']} ({event['type'][:80]}) is not of this case")
        seen = Counter((event["source"], event["id"]) for event in self._events)
        for (_, which), count in seen.items():
            if count > 1:
                self.report.defect("entry-duplicate", f"event {which} stands in the file {count} times")

    def _promise(self, shown: Shown, event: dict[str, Any]) -> None:
        try:
            promise = parse_promise(shown.promise, event["id"])
        except NotAPromise as error:
            self.report.defect("promise-malformed", f"event {event['id']}: {error}")
            return
        said = (promise.source, promise.event, promise.sha256, promise.time)
        if said != (event["source"], event["id"], sha256(shown.raw).hexdigest(), event["time"]):
            self.report.defect("promise-forged", f"event {event['id']}: its promise is of another event or other bytes")
            return
        key = self._founding.promise_keys.get(promise.source) if self._founding else None
        if key is None:
            self.report.warn("promise-unchecked", f"event {event['id']}: the file proves no key of {promise.source}")
        elif not is_signed(promise, key):
            self.report.defect("promise-forged", f"event {event['id']}: its promise is not signed by its service")
        elif (self._seen_at() or "") > promise.sealed_by:
            self.report.warn("promise-overdue", f"event {event['id']} was to be sealed by {promise.sealed_by}")

    def _seen_at(self) -> str | None:
        """When the cosigner saw the checkpoint; None if that cannot be told."""
        if self._cosigner is None or self._note is None or self._checkpoint is None:
            return None
        times = [cosigned_at(self._note.text, line, self._cosigner) for line in self._note.signatures]
        return instant(next((time for time in times if time is not None), None))

    def _cosigned(self) -> None:
        """The checkpoint carries the cosigner's signature: leaf 0's, and the one that the reader demands."""
        founded = self._founding.cosigner if self._founding else None
        if self._cosigner and founded and self._cosigner.text != founded.text:
            self.report.defect("founding", "leaf 0 names another cosigner than the one that is demanded", index=0)
        self._cosigner = self._cosigner or founded
        if self._cosigner and self._checkpoint and self._seen_at() is None:
            message = f"the checkpoint carries no good cosignature of {self._cosigner.name}"
            self.report.defect("head-cosignature", message, head=self._checkpoint.size)


def check_case(lines: Iterable[bytes], name: str, key: VerifierKey, cosigner: VerifierKey | None = None) -> Report:
    """Check an export; every wrong is a defect in the report."""
    file = CaseFile(name, key, cosigner)
    for line in read_lines(lines):
        file.line(line)
    return file.finish()
