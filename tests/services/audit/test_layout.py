"""Rows of appended entries: every bundle whole once, every open entry in a fragment, one fragment at each start."""

from itertools import accumulate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.audit.layout import cut, joined, lay, take_apart
from shared.merkle import leaf_hash
from shared.tiles import FramingError, frame, unframe

STEPS = st.lists(st.sampled_from([1, 2, 3, 128, 255, 256, 257, 511, 512, 1000]), min_size=1, max_size=8)


@given(STEPS)
@example([255, 1, 1, 255, 256, 512, 1])
def test_what_is_laid_is_what_was_appended(steps: list[int]) -> None:
    size, tail = 0, b""
    entries: list[bytes] = []
    bundles: dict[int, bytes] = {}
    fragments: dict[int, bytes] = {}
    for step in steps:
        new = [b"%d" % index for index in range(size, size + step)]
        rows = lay(size, tail, new)
        assert rows.fragments[0][0] == size, "an append must meet its twin at a primary key"
        assert len(rows.fragments) <= 2
        for key, raw in rows.bundles:
            assert bundles.setdefault(key, raw) is raw
        for key, raw in rows.fragments:
            assert fragments.setdefault(key, raw) is raw
        entries += new
        size, tail = size + step, rows.tail
    assert bundles == {n: frame(entries[n * 256 : (n + 1) * 256]) for n in range(size // 256)}
    assert tail == frame(entries[size - size % 256 :])
    at = size - size % 256
    while at < size:
        held = unframe(fragments[at])
        assert held == entries[at : at + len(held)]
        at += len(held)
    for start, raw in fragments.items():
        held = unframe(raw)
        assert held == entries[start : start + len(held)]
        assert start // 256 == (start + len(held) - 1) // 256, "a fragment lies within one bundle"


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(60, 200))
def test_heads_are_cut_below_the_limit_and_never_needlessly(lengths: list[int], most: int) -> None:
    entries = [b"x" * length for length in lengths]
    ends = cut(list(accumulate(length + 2 for length in lengths)), most)
    assert ends == sorted(set(ends))
    assert (ends[-1] if ends else 0) == len(entries)
    parts = [frame(entries[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
    assert b"".join(parts) == frame(entries)
    assert all(0 < len(part) <= most for part in parts)
    for part, start in zip(parts[1:], ends, strict=False):
        assert part
        before = parts[ends.index(start)]
        assert len(before) + len(frame(entries[start : start + 1])) > most


def test_an_entry_beyond_the_limit_has_a_head_of_its_own() -> None:
    assert cut([10, 500, 510, 520], 100) == [1, 2, 4]


ENTRIES = st.lists(st.binary(max_size=300), max_size=40)


@given(ENTRIES)
def test_what_is_taken_apart_is_what_was_framed(entries: list[bytes]) -> None:
    piece = take_apart(frame(entries))
    assert piece.leaf_hashes() == [leaf_hash(entry) for entry in entries]
    assert piece.framed == frame(entries)
    assert len(piece.ends) == len(entries)


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=20), st.data())
def test_a_part_of_a_piece_is_the_frame_of_its_entries(entries: list[bytes], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(entries) - 1))
    end = data.draw(st.integers(start + 1, len(entries)))
    part = take_apart(frame(entries)).between(start, end)
    assert part == take_apart(frame(entries[start:end]))
    assert joined([take_apart(frame(entries[:start])), part]) == take_apart(frame(entries[:end]))


@given(st.binary(max_size=40))
def test_bytes_are_taken_apart_exactly_where_the_plain_reading_takes_them_apart(raw: bytes) -> None:
    try:
        whole = unframe(raw)
    except FramingError:
        with pytest.raises(FramingError):
            take_apart(raw)
    else:
        assert take_apart(raw).leaf_hashes() == [leaf_hash(entry) for entry in whole]
