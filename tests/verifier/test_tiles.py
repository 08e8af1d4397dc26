"""Where tiles lie, how wide they are, and how a bundle is cut."""

import pytest
from cadena_verify.places import Places
from cadena_verify.tiles import ENTRIES, BundleCut, split_bundle, split_tile, tile_path, width_of
from hypothesis import given
from hypothesis import strategies as st

from tests.verifier.forge import frame


@pytest.mark.parametrize(
    ("level", "number", "width", "path"),
    [
        (0, 0, 256, "tile/0/000"),
        (0, 255, 112, "tile/0/255.p/112"),
        (1, 1000, 256, "tile/1/x001/000"),
        (ENTRIES, 1234067, 1, "tile/entries/x001/x234/067.p/1"),
        (63, 999, 255, "tile/63/999.p/255"),
    ],
)
def test_paths(level: int, number: int, width: int, path: str) -> None:
    assert tile_path(level, number, width) == path


def test_a_log_of_70000_has_the_tiles_that_the_format_says() -> None:
    assert [width_of(0, number, 70_000) for number in (0, 272, 273, 274)] == [256, 256, 112, 0]
    assert [width_of(1, number, 70_000) for number in (0, 1, 2)] == [256, 17, 0]
    assert [width_of(2, 0, 70_000), width_of(3, 0, 70_000)] == [1, 0]


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_a_bundle_gives_back_its_entries(entries: list[bytes]) -> None:
    assert split_bundle(frame(entries), len(entries), whole=True) == entries


def test_an_entry_may_be_as_long_as_its_length_can_say() -> None:
    longest = bytes(65_535)
    assert split_bundle(frame([longest, b""]), 2, whole=True) == [longest, b""]


@given(st.lists(st.binary(max_size=9), min_size=1, max_size=8), st.data())
def test_a_bundle_cut_anywhere_gives_the_whole_entries_before(entries: list[bytes], data: st.DataObject) -> None:
    raw = frame(entries)
    at = data.draw(st.integers(0, len(raw) - 1))
    with pytest.raises(BundleCut) as cut:
        split_bundle(raw[:at], len(entries), whole=True)
    count = len(cut.value.entries)
    assert cut.value.entries == entries[:count]
    assert len(frame(entries[:count])) <= at < len(frame(entries[: count + 1]))


def test_a_full_bundle_in_place_of_a_partial_one_is_cut_to_size() -> None:
    raw = frame([b"a", b"b", b"c"])
    assert split_bundle(raw, 2, whole=False) == [b"a", b"b"]
    with pytest.raises(BundleCut, match="3 bytes follow its 2 entries"):
        split_bundle(raw, 2, whole=True)


def test_a_tile_is_hashes_and_a_broken_last_one_is_left_out() -> None:
    assert split_tile(bytes(64) + b"x") == [bytes(32), bytes(32)]


def test_places_are_found_again_through_growth() -> None:
    places = Places(4)
    assert not any(places.claim(f"event {index}", index) for index in range(2500))
    assert all(places.claim(f"event {index}", 9999) == [index] for index in range(2500))
    places.add("event 7", 8888)
    assert set(places.claim("event 7", 9999)) == {7, 8888}
