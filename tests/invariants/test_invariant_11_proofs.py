"""11: each proof of a tree of up to 300 leaves is accepted, and none that is changed, cut, lengthened or moved by one."""

from collections.abc import Callable, Iterable, Iterator

import pytest
from cadena_verify.merkle import root_from_inclusion

from shared import merkle
from shared.merkle import ProofError
from tests.invariants.sizes import EVERY_BIT_TREES, REFUSED_TREES
from tests.shared.test_merkle import LEAVES, ROOTS, consistency, inclusion

BITS = 256
Sizes = Iterable[int]
Variants = Callable[[list[bytes], int], Iterator[list[bytes]]]
"""A proof and a number to choose bits by → the proof changed in every way."""
STRANGER = merkle.leaf_hash(b"of no tree")


def refused(verify: Callable[..., None], *arguments: object) -> bool:
    try:
        verify(*arguments)
    except ProofError:
        return True
    return False


def turned(proof: list[bytes], at: int, bit: int) -> list[bytes]:
    value = (int.from_bytes(proof[at], "big") ^ 1 << bit).to_bytes(32, "big")
    return [*proof[:at], value, *proof[at + 1 :]]


def changed(proof: list[bytes], bit: int) -> Iterator[list[bytes]]:
    """One bit of each hash turned, cut at either end, lengthened at either end, two neighbours swapped."""
    for at in range(len(proof)):
        yield turned(proof, at, (bit + 37 * at) % BITS)
        yield [*proof[:at], *proof[at + 1 :]]
        yield [*proof[:at], proof[at][:31], *proof[at + 1 :]]
    yield [*proof, STRANGER]
    yield [STRANGER, *proof]
    yield from ([*proof[:at], proof[at + 1], proof[at], *proof[at + 2 :]] for at in range(len(proof) - 1))


def each_bit(proof: list[bytes], _: int) -> Iterator[list[bytes]]:
    return (turned(proof, at, bit) for at in range(len(proof)) for bit in range(BITS))


def pairs(sizes: Sizes) -> Iterator[tuple[int, int]]:
    return ((below, size) for size in sizes for below in range(size))


both = pytest.mark.parametrize(("sizes", "variants"), [(REFUSED_TREES, changed), (EVERY_BIT_TREES, each_bit)])


def test_invariant_11_every_inclusion_proof_is_accepted_by_both_verifiers() -> None:
    for index, size in pairs(range(1, 301)):
        proof = inclusion(index, size)
        merkle.verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])
        assert root_from_inclusion(index, size, LEAVES[index], proof) == ROOTS[size], (index, size)


def test_invariant_11_every_consistency_proof_is_accepted() -> None:
    for old, new in pairs(range(1, 301)):
        merkle.verify_consistency(old, ROOTS[old], new, ROOTS[new], consistency(old, new))
    for size in range(301):
        merkle.verify_consistency(size, ROOTS[size], size, ROOTS[size], [])


@both
def test_invariant_11_no_changed_inclusion_proof_is_accepted(sizes: Sizes, variants: Variants) -> None:
    for index, size in pairs(sizes):
        proof, leaf, root = inclusion(index, size), LEAVES[index], ROOTS[size]
        for other in variants(proof, index + size):
            assert refused(merkle.verify_inclusion, leaf, index, size, other, root), (index, size, other)
            assert root_from_inclusion(index, size, leaf, other) != root, (index, size, other)
        for moved in (index - 1, index + 1, index ^ 1, index + size):
            assert refused(merkle.verify_inclusion, leaf, moved, size, proof, root), (index, moved, size)
            assert root_from_inclusion(moved, size, leaf, proof) != root, (index, moved, size)


@both
def test_invariant_11_no_changed_consistency_proof_is_accepted(sizes: Sizes, variants: Variants) -> None:
    for old, new in pairs(sizes):
        if old == 0:
            continue  # every tree extends the empty one: that proof is empty, and anything else is refused elsewhere
        proof = consistency(old, new)
        for other in variants(proof, old + new):
            assert refused(merkle.verify_consistency, old, ROOTS[old], new, ROOTS[new], other), (old, new, other)
        for moved in {max(old - 1, 1), min(old + 1, new)} - {old}:
            assert refused(merkle.verify_consistency, moved, ROOTS[moved], new, ROOTS[new], proof), (old, moved, new)
            assert refused(merkle.verify_consistency, old, ROOTS[moved], new, ROOTS[new], proof), (old, moved, new)
