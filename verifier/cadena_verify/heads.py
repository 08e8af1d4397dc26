"""Every head that the log ever signed: fetched, each signature checked, put in order. Roots are proved by `rebuild`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from cadena_verify.notes import (
    NotANote,
    Signature,
    VerifierKey,
    check_signed,
    cosigned_at,
    parse_checkpoint,
    parse_note,
)
from cadena_verify.report import Report
from cadena_verify.source import Source, Unreadable


@dataclass(frozen=True, slots=True)
class Head:
    """A head whose signature by the log's key was checked; `others` are its other signature lines, not checked."""

    size: int
    root: bytes
    text: str
    signature: bytes
    others: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Heads:
    """All verified heads by rising size, one per size; the published one; and the last, up to which is audited."""

    history: list[Head]
    published: Head | None

    @property
    def final(self) -> Head:
        """The head to audit up to."""
        return self.history[-1]


def load_heads(source: Source, key: VerifierKey, report: Report, last: Head | None = None) -> Heads | None:
    """Fetch the head and the history; None, with a defect, if not one head is signed by the key.

    With `last`, a head of an earlier reading, the history begins there.

    The history is read after the head, so it may hold later ones; then the head is read again, and one that still
    lags behind what the log signed is a defect.
    """
    published = _published(source, key, report)
    after = -1 if last is None else last.size
    listed = chain([(last, True)] if last else [], _history(source, key, report, after))
    by_size = _by_size(listed, report)
    highest = max(by_size, default=0)
    if published is not None:
        held = by_size.setdefault(published.size, published)
        if held is published:
            report.defect("head-missing", "the published head is not in the list of heads", head=published.size)
        elif held.root != published.root:
            message = "the published head and the list of heads name two roots for one size"
            report.defect("head-forked", message, head=published.size)
        again = _published(source, key, report) if published.size < highest else None
        if again is not None and again.size < highest:
            message = f"the published head has {again.size} entries, but the log signed one of {highest}"
            report.defect("tail-cut", message, index=again.size, until=highest, head=highest)
    if not by_size:
        return None
    return Heads([by_size[size] for size in sorted(by_size)], published)


def check_cosignatures(heads: list[Head], cosigner: VerifierKey, demanded: bool, report: Report) -> dict[int, int]:
    """Check each head's cosignature; return size → POSIX seconds of the good ones.

    One that is there must be good; one that is absent is a defect only if the reader demanded a cosigner.
    """
    times: dict[int, int] = {}
    absent = 0
    for head in heads:
        if not head.others and not demanded:
            absent += 1
            continue
        seconds = [cosigned_at(head.text, line, cosigner) for line in head.others if line.name == cosigner.name]
        good = [second for second in seconds if second is not None]
        if good and len(good) == len(seconds):
            times[head.size] = good[0]
        else:
            why = "is not by its key" if seconds else "is missing"
            report.defect("head-cosignature", f"the cosignature of {cosigner.name} {why}", head=head.size)
    if absent:
        report.warn("cosignature-absent", f"{absent} of {len(heads)} heads carry no cosignature")
    return times


def _published(source: Source, key: VerifierKey, report: Report) -> Head | None:
    return _verified(published_note(source), key, report, "the published head", None)


def published_note(source: Source) -> bytes:
    """The published head's bytes, unchecked; Unreadable if there is none."""
    raw = source.get("checkpoint")
    if raw is None:
        raise Unreadable(f"{source.name} has no checkpoint: it is not a log, or its installation is not founded yet.")
    return raw


def _verified(raw: bytes, key: VerifierKey, report: Report, what: str, size: int | None) -> Head | None:
    """The head in these bytes, or None with a defect that names which rule it breaks."""
    try:
        note = parse_note(raw)
        checkpoint = parse_checkpoint(note.text)
    except NotANote as error:
        report.defect("head-malformed", f"{what}: {error}", head=size)
        return None
    if trouble := check_signed(note, key):
        report.defect("head-signature", f"{what}: {trouble}", head=checkpoint.size)
        return None
    if checkpoint.origin != key.name:
        report.defect("head-origin", f"{what} speaks for {checkpoint.origin}, not for {key.name}", head=checkpoint.size)
        return None
    mine = [line for line in note.signatures if line.name == key.name and line.key_id == key.key_id]
    others = tuple(line for line in note.signatures if line not in mine)
    return Head(checkpoint.size, checkpoint.root, note.text, mine[0].blob, others)


def _history(source: Source, key: VerifierKey, report: Report, after: int) -> Iterator[tuple[Head, bool]]:
    """Each head of the list, and whether it is listed under its own size."""
    for item in listed_heads(source, after):
        size, text, cosignature = item.get("size"), item.get("note"), item.get("cosignature", False)
        if type(size) is not int or not isinstance(text, str) or not isinstance(cosignature, str | None):
            report.defect("head-malformed", f"an item of the list of heads is not one: {str(item)[:80]}")
            continue
        # The list keeps the cosignature beside the note: together they are the note as it was published.
        raw = (text + (cosignature or "")).encode("utf-8", "replace")
        head = _verified(raw, key, report, "in the list of heads", size)
        if head and head.size != size:
            report.defect("head-malformed", f"listed as {size}, but it says {head.size}", head=head.size)
        if head and head.size > after:
            yield head, head.size == size


def listed_heads(source: Source, after: int) -> Iterator[dict[str, Any]]:
    """Each item of the list of heads after this size (-1: all), page by page, unchecked.

    Unreadable if the list is not what the interface promises.
    """
    while True:
        path = "v1/checkpoints" if after < 0 else f"v1/checkpoints?after={after}"
        raw = source.get(path)
        if raw is None:
            raise Unreadable(f"{source.name} has no list of heads (/v1/checkpoints): its history cannot be checked.")
        try:
            page = json.loads(raw)
            items, following = page["checkpoints"], page["next"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Unreadable(f"{source.name}: the list of heads cannot be read ({error}).") from error
        if not isinstance(items, list):
            raise Unreadable(f"{source.name}: the list of heads is not a list.")
        yield from (item if isinstance(item, dict) else {"item": item} for item in items)
        if following is None:
            return
        if type(following) is not int or following <= after:
            raise Unreadable(f"{source.name}: the list of heads does not go on after {after}.")
        after = following


def _by_size(found: Iterator[tuple[Head, bool]], report: Report) -> dict[int, Head]:
    """One head for each size; a second root for a size is a fork, sizes that do not rise are a defect.

    A head in another's place is named for that: it does not put those out of order that are in their own.
    """
    by_size: dict[int, Head] = {}
    highest = -1
    for head, in_place in found:
        held = by_size.setdefault(head.size, head)
        if held.root != head.root:
            report.defect("head-forked", "the log signed two roots for one size", head=head.size)
        elif head.size <= highest:
            report.defect("head-order", f"listed after a head of size {highest}", head=head.size)
        highest = max(highest, head.size) if in_place else highest
    return by_size
