"""What one reading of a log leaves for the next: all that is needed of the whole bundles that were read. PURE."""

import os
from copy import deepcopy
from dataclasses import dataclass, field

from cadena_verify.branches import Branch
from cadena_verify.counting import Tally
from cadena_verify.known import Known
from cadena_verify.merkle import HASH_SIZE, RightEdge

KEY_BYTES = 16


@dataclass
class Memory:
    """Of the first `bundles` full bundles: fingerprints, counts, roots, and the tree over them.

    Only what was read without a defect is remembered.
    """

    key: bytes = field(default_factory=lambda: os.urandom(KEY_BYTES))
    """Under which subjects' fingerprints are made (records.Subjects)."""
    known: Known = field(default_factory=Known)
    tally: Tally = field(default_factory=Tally)
    roots: bytearray = field(default_factory=bytearray)
    tree: Branch = field(default_factory=lambda: Branch(RightEdge(), {}, []))
    judged: bool = False
    """Whether all that is known has been found sound, so that only what is new must be judged."""
    subjects: int = 0

    @property
    def bundles(self) -> int:
        """How many full bundles are remembered."""
        return len(self.roots) // HASH_SIZE

    def add(self, roots: list[bytes], tally: Tally) -> None:
        """Remember a run of full bundles that follows, but for its fingerprints."""
        self.tally.add(tally)
        for root in roots:
            self.roots += root

    def mark(self) -> "Mark":
        """Where it stands, for `back_to`."""
        return Mark(
            self.known.lengths(), deepcopy(self.tally), len(self.roots), self.tree.copy(), self.judged, self.subjects
        )

    def back_to(self, mark: "Mark") -> None:
        """Forget what a reading added that was broken off."""
        self.known.cut(mark.known)
        del self.roots[mark.roots :]
        self.tally, self.tree, self.judged, self.subjects = mark.tally, mark.tree, mark.judged, mark.subjects


@dataclass(frozen=True)
class Mark:
    """A moment of a memory."""

    known: list[int]
    tally: Tally
    roots: int
    tree: Branch
    judged: bool
    subjects: int
