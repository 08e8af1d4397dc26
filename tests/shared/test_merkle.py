"""The tree against RFC 6962's own recursive definition, and against published roots."""

import hashlib
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import merkle
from shared.merkle import Node, ProofError, Range
from tests.vectors import LEDGER

LEAVES = [merkle.leaf_hash(str(index).encode()) for index in range(300)]
SIZES = st.integers(0, 300)


def root_by_definition(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + root_by_definition(leaves[:split]) + root_by_definition(leaves[split:])).digest()


ROOTS = [root_by_definition(LEAVES[:size]) for size in range(301)]


@cache
def node(at: Node) -> bytes:
    return root_by_definition(LEAVES[at.index << at.level : (at.index + 1) << at.level])


def inclusion(index: int, size: int) -> list[bytes]:
    return merkle.resolve(merkle.inclusion_nodes(index, size), node)


def consistency(old: int, new: int) -> list[bytes]:
    return merkle.resolve(merkle.consistency_nodes(old, new), node)


def test_published_roots() -> None:
    leaves = [merkle.leaf_hash(bytes.fromhex(text)) for text in LEDGER["rfc6962"]["leaves"]]
    roots = [merkle.root_of(leaves[: size + 1]).hex() for size in range(8)]
    assert roots == LEDGER["rfc6962"]["roots"]
    assert merkle.root_of([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(st.lists(st.integers(0, 90), max_size=6))
def test_the_edge_knows_the_root_and_every_node_however_it_grew(steps: list[int]) -> None:
    edge = Range()
    for step in steps:
        first = edge.size
        step = min(step, 300 - first)
        for level, completed in enumerate(edge.append(LEAVES[first : first + step])):
            indices = range(first >> level, (first + step) >> level)
            assert completed == [node(Node(level, index)) for index in indices]
        edge = Range(edge.size, edge.hashes())
    assert edge.root() == ROOTS[edge.size]


def test_an_edge_of_the_wrong_width_is_refused() -> None:
    for size, hashes in ((3, [LEAVES[0]]), (1, []), (1, [b"short"]), (-1, [])):
        with pytest.raises(ProofError):
            Range(size, hashes)


def test_every_inclusion_proof_of_small_trees_verifies_and_only_where_it_belongs() -> None:
    for size in range(1, 40):
        for index in range(size):
            proof = inclusion(index, size)
            merkle.verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])
            with pytest.raises(ProofError):
                merkle.verify_inclusion(LEAVES[index + 1], index, size, proof, ROOTS[size])


@given(SIZES, SIZES, st.data())
def test_changed_inclusion_proofs_are_refused(a: int, b: int, data: st.DataObject) -> None:
    index, size = min(a, b), max(a, b) + 1
    if size > 300:
        return
    proof = inclusion(index, size)
    merkle.verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])
    for wrong in changed(proof, data):
        with pytest.raises(ProofError):
            merkle.verify_inclusion(LEAVES[index], index, size, wrong, ROOTS[size])
    with pytest.raises(ProofError):
        merkle.verify_inclusion(LEAVES[index], size, size, proof, ROOTS[size])


def test_every_consistency_proof_of_small_trees_verifies() -> None:
    for new in range(40):
        for old in range(new + 1):
            merkle.verify_consistency(old, ROOTS[old], new, ROOTS[new], consistency(old, new))


@given(SIZES, SIZES, st.data())
def test_changed_consistency_proofs_are_refused(a: int, b: int, data: st.DataObject) -> None:
    old, new = min(a, b), max(a, b)
    proof = consistency(old, new)
    merkle.verify_consistency(old, ROOTS[old], new, ROOTS[new], proof)
    for wrong in changed(proof, data):
        with pytest.raises(ProofError):
            merkle.verify_consistency(old, ROOTS[old], new, ROOTS[new], wrong)
    with pytest.raises(ProofError):
        merkle.verify_consistency(old, LEAVES[7], new, ROOTS[new], proof)


def test_from_nothing_the_proof_is_empty() -> None:
    assert consistency(0, 7) == []
    merkle.verify_consistency(0, merkle.EMPTY_ROOT, 7, ROOTS[7], [])
    for old_root, proof in ((ROOTS[1], []), (merkle.EMPTY_ROOT, [LEAVES[0]])):
        with pytest.raises(ProofError):
            merkle.verify_consistency(0, old_root, 7, ROOTS[7], proof)


@pytest.mark.parametrize(("old", "new"), [(8, 7), (-1, 7)])
def test_a_tree_does_not_extend_a_larger_one(old: int, new: int) -> None:
    with pytest.raises(ProofError):
        merkle.consistency_nodes(old, new)
    with pytest.raises(ProofError):
        merkle.verify_consistency(old, ROOTS[0], new, ROOTS[7], [])


def changed(proof: list[bytes], data: st.DataObject) -> list[list[bytes]]:
    """Truncated, extended, and with one bit turned."""
    variants = [[*proof, LEAVES[0]]]
    if proof:
        at, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
        turned = (int.from_bytes(proof[at], "big") ^ 1 << bit).to_bytes(32, "big")
        variants += [proof[:-1], proof[1:], [*proof[:at], turned, *proof[at + 1 :]]]
    return variants
