"""Facts about hand-over: one offer of many samples, and what became of it. PURE."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.facts.base import Fact, Part
from shared.text import Code, SealedDigest, Uuid

Purpose = Literal["analysis", "storage", "court", "return", "review"]
Transport = Literal["by_hand", "vehicle", "courier", "post"]
Temperature = Literal["ambient", "chilled", "frozen"]
Condition = Literal["intact", "seal_broken", "seal_replaced", "container_damaged", "altered"]
RefusalReason = Literal[
    "broken_seal", "wrong_seal", "missing_item", "wrong_item", "damaged", "wrong_addressee", "other"
]


class OfferMade(Fact):
    """Subject `offer/<id>`: `from_org` offers items to `to_org`. Custody stays where it is until acceptance (G5)."""

    name: ClassVar[str] = "custody.offer.made.v1"
    from_org: Uuid
    to_org: Uuid
    samples: Annotated[list[Uuid], Field(min_length=1, max_length=200)]
    """At most 200: their receipts, up to 250 bytes each, fit into the one event of their acceptance."""
    purpose: Purpose
    transport: Transport
    temperature: Temperature
    courier: SealedDigest | None = None
    """Name of a courier without an account: a stretch of the releaser's custody, *delivered, not accepted*."""
    note: SealedDigest | None = None


class SampleOffered(Fact):
    """The item is under an open offer."""

    name: ClassVar[str] = "custody.sample.offered.v1"
    offer: Uuid
    to_org: Uuid


class Receipt(Part):
    """What the receiver saw of one item: seal number as read, condition, and why the seal differs if it does.

    The text of `discrepancy` is kept with the item's own `sample.transferred`, which carries the same digest.
    """

    sample: Uuid
    seal: Code
    condition: Condition
    discrepancy: SealedDigest | None = None


class OfferAccepted(Fact):
    """The receiver took every item of the offer."""

    name: ClassVar[str] = "custody.offer.accepted.v1"
    receipts: list[Receipt]


class SampleTransferred(Fact):
    """Link (eslabón) `link` of the item's chain: custody went from one person and organisation to another."""

    name: ClassVar[str] = "custody.sample.transferred.v1"
    offer: Uuid
    link: Annotated[int, Field(ge=2)]
    from_org: Uuid
    from_person: Uuid
    to_org: Uuid
    to_person: Uuid
    seal: Code
    seal_matches: bool
    condition: Condition
    discrepancy: SealedDigest | None = None


class OfferRefused(Fact):
    """The receiver did not take the items; the releaser holds them as before."""

    name: ClassVar[str] = "custody.offer.refused.v1"
    reason: RefusalReason
    note: SealedDigest | None = None


class OfferWithdrawn(Fact):
    """The releaser took the offer back."""

    name: ClassVar[str] = "custody.offer.withdrawn.v1"
    reason: SealedDigest


class SampleOfferEnded(Fact):
    """The item is under no offer any more, and custody did not move."""

    name: ClassVar[str] = "custody.sample.offer_ended.v1"
    offer: Uuid
    outcome: Literal["refused", "withdrawn"]
    reason: RefusalReason | None = None
