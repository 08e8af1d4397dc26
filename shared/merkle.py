"""The tree of RFC 6962 section 2.1 over SHA-256: its right edge, its proofs, and their verification. PURE.

A `Node` (level, index) is the root of the 2^level leaves from index * 2^level on. Nodes are complete for ever.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

_sha256 = hashlib.sha256


class Node(NamedTuple):
    """A complete subtree: 2^level leaves, the `index`-th of its level."""

    level: int
    index: int  # type: ignore[assignment]  # a tuple's own method of that name is of no use here


class ProofError(ValueError):
    """A proof, or a size, that does not fit the tree it is said to be of."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA256(0x00 || entry)."""
    return _sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA256(0x01 || left || right)."""
    return _sha256(b"\x01" + left + right).digest()


def cover(start: int, end: int) -> tuple[Node, ...]:
    """The complete nodes of the leaves [start, end), from left to right; `start` is where a subtree begins."""
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return tuple(nodes)


def fold(hashes: Iterable[bytes]) -> bytes:
    """The root over the roots of `cover`, given from left to right; the root of the empty tree for none."""
    ordered = list(hashes)
    if not ordered:
        return EMPTY_ROOT
    root = ordered.pop()
    while ordered:
        root = node_hash(ordered.pop(), root)
    return root


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root of a whole tree."""
    edge = Range()
    edge.append(leaf_hashes)
    return edge.root()


class Range:
    """The right edge of a tree: the roots of its largest complete subtrees, enough to append and to know the root."""

    __slots__ = ("_peaks", "size")

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """The edge of `size` leaves from what `hashes()` gave; ProofError for a wrong number of hashes."""
        if size < 0 or len(hashes) != size.bit_count() or any(len(value) != HASH_BYTES for value in hashes):
            raise ProofError(f"the edge of {size} leaves has one hash of 32 bytes for each bit set in the size")
        self.size = size
        levels = [level for level in range(size.bit_length()) if size >> level & 1]
        self._peaks = dict(zip(reversed(levels), hashes, strict=True))

    def hashes(self) -> list[bytes]:
        """The edge from left to right, largest subtree first: what a reader stores."""
        return [self._peaks[level] for level in sorted(self._peaks, reverse=True)]

    def root(self) -> bytes:
        """The root of the tree so far."""
        return fold(self.hashes())

    def copy(self) -> "Range":
        """An edge that grows on its own."""
        return Range(self.size, self.hashes())

    def append(self, leaf_hashes: Sequence[bytes]) -> list[list[bytes]]:
        """Append leaves. Returns the nodes that became complete: one list per level, the first of each list having
        the index (old size >> level).
        """
        completed: list[list[bytes]] = []
        fresh, level = list(leaf_hashes), 0
        while fresh:
            completed.append(fresh)
            peak = self._peaks.pop(level, None)
            row = fresh if peak is None else [peak, *fresh]
            if len(row) & 1:
                self._peaks[level] = row[-1]
            fresh = [
                _sha256(b"\x01" + row[at] + row[at + 1]).digest() for at in range(0, len(row) - 1, 2)
            ]  # node_hash, written out: this is the hot line of the ledger
            level += 1
        self.size += len(leaf_hashes)
        return completed


def inclusion_nodes(index: int, size: int) -> list[tuple[Node, ...]]:
    """What the inclusion proof of leaf `index` in a tree of `size` is made of, leaf to root: each hash of the proof is
    the `fold` of such nodes. ProofError if the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ProofError(f"a tree of {size} leaves has no leaf {index}")
    start, end, proof = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(cover(middle, end))
            end = middle
        else:
            proof.append(cover(start, middle))
            start = middle
    return proof[::-1]


def consistency_nodes(old: int, new: int) -> list[tuple[Node, ...]]:
    """What the proof that the tree of `new` leaves extends the one of `old` is made of; empty from size 0."""
    if not 0 <= old <= new:
        raise ProofError(f"a tree of {new} leaves does not extend one of {old}")
    if old in (0, new):
        return []
    start, end, whole, proof = 0, new, True, []
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(cover(middle, end))
            end = middle
        else:
            proof.append(cover(start, middle))
            start, whole = middle, False
    if not whole:
        proof.append(cover(start, end))
    return proof[::-1]


def resolve(proof: Iterable[tuple[Node, ...]], node: Callable[[Node], bytes]) -> list[bytes]:
    """The hashes of a proof, each node read by `node`."""
    return [fold(node(part) for part in parts) for parts in proof]


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that a tree of `size` must have if leaf hash `leaf` stands at `index`; ProofError for a wrong length."""
    if not 0 <= index < size:
        raise ProofError(f"a tree of {size} leaves has no leaf {index}")
    inner = (index ^ (size - 1)).bit_length()
    if len(proof) != inner + (index >> inner).bit_count():
        raise ProofError(f"{len(proof)} hashes are no inclusion proof of leaf {index} in a tree of {size}")
    root = leaf
    for level, sibling in enumerate(proof[:inner]):
        root = node_hash(sibling, root) if index >> level & 1 else node_hash(root, sibling)
    for sibling in proof[inner:]:
        root = node_hash(sibling, root)
    return root


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """ProofError unless the tree of `size` leaves under `root` holds leaf hash `leaf` at `index`."""
    if root_from_inclusion(leaf, index, size, proof) != root:
        raise ProofError(f"the proof does not lead from leaf {index} to the root of size {size}")


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """ProofError unless the tree of `new` leaves extends the one of `old`. From size 0 the proof is empty (C2SP
    tlog-witness: any tree extends the empty one).
    """
    if not 0 <= old <= new:
        raise ProofError(f"a tree of {new} leaves does not extend one of {old}")
    if old in (0, new):
        _refuse_unless(not proof and old_root == (EMPTY_ROOT if old == 0 else new_root), old, new)
        return
    last, width = old - 1, new - 1
    shared = (last ^ (last + 1)).bit_length() - 1  # trailing ones: this far up the old edge is one complete subtree
    last, width = last >> shared, width >> shared
    hashes = list(proof) if last else [old_root, *proof]
    _refuse_unless(bool(hashes), old, new)
    from_old = from_new = hashes[0]
    for value in hashes[1:]:
        _refuse_unless(width > 0, old, new)
        if last & 1 or last == width:
            from_old, from_new = node_hash(value, from_old), node_hash(value, from_new)
            while last and not last & 1:
                last, width = last >> 1, width >> 1
        else:
            from_new = node_hash(from_new, value)
        last, width = last >> 1, width >> 1
    _refuse_unless(width == 0 and from_old == old_root and from_new == new_root, old, new)


def _split(leaves: int) -> int:
    """The largest power of two strictly below."""
    return 1 << ((leaves - 1).bit_length() - 1)


def _refuse_unless(holds: bool, old: int, new: int) -> None:
    if not holds:
        raise ProofError(f"the proof does not show that size {new} extends size {old}")
