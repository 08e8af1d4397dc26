"""G7, on a live ledger: tiles changed, and whole rows removed, swapped or put in."""

import pytest

from shared.merkle import leaf_hash
from tests.tamper.defect import Defect, defects, named, statement, told
from tests.tamper.ledger import HEADS, Ledger, Place, changed, hashed
from tests.tamper.owner import Owner

SIZE = HEADS[-1]


async def a_leaf_hash(owner: Owner) -> None:
    await owner.put_hash(100, bytes(32))


async def bundles_swapped(owner: Owner) -> None:
    await owner.execute("UPDATE bundle SET n = -1 - n WHERE n < 2")
    await owner.execute("UPDATE bundle SET n = 2 + n WHERE n < 0")


async def tiles_swapped(owner: Owner) -> None:
    await owner.execute("UPDATE tile SET n = -1 - n WHERE n < 2")
    await owner.execute("UPDATE tile SET n = 2 + n WHERE n < 0")


async def an_upper_tile_before_its_time(owner: Owner) -> None:
    roots = [await owner.root_of_bundle(n) for n in (0, 1, 2)]
    roots[1] = bytes(32)
    await owner.execute("INSERT INTO tile VALUES (1, 0, $1)", b"".join(roots) + bytes(32 * 253))


async def a_tile_before_its_time(owner: Owner) -> None:
    hashes = [leaf_hash(await owner.entry(index)) for index in range(768, SIZE)]
    hashes[850 - 768] = bytes(32)
    await owner.execute("INSERT INTO tile VALUES (0, 3, $1)", b"".join(hashes) + bytes(32 * (1024 - SIZE)))


def gone(first: int, end: int) -> set[Place]:
    """Neither entries nor their tile are served, nor what is cut from that: from here on no root can be rebuilt."""
    return {
        ("entry-missing", first, end, None), ("tile-missing", first, end, None),
        ("history-rewritten", first, SIZE, None),
    }  # fmt: skip


DEFECTS = defects(
    # A partial tile of the level above is cut from this one when it is served, so it differs as well.
    ("a leaf hash", a_leaf_hash, {hashed(100), hashed(0, 256)}),
    ("an upper tile before its time", an_upper_tile_before_its_time, hashed(256, 512)),
    ("a tile before its time", a_tile_before_its_time, hashed(850)),
    ("tiles swapped", tiles_swapped, hashed(0, 512)),
    ("bundles swapped", bundles_swapped, changed(0, 512)),
    ("a bundle removed", statement("DELETE FROM bundle WHERE n = 2"), ("entry-missing", 512, 768, None)),
    (
        "a bundle and its tile removed",
        statement("WITH gone AS (DELETE FROM tile WHERE n = 2) DELETE FROM bundle WHERE n = 2"),
        gone(512, 768) | {("tile-missing", 0, 768, None)},
    ),
    (
        "a fragment removed", statement("DELETE FROM fragment WHERE first = 800"),
        gone(768, SIZE),
    ),
    (
        "a fragment moved", statement("UPDATE fragment SET first = 801 WHERE first = 800"),
        gone(768, SIZE),
    ),
)  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS, ids=named)
async def test_g7_what_is_done_to_tiles_and_rows_is_found_and_named(ledger: Ledger, defect: Defect) -> None:
    assert await told(ledger, defect) == defect.finds
