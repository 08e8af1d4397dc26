"""Facts about samples, apart from hand-over and destruction. PURE."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.facts.base import Fact, Part
from shared.text import Code, Instant, SealedDigest, Uuid

SampleKind = Literal[
    "blood",
    "saliva",
    "semen",
    "hair",
    "bone",
    "tooth",
    "tissue",
    "nail",
    "swab",
    "extract",
    "textile",
    "mixed",
    "other",
]
Unit = Literal["piece", "swab", "tube", "card", "microlitre", "millilitre", "microgram", "milligram", "gram"]


class Quantity(Part):
    """A whole number of a unit; a smaller unit rather than a fraction."""

    amount: Annotated[int, Field(ge=1, le=10**9)]
    unit: Unit


class Retention(Part):
    """Until which day, its last included, the item is kept, and by which rule and version.

    Without `until` it is kept, and nobody can say how long: something that the rule asks for is not known.
    """

    rule: str
    version: int
    until: date | None = None


class SampleRegistered(Fact):
    """Subject `sample/<id>`. The registering account's organisation and person are its first custodian."""

    name: ClassVar[str] = "custody.sample.registered.v1"
    case: Uuid
    kind: SampleKind
    label: Code
    seal: Code
    quantity: Quantity
    collected_at: Instant
    collected_place: SealedDigest
    root: Uuid
    """The item at the top of the lineage; its own id for an item that was collected."""
    retention: Retention


class SampleChanges(Part):
    """The members that an amendment replaces; absent ones stay."""

    kind: SampleKind | None = None
    label: Code | None = None
    seal: Code | None = None
    quantity: Quantity | None = None
    collected_at: Instant | None = None
    collected_place: SealedDigest | None = None


class SampleAmended(Fact):
    """A correction: what was said before stays in the ledger. `retention` is the later of before and after (G2)."""

    name: ClassVar[str] = "custody.sample.amended.v1"
    changes: SampleChanges
    reason: SealedDigest
    retention: Retention
