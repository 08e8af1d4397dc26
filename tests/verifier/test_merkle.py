"""The tree against published roots and against the recursive definition of RFC 6962."""

from hashlib import sha256

import pytest
from cadena_verify.merkle import EMPTY_ROOT, RightEdge, leaf_hash, leaf_hashes, root_from_inclusion
from hypothesis import given
from hypothesis import strategies as st

from tests.verifier.forge import inclusion, leaf, mth

INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf(b"%d" % n) for n in range(300)]


@pytest.mark.parametrize("size", range(9))
def test_published_roots(size: int) -> None:
    edge = RightEdge()
    edge.extend(leaf_hashes(bytes.fromhex(text) for text in INPUTS[:size]))
    assert edge.root().hex() == ROOTS[size]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert RightEdge().root() == EMPTY_ROOT == sha256(b"").digest()


def test_every_root_up_to_300_is_that_of_the_definition() -> None:
    edge = RightEdge()
    for size, one in enumerate(LEAVES, 1):
        edge.extend([one])
        assert edge.root() == mth(LEAVES[:size]), size


@given(st.lists(st.integers(0, 90), max_size=6))
def test_leaves_in_any_portions_give_one_root(portions: list[int]) -> None:
    edge, leaves = RightEdge(), [leaf(b"%d" % n) for n in range(sum(portions))]
    at = 0
    for portion in portions:
        edge.extend(leaves[at : at + portion])
        at += portion
    assert edge.root() == mth(leaves)


@given(st.integers(0, 3), st.integers(0, 255), st.booleans())
def test_a_whole_subtree_stands_for_its_leaves(tiles: int, rest: int, in_one: bool) -> None:
    leaves = [leaf(b"%d" % n) for n in range(256 * tiles + rest)]
    edge, plain = RightEdge(), RightEdge()
    roots = [mth(leaves[256 * n : 256 * n + 256]) for n in range(tiles)]
    for some in [roots] if in_one else [[root] for root in roots]:
        edge.extend(some, 8)
    edge.extend(leaves[256 * tiles :])
    assert plain.extend(leaves).get(8, []) == roots
    assert edge.root() == plain.root() == mth(leaves)


def test_a_subtree_cannot_begin_in_the_middle_of_another() -> None:
    edge = RightEdge()
    edge.extend(LEAVES[:3])
    with pytest.raises(ValueError, match="height 8 cannot begin at leaf 3"):
        edge.extend([bytes(32)], 8)


SIZES = [*range(1, 18), 31, 32, 33, 63, 64, 65, 127, 128, 129, 200, 255, 256, 257, 299, 300]


@pytest.mark.parametrize("size", SIZES)
def test_every_inclusion_path_leads_to_the_root(size: int) -> None:
    root = mth(LEAVES[:size])
    for index in range(0, size, 1 + size // 40):
        path = inclusion(index, LEAVES[:size])
        assert root_from_inclusion(index, size, LEAVES[index], path) == root
        assert root_from_inclusion(index, size, LEAVES[index], [*path, bytes(32)]) is None
        assert root_from_inclusion(index, size, LEAVES[index], path[:-1]) in ({None} if path else {root})
        assert root_from_inclusion(size, size, LEAVES[index], path) is None
        assert root_from_inclusion(-1, size, LEAVES[index], path) is None
        if size > 1:
            assert root_from_inclusion(index ^ 1, size, LEAVES[index], path) != root


@given(st.integers(1, 300), st.data())
def test_one_changed_bit_leads_elsewhere(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = [LEAVES[index], *inclusion(index, LEAVES[:size])]
    at, bit = data.draw(st.integers(0, len(path) - 1)), data.draw(st.integers(0, 255))
    path[at] = (int.from_bytes(path[at], "big") ^ 1 << bit).to_bytes(32, "big")
    assert root_from_inclusion(index, size, path[0], path[1:]) != mth(LEAVES[:size])


def test_a_hash_of_another_length_is_no_path() -> None:
    path = inclusion(0, LEAVES[:2])
    assert root_from_inclusion(0, 2, LEAVES[0], [path[0][:31]]) is None


def test_leaves_and_nodes_are_told_apart() -> None:
    assert leaf_hash(b"") == sha256(b"\0").digest()
    assert mth(LEAVES[:2]) != leaf_hash(LEAVES[0] + LEAVES[1])
