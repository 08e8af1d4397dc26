"""Whether what the verifier said is all of what was done to a ledger, and nothing but that."""

from collections.abc import Iterator
from itertools import pairwise

from cadena_verify.report import Finding, Report

from shared.tiles import WIDTH
from tests.tamper.truth import Changed, Sound

ANY_COPY = {"history-rewritten", "copies-disagree"}
OF_HEADS = {
    "head-malformed", "head-signature", "head-origin", "head-cosignature", "head-order", "head-missing", "head-forked",
    "tail-cut",
}  # fmt: skip
OF_TILES = {"tile-changed", "tile-missing", "tile-truncated"}
OF_BUNDLES = {"entry-missing", "bundle-truncated"}


def complaints(report: Report, changed: Changed, sound: Sound) -> list[str]:
    """One sentence for each defect that is none, or is elsewhere, and for each place that was changed and not named."""
    wrong = [
        f"{found.code} at {found.place()} is not so" for found in report.defects if not _true(found, changed, sound)
    ]
    return [*wrong, *_unnamed(report, changed)]


def _true(found: Finding, changed: Changed, sound: Sound) -> bool:
    if found.code in OF_HEADS:
        if found.head is None:
            return changed.published or bool(changed.heads)
        return found.head in changed.heads or found.head // WIDTH in changed.lost
    if found.index is None or found.until is None:
        return found.head is not None and found.head // WIDTH in changed.lost
    span = set(range(found.index, found.until))
    if found.code in ANY_COPY:
        return bool(span & changed.leaves()) and (_smallest(found, sound) or _all_lost(found, changed))
    if found.code in OF_TILES:
        return span <= changed.leaves()
    if found.code in OF_BUNDLES:
        return {index // WIDTH for index in span} <= changed.lost
    if found.code == "entry-duplicate":
        return span <= changed.entries | changed.twins
    return span <= changed.entries or (bool(span & changed.entries) and _smallest(found, sound))


def _smallest(found: Finding, sound: Sound) -> bool:
    """Whether no signed head, and no end of a bundle that a tile above tells of, parts the interval."""
    return any(
        low <= (found.index or 0) and (found.until or 0) <= high
        for low, high in pairwise(sorted({0, *sound.heads}))
    )  # fmt: skip


def _all_lost(found: Finding, changed: Changed) -> bool:
    """Whether neither entries nor leaf hashes are left of the bundle from which on no root can be rebuilt."""
    return (found.index or 0) // WIDTH in changed.lost


def _unnamed(report: Report, changed: Changed) -> Iterator[str]:
    spans = [
        (found.index, found.until) for found in report.defects if found.index is not None and found.until is not None
    ]
    blind = min((found.until or 0 for found in report.defects if found.code in ANY_COPY), default=None)
    left = {index for index in changed.entries if not any(low <= index < high for low, high in spans)}
    for level, numbers in changed.hashes.items():
        for number in numbers:
            low, high = number << 8 * level, (number + 1) << 8 * level
            if not any(first < high and low < end for first, end in spans):
                left.add(low)
    for index in sorted(left):
        # Once a signed head could not be rebuilt there is nothing left that what follows could be held against.
        if blind is None or index < blind:
            yield f"what was changed at {index} is not named"
    named = {found.head for found in report.defects if found.code in OF_HEADS}
    for sizes in changed.rows:
        if not sizes & named:
            yield f"the head of size {min(sizes)} was changed and is not named"
    if changed.published and not changed.rows and not named:
        yield "the published head was changed and is not named"
