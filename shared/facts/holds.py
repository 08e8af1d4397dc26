"""Facts about holds: what stands under one may not be given up. PURE."""

from typing import ClassVar

from shared.facts.base import Fact
from shared.text import SealedDigest, Uuid


class HoldPlaced(Fact):
    """Subject `hold/<id>`: nothing that the hold covers may be given up for good while it stands (G3).

    With `sample` and its `root` it covers every item that shares the root, born before it or after; without them, every
    item of the case.
    """

    name: ClassVar[str] = "custody.hold.placed.v1"
    case: Uuid
    sample: Uuid | None = None
    root: Uuid | None = None
    reason: SealedDigest


class HoldLifted(Fact):
    """The hold stands no more, by whoever set it or by a court (G2)."""

    name: ClassVar[str] = "custody.hold.lifted.v1"
    reason: SealedDigest
