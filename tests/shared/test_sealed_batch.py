"""Inclusion proofs from a reader's own edge, and the position after a batch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.merkle import Range, leaf_hash, root_from_inclusion, root_of
from shared.sealed_batch import Head, Position, SealedBatch

ENTRIES = [b"entry %d" % number for number in range(700)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def batch(first: int, size: int) -> SealedBatch:
    edge = Range()
    edge.append(LEAVES[:first])
    before = Position(first, tuple(edge.hashes()), "note", 3, 5)
    return SealedBatch(before, ENTRIES[first:size], Head(size, root_of(LEAVES[:size]), "head"), 2, {}, 6)


@given(st.integers(0, 650), st.integers(1, 50))
def test_each_entry_is_proved_against_the_head_from_edge_and_entries_alone(first: int, count: int) -> None:
    taken = batch(first, first + count)
    assert taken.root == taken.head.root
    for index in range(first, first + count):
        proof = taken.proof(index)
        assert root_from_inclusion(LEAVES[index], index, first + count, proof) == taken.head.root


def test_every_small_batch() -> None:
    for size in range(1, 34):
        for first in range(size):
            taken = batch(first, size)
            for index in range(first, size):
                assert root_from_inclusion(LEAVES[index], index, size, taken.proof(index)) == taken.head.root


@given(st.integers(0, 300), st.integers(0, 50), st.integers(0, 50))
def test_a_batch_continues_where_the_last_one_ended(first: int, count: int, more: int) -> None:
    after = batch(first, first + count).after
    next_ = SealedBatch(after, ENTRIES[first + count : first + count + more], Head(0, b"", ""), 0, {}, 7)
    assert next_.root == root_of(LEAVES[: first + count + more])
    assert (after.size, after.note, after.kafka_offset) == (first + count, "head", 6)


def test_the_generation_is_never_taken_back() -> None:
    assert batch(1, 2).after.generation == 3


def test_entries_outside_the_batch_have_no_proof_here() -> None:
    with pytest.raises(IndexError):
        batch(5, 9).proof(4)
    with pytest.raises(ValueError, match="no leaf 9"):
        batch(5, 9).proof(9)
