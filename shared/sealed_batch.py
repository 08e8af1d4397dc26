"""What a reader of the sealed log gets: checked entries under one signed head, and where they leave it. PURE."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from shared.merkle import Node, Range, cover, inclusion_nodes, leaf_hash, node_hash, resolve


@dataclass(frozen=True, slots=True)
class Head:
    """A head that the log signed; `note` is the whole signed note, with the cosignature where it came with one."""

    size: int
    root: bytes
    note: str


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader stands: so many entries taken, the right edge of their tree, and the head they were under.

    `kafka_offset` is that of the last sealed message taken, -1 for none: only a hint where to go on.
    """

    size: int = 0
    edge: tuple[bytes, ...] = ()
    note: str = ""
    generation: int = 0
    kafka_offset: int = -1


@dataclass(frozen=True)
class SealedBatch:
    """The entries [first, head.size) under `head`; none when only offsets or the generation moved.

    `next_offsets`: topic → offset of the next message that audit will consume, as of this head; empty for entries read
    from the published log, which does not say. `before` is the position that the batch continues.
    """

    before: Position
    entries: list[bytes]
    head: Head
    generation: int
    next_offsets: Mapping[str, int]
    kafka_offset: int

    @property
    def first(self) -> int:
        """The ledger index of `entries[0]`."""
        return self.before.size

    @cached_property
    def after(self) -> Position:
        """The position once every effect of this batch is in the database; save it in the same transaction."""
        edge = Range(self.first, self.before.edge)
        edge.append(self._leaves)
        # An old message that is read again does not take the generation back.
        generation = max(self.generation, self.before.generation)
        return Position(self.head.size, tuple(edge.hashes()), self.head.note, generation, self.kafka_offset)

    @cached_property
    def root(self) -> bytes:
        """The root that the entries and the edge before them give, whatever the head says."""
        edge = Range(self.first, self.before.edge)
        edge.append(self._leaves)
        return edge.root()

    def proof(self, index: int) -> list[bytes]:
        """The inclusion proof, leaf to root, of the entry at ledger index `index` of this batch against `head`.

        ProofError for an index that the head does not cover, IndexError for one before this batch.
        """
        if 0 <= index < self.first:
            raise IndexError(f"entry {index} came before this batch, which begins at {self.first}")
        return resolve(inclusion_nodes(index, self.head.size), self._node)

    @cached_property
    def _leaves(self) -> list[bytes]:
        return [leaf_hash(entry) for entry in self.entries]

    @cached_property
    def _known(self) -> dict[Node, bytes]:
        return dict(zip(cover(0, self.first), self.before.edge, strict=True))

    def _node(self, node: Node) -> bytes:
        known = self._known.get(node)
        if known is None:
            known = self._known[node] = self._made(node)
        return known

    def _made(self, node: Node) -> bytes:
        """A node that no edge holds lies within the batch or straddles its beginning; so do its halves, or they are
        in the edge.
        """
        if node.level == 0:
            return self._leaves[node.index - self.first]
        left = Node(node.level - 1, 2 * node.index)
        return node_hash(self._node(left), self._node(Node(left.level, left.index + 1)))
