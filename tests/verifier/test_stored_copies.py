"""G7: whatever stored copy of the ledger is changed, the verifier finds it and names the place."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.verifier.conftest import Auditor, found
from tests.verifier.forge import Forged, canonical, event, frame, leaf
from tests.verifier.tampering import (
    HEADS,
    SIZE,
    Place,
    bundle_hash,
    bundle_of,
    changed,
    other,
    put_entry,
    put_hash,
    sound,
    tile_of,
)


@dataclass(frozen=True)
class Change:
    """One way to tamper, and exactly what must be found."""

    name: str
    do: Callable[[Forged], None]
    finds: set[Place]


def entry(index: int) -> Change:
    return Change(f"entry {index}", lambda log: put_entry(log, index, other(index)), {changed(index)})


def flip_entry_byte(log: Forged) -> None:
    put_entry(log, 100, log.entries[100].replace(b"{", b"[", 1))


def tile(index: int, level: int = 0) -> Change:
    span = 256**level
    first = index // span * span
    return Change(
        f"tile of level {level} at {index}",
        lambda log: put_hash(log, index, bytes(32), level),
        {("tile-changed", first, first + span, None)},
    )


def together(*indexes: int, levels: tuple[int, ...]) -> Callable[[Forged], None]:
    def do(log: Forged) -> None:
        for index in indexes:
            put_entry(log, index, other(index))
            if 0 in levels:
                put_hash(log, index, leaf(other(index)))
            if 1 in levels:
                put_hash(log, index, bundle_hash(log, index), 1)

    return do


def entry_and_other_tile_hash(log: Forged) -> None:
    put_entry(log, 100, other(100))
    put_hash(log, 120, bytes(32))


def swap_entries(log: Forged) -> None:
    some = log.entries[:256]
    some[20], some[30] = some[30], some[20]
    log.files[bundle_of(0)[0]] = frame(some)


def insert_entry(log: Forged) -> None:
    log.files[bundle_of(0)[0]] = frame([*log.entries[:20], canonical(event(9999)), *log.entries[20:256]])


def remove_entry(log: Forged) -> None:
    log.files[bundle_of(0)[0]] = frame([*log.entries[:20], *log.entries[21:256]])


def swap_bundles(log: Forged) -> None:
    one, two = bundle_of(0)[0], bundle_of(256)[0]
    log.files[one], log.files[two] = log.files[two], log.files[one]


def drop(*names: str) -> Callable[[Forged], None]:
    def do(log: Forged) -> None:
        for name in names:
            del log.files[name]

    return do


def cut(name: str, count: int) -> Callable[[Forged], None]:
    def do(log: Forged) -> None:
        log.files[name] = log.files[name][:count]

    return do


def append(name: str) -> Callable[[Forged], None]:
    def do(log: Forged) -> None:
        log.files[name] += b"\0"

    return do


BUNDLES = [bundle_of(0)[0], bundle_of(256)[0], bundle_of(512)[0]]
TILES = [tile_of(0)[0], tile_of(256)[0], tile_of(512)[0]]
UPPER = tile_of(0, 1)[0]

COPIES = [
    *(entry(index) for index in (1, 99, 255, 256, 511, 512, 650, 699)),
    Change("a byte of an entry", flip_entry_byte, {changed(100)}),
    *(tile(index) for index in (0, 100, 255, 256, 511, 699)),
    tile(0, level=1),
    tile(300, level=1),
    Change("two entries of two bundles", together(100, 300, levels=()), {changed(100), changed(300)}),
    Change("an entry and its tile", together(100, levels=(0,)), {changed(10, 200)}),
    Change("an entry and its tile, after the bundle's last head", together(405, levels=(0,)), {changed(301, 511)}),
    Change(
        "an entry, its tile and the tile above",
        together(100, levels=(0, 1)),
        {("history-rewritten", 10, 200, 200)},
    ),
    Change(
        "an entry and its tile in the last bundle", together(650, levels=(0,)), {("history-rewritten", 600, 700, 700)}
    ),
    Change(
        "an entry and the tile above its own",
        together(100, levels=(1,)),
        {changed(100), ("tile-changed", 0, 256, None)},
    ),
    Change(
        "an entry, and another's hash",
        entry_and_other_tile_hash,
        {changed(100), ("tile-changed", 120, 121, None)},
    ),
    Change("two entries swapped", swap_entries, {changed(20), changed(30)}),
    Change("an entry inserted", insert_entry, {changed(20, 256), ("bundle-truncated", 255, 256, None)}),
    Change("an entry removed", remove_entry, {changed(20, 255), ("bundle-truncated", 255, 256, None)}),
    Change("a bundle removed", drop(BUNDLES[1]), {("entry-missing", 256, 512, None)}),
    Change("a tile removed", drop(TILES[1]), {("tile-missing", 256, 512, None)}),
    Change("the upper tile removed", drop(UPPER), {("tile-missing", 0, 512, None)}),
    Change("the last bundle removed", drop(BUNDLES[2]), {("entry-missing", 512, 700, None)}),
    Change(
        "a bundle and its tile removed",
        drop(BUNDLES[1], TILES[1]),
        {("tile-missing", 256, 512, None), ("entry-missing", 256, 512, None)}
        | {("entry-missing", None, None, head) for head in (300, 301, 511)},
    ),
    Change(
        "the last bundle and its tile removed",
        drop(BUNDLES[2], TILES[2]),
        {("tile-missing", 512, 700, None), ("entry-missing", 512, 700, None), ("history-rewritten", 512, 700, None)},
    ),
    Change("a bundle cut inside its entry 1", cut(BUNDLES[1], 700), {("bundle-truncated", 257, 512, None)}),
    Change("a bundle emptied", cut(BUNDLES[1], 0), {("bundle-truncated", 256, 512, None)}),
    Change("a byte after a bundle", append(BUNDLES[0]), {("bundle-truncated", 255, 256, None)}),
    Change("a byte after the last bundle", append(BUNDLES[2]), {("bundle-truncated", 699, 700, None)}),
    Change("a tile cut", cut(TILES[1], 8191), {("tile-truncated", 256, 512, None)}),
    Change("a byte after a tile", append(TILES[0]), {("tile-truncated", 0, 256, None)}),
]


def test_a_sound_log_has_no_defect(auditor: Auditor) -> None:
    report = auditor.audit(sound())
    assert found(report) == set()
    assert report.facts["rebuilt"] == SIZE
    assert (report.facts["heads"], report.facts["heads_cosigned"], report.facts["tiles"]) == (len(HEADS), len(HEADS), 4)


@pytest.mark.parametrize("change", COPIES, ids=lambda change: change.name)
def test_g7_a_changed_copy_is_found_and_named(auditor: Auditor, change: Change) -> None:
    log = sound()
    change.do(log)
    assert found(auditor.audit(log)) == change.finds


def test_g7_two_bundles_swapped_are_named_from_the_first_entry_to_the_last(auditor: Auditor) -> None:
    log = sound()
    swap_bundles(log)
    assert changed(0, 512) in found(auditor.audit(log))


def test_a_moved_entry_is_said_to_be_moved(auditor: Auditor) -> None:
    log = sound()
    swap_entries(log)
    messages = {f.index: f.message for f in auditor.audit(log).defects}
    assert "those of entry 30" in messages[20]
    assert "those of entry 20" in messages[30]
