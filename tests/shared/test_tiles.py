"""Paths, framing and growth of tiles, against a tree that is kept whole."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared import merkle, tiles
from shared.tiles import FramingError, Tile, TileEdge
from tests.vectors import LEDGER

LEAVES = [merkle.leaf_hash(str(index).encode()) for index in range(70_000)]


def test_published_paths() -> None:
    for index, path in LEDGER["paths"].items():
        assert tiles.index_path(int(index)) == path
        assert tiles.parse_path(f"3/{path}.p/9") == Tile(3, int(index), 9)
        assert tiles.parse_path(f"entries/{path}") == Tile(None, int(index))


@given(st.one_of(st.none(), st.integers(0, 63)), st.integers(0, 10**10), st.integers(1, 256))
def test_a_path_names_its_tile_and_no_other(level: int | None, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert tiles.parse_path(tile.path.removeprefix("tile/")) == tile


def test_the_longest_path_names_a_tile() -> None:
    assert tiles.parse_path("0/" + "x001/" * 6 + "001") == Tile(0, 1_001_001_001_001_001_001)


@pytest.mark.parametrize(
    "path",
    ["0/0", "00/000", "0/000.p/0", "0/000.p/256", "0/000.p/07", "0/x000/001", "0/x001/x000", "64/000", "-1/000",
     "entries/", "0/000/", "0/000.p/", "0/0000", "entry/000", "", "0/000.p/1\n", "0/٠٠٠",
     "0/00٠", "0/" + "x001/" * 7 + "001", "0/" + "x001/" * 1434 + "001"],
)  # fmt: skip
def test_other_spellings_name_nothing(path: str) -> None:
    assert tiles.parse_path(path) is None


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_framed_entries_come_back(entries: list[bytes]) -> None:
    raw = tiles.frame(entries)
    assert tiles.unframe(raw) == entries
    for end in range(max(0, len(raw) - 3), len(raw)):
        if tiles_end_within(entries, end):
            with pytest.raises(FramingError):
                tiles.unframe(raw[:end])


def tiles_end_within(entries: list[bytes], end: int) -> bool:
    ends, at = {0}, 0
    for entry in entries:
        at += 2 + len(entry)
        ends.add(at)
    return end not in ends


def test_the_longest_entry() -> None:
    assert tiles.unframe(tiles.frame([b"x" * 65_535, b""])) == [b"x" * 65_535, b""]
    with pytest.raises(FramingError):
        tiles.frame([b"x" * 65_536])


def test_the_tiles_of_70_000_entries() -> None:
    found = {level: list(tiles.tiles_of(level, 70_000)) for level in tiles.levels_of(70_000)}
    assert {level: (len(row), row[-1].width) for level, row in found.items()} == {0: (274, 112), 1: (2, 17), 2: (1, 1)}
    assert [list(tiles.tiles_of(level, 256)) for level in tiles.levels_of(256)] == [[Tile(0, 0)], [Tile(1, 0, 1)]]
    assert not list(tiles.levels_of(0))
    assert not list(tiles.tiles_of(None, 0))
    assert list(tiles.levels_of(255)) == [0]


@pytest.mark.parametrize(
    ("tile", "size", "width"),
    [(Tile(0, 0), 0, 0), (Tile(None, 0), 255, 255), (Tile(0, 0), 257, 256), (Tile(0, 1), 257, 1), (Tile(1, 0), 255, 0),
     (Tile(1, 0), 511, 1), (Tile(1, 0), 512, 2), (Tile(0, 9), 512, 0)],
)  # fmt: skip
def test_the_width_that_a_size_implies(tile: Tile, size: int, width: int) -> None:
    assert tiles.width_at(tile, size) == width


@given(st.lists(st.sampled_from([0, 1, 3, 255, 256, 257, 511, 10_000, 30_000]), max_size=6))
@example([255, 1, 1, 255, 65_023, 1, 1])
@settings(max_examples=12, deadline=None)
def test_the_edge_yields_each_full_tile_once_however_it_grew(steps: list[int]) -> None:
    edge, grown = TileEdge(), {}
    for step in steps:
        for new in edge.append(LEAVES[edge.size : edge.size + step]):
            assert (new.level, new.index) not in grown
            grown[new.level, new.index] = new.bytes
    size = edge.size
    expected = {}
    for level in tiles.levels_of(size):
        for tile in tiles.tiles_of(level, size):
            if tile.width == tiles.WIDTH:
                expected[level, tile.index] = b"".join(hashes_at(level, tile.first, tile.first + 256))
    assert grown == expected
    assert edge.root() == merkle.root_of(LEAVES[:size])


def hashes_at(level: int, start: int, end: int) -> list[bytes]:
    span = 1 << (8 * level)
    return [merkle.root_of(LEAVES[at * span : (at + 1) * span]) for at in range(start, end)]


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 69_999])
def test_an_edge_taken_up_from_its_tails_goes_on(size: int) -> None:
    tails = []
    for level in tiles.levels_of(size):
        end = size >> (8 * level)
        tails.append(hashes_at(level, end - end % 256, end))
    edge = TileEdge(size, tails)
    assert edge.root() == edge.edge().root() == merkle.root_of(LEAVES[:size])
    edge.append(LEAVES[size : size + 1])
    assert edge.root() == merkle.root_of(LEAVES[: size + 1])


def test_tails_that_do_not_fit_the_size_are_refused() -> None:
    with pytest.raises(ValueError, match="level 0"):
        TileEdge(2, [LEAVES[:1]])


@given(st.integers(0, 16), st.data())
def test_a_node_is_cut_from_its_tile(level: int, data: st.DataObject) -> None:
    node = merkle.Node(level, data.draw(st.integers(0, (65_536 >> level) - 1)))
    tile, start, end = tiles.home(node)
    hashes = hashes_at(tile.level or 0, tile.first, min(tile.first + 256, 70_000 >> (8 * (tile.level or 0))))
    expected = merkle.root_of(LEAVES[node.index << level : (node.index + 1) << level])
    assert tiles.hash_range(b"".join(hashes), start, end) == expected


@given(st.integers(1, 256), st.integers(0, 8), st.data())
def test_a_node_is_cut_from_the_rows_of_its_tile_as_far_as_that_is_filled(
    width: int, level: int, data: st.DataObject
) -> None:
    tile = data.draw(st.integers(0, 2))
    row = hashes_at(level // 8, tile * 256, tile * 256 + width)
    rows = tiles.folded(b"".join(row))
    below = level % 8
    if count := width >> below:
        at = data.draw(st.integers(0, count - 1))
        node = merkle.Node(level, (tile * 256 >> below) + at)
        assert tiles.cut_out(rows, node) == merkle.root_of(row[at << below : at + 1 << below])
