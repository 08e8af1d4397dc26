"""10: at each border of a tile the log is what its entries make it; partials of old heads stay, and nothing changes."""

from hashlib import sha256

import pytest
from cadena_verify.merkle import leaf_hashes, root_of, tile_root

from shared.notes import open_checkpoint
from shared.tiles import WIDTH, frame, levels_of
from tests.invariants.growth import SIZES, Growth, client, implied


def expected(values: list[bytes], size: int) -> dict[str, bytes]:
    """Path → bytes of every tile and bundle of this size, from the entries as they were sent."""
    rows = {0: leaf_hashes(values[:size])}
    for level in levels_of(size)[1:]:
        below = rows[level - 1]
        rows[level] = [
            tile_root(b"".join(below[at : at + WIDTH])) for at in range(0, len(below) // WIDTH * WIDTH, WIDTH)
        ]
    return {
        tile.path: frame(values[tile.first : tile.first + tile.width])
        if tile.level is None
        else b"".join(rows[tile.level][tile.first : tile.first + tile.width])
        for tile in implied(size)
    }


async def test_invariant_10_every_tile_of_every_border_is_served_still_as_the_entries_make_it(grown: Growth) -> None:
    wanted: dict[str, bytes] = {}
    for size in SIZES:
        wanted |= expected(grown.values, size)
    assert grown.served.keys() == wanted.keys()
    async with client(grown.ledger) as http:
        for path, raw in wanted.items():
            answer = await http.get(f"/{path}")
            assert (answer.status_code, answer.content) == (200, raw), path
            assert sha256(raw).digest() == grown.served[path], f"other bytes than at first: {path}"


@pytest.mark.parametrize("size", SIZES)
async def test_invariant_10_the_head_of_each_border_covers_the_entries_as_they_were_sent(
    grown: Growth, size: int
) -> None:
    async with client(grown.ledger) as http:
        [head] = (await http.get("/v1/checkpoints", params={"after": size - 1, "limit": 1})).json()["checkpoints"]
    found = open_checkpoint(head["note"], grown.ledger.rig.keys.log.key)
    assert (found.size, found.root) == (size, root_of(leaf_hashes(grown.values[:size])))


def test_invariant_10_no_row_was_ever_written_again(grown: Growth) -> None:
    assert len(grown.rows) == len(SIZES)
    for earlier, later in zip(grown.rows, grown.rows[1:], strict=False):
        assert earlier.items() <= later.items()
    assert [key for key in grown.rows[-1] if key[0] == "bundle"]
