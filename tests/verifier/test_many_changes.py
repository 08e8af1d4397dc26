"""More than one change between two signed heads: each is still told apart from the other."""

import json

from tests.verifier.conftest import Auditor, found
from tests.verifier.forge import Forged, canonical, entries, frame, leaf, mth


def forged(log: Forged, index: int) -> bytes:
    made = json.loads(log.entries[index])
    return canonical(made | {"data": made["data"] | {"label": "forged"}})


def put(log: Forged, index: int, tile_too: bool = False) -> None:
    """Replace an entry of a full bundle, and its leaf hash too if asked."""
    first = index // 256 * 256
    some = [forged(log, n) if n == index else log.entries[n] for n in range(first, first + 256)]
    log.files[f"tile/entries/{index // 256:03d}"] = frame(some)
    if tile_too:
        log.files[f"tile/0/{index // 256:03d}"] = b"".join(map(leaf, some))


def test_a_change_in_each_of_many_bundles_under_one_head(auditor: Auditor) -> None:
    log = Forged(entries(256 * 9), [256 * 9])
    places = range(7, 256 * 9, 256)
    for index in places:
        put(log, index)
    assert found(auditor.audit(log)) == {("entry-changed", index, index + 1, None) for index in places}


def test_a_change_before_a_head_and_a_change_of_two_copies_after_it_are_each_told_once(auditor: Auditor) -> None:
    log = Forged(entries(600), [300, 600])
    put(log, 100)
    put(log, 400, tile_too=True)
    report = auditor.audit(log)
    assert [(f.code, f.index, f.until) for f in report.defects] == [
        ("entry-changed", 100, 101),
        ("entry-changed", 300, 512),
    ]
    assert report.defects_total == 2


def test_many_entries_of_one_bundle(auditor: Auditor) -> None:
    log = Forged(entries(600), [600])
    some = [forged(log, n) if n % 2 else log.entries[n] for n in range(256)]
    log.files["tile/entries/000"] = frame(some)
    assert found(auditor.audit(log)) == {("entry-changed", n, n + 1, None) for n in range(1, 256, 2)}


def test_two_copies_changed_in_two_bundles_under_one_head(auditor: Auditor) -> None:
    log = Forged(entries(800), [200, 800])
    put(log, 250, tile_too=True)
    put(log, 500, tile_too=True)
    assert found(auditor.audit(log)) == {("entry-changed", 200, 512, None)}


def test_more_changes_than_the_report_keeps_are_still_counted(auditor: Auditor) -> None:
    log = Forged(entries(256 * 9), [256 * 9])
    for number in range(9):
        some = [forged(log, n) if n % 2 else log.entries[n] for n in range(256 * number, 256 * number + 256)]
        log.files[f"tile/entries/{number:03d}"] = frame(some)
    report = auditor.audit(log)
    assert (len(report.defects), report.defects_total) == (1000, 9 * 128)


def test_a_tile_above_that_sides_with_the_forger_is_outvoted_by_the_signed_head(auditor: Auditor) -> None:
    log = Forged(entries(600), [300, 600])
    put(log, 100)
    put(log, 400, tile_too=True)
    upper = log.files["tile/1/000.p/2"]
    some = [leaf(forged(log, n) if n == 100 else log.entries[n]) for n in range(256)]
    log.files["tile/1/000.p/2"] = mth(some) + upper[32:]
    report = auditor.audit(log)
    assert sorted((f.code, f.index, f.until) for f in report.defects) == [
        ("entry-changed", 100, 101),
        ("entry-changed", 300, 512),
        ("tile-changed", 0, 256),
    ]
    assert report.defects_total == 3
