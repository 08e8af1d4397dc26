"""The Merkle tree of RFC 6962 section 2.1 over SHA-256, as a right edge that only grows. PURE."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from struct import Struct

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()
LEAF, NODE = sha256(b"\x00").copy, sha256(b"\x01").copy
"""Begin the hash of a leaf, or of a node: a copy costs less than to choose the algorithm and set it up again."""
_PAIRS = {2 * HASH_SIZE * count: Struct("64s" * count).unpack for count in (1, 2, 4, 8, 16, 32, 64, 128)}
"""How to cut a row of so many bytes into pairs of hashes."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256 of 0x00 and the entry's bytes."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The leaf hash of each entry; one tight loop, since this is half the work of an audit."""
    hash_ = sha256
    return [hash_(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01 and both children."""
    return sha256(b"\x01" + left + right).digest()


def tile_root(row: bytes) -> bytes:
    """The root over a full tile of 256 hashes, or over a smaller power of two of them."""
    while len(row) > HASH_SIZE:
        nodes: list[bytes] = []
        for pair in _PAIRS[len(row)](row):
            node = NODE()
            node.update(pair)
            nodes.append(node.digest())
        row = b"".join(nodes)
    return row


class RightEdge:
    """The roots of the perfect subtrees that cover leaves 0..size-1, largest first, at most one per height.

    `peaks[h]` is the root of the subtree of 2^h leaves, or None where the size's bit h is 0.
    """

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes | None] = ()) -> None:
        self.size = size
        self.peaks: list[bytes | None] = list(peaks)

    def copy(self) -> "RightEdge":
        """An independent edge of the same leaves."""
        return RightEdge(self.size, self.peaks)

    def extend(self, nodes: list[bytes], height: int = 0) -> dict[int, list[bytes]]:
        """Append perfect subtrees of 2^height leaves; return the roots completed at heights 8, 16, 24, …, in order.

        The size must be a multiple of 2^height, else ValueError: a subtree cannot begin in the middle of another.
        """
        if self.size & ((1 << height) - 1):
            raise ValueError(f"a subtree of height {height} cannot begin at leaf {self.size}")
        self.size += len(nodes) << height
        completed: dict[int, list[bytes]] = {}
        hash_ = sha256
        while nodes:
            if height and height % 8 == 0:
                completed[height] = nodes
            while len(self.peaks) <= height:
                self.peaks.append(None)
            peak = self.peaks[height]
            row = nodes if peak is None else [peak, *nodes]
            self.peaks[height] = row[-1] if len(row) & 1 else None
            nodes = [
                hash_(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)
            ]  # an odd last one has no partner: it stays behind as the peak
            height += 1
        return completed

    def root(self) -> bytes:
        """The root hash at exactly this size."""
        root: bytes | None = None
        for peak in self.peaks:
            if peak is not None:
                root = peak if root is None else node_hash(peak, root)
        return EMPTY_ROOT if root is None else root


def root_of(hashes: list[bytes]) -> bytes:
    """The root of these leaf or subtree hashes."""
    edge = RightEdge()
    edge.extend(hashes)
    return edge.root()


def root_from_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes | None:
    """The root that an inclusion path leads to (RFC 9162 section 2.1.3.2), or None if the path does not fit the place.

    Only one length fits index and size; any other is refused, so that a proof has one form.
    """
    if not 0 <= index < size:
        return None
    inner = (index ^ (size - 1)).bit_length()
    border = (index >> inner).bit_count()
    if len(path) != inner + border or any(len(step) != HASH_SIZE for step in path):
        return None
    node = leaf
    for height, step in enumerate(path[:inner]):
        node = node_hash(step, node) if index >> height & 1 else node_hash(node, step)
    for step in path[inner:]:
        node = node_hash(step, node)
    return node
