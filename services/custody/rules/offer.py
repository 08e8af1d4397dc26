"""Offers: custody moves when the receiver accepts, and not before (G5). PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from services.custody.rules.command import Command
from services.custody.rules.state import State
from shared.facts.offers import Condition, Purpose, RefusalReason, Temperature, Transport
from shared.sealed import SealedValue


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeOffer(Command):
    """Offer items that the actor's organisation holds to another. `courier` is one without an account."""

    subject_is: ClassVar[str] = "offer/{0.id}"
    target_is: ClassVar[str] = "sample/{0.samples[0]}"

    id: str
    samples: tuple[str, ...]
    to_organisation: str
    purpose: Purpose
    transport: Transport
    temperature: Temperature
    courier: SealedValue | None = None
    note: SealedValue | None = None


@dataclass(frozen=True, slots=True)
class ItemReceipt:
    """What the receiver saw of one item: the seal number as read; `discrepancy`, sealed by that name, if it differs."""

    sample: str
    seal: str
    condition: Condition
    discrepancy: SealedValue | None = None

    def __post_init__(self) -> None:
        if self.discrepancy and self.discrepancy.field != "discrepancy":
            raise ValueError(f"discrepancy holds a text that was sealed as {self.discrepancy.field}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptOffer(Command):
    """Take every item of the offer, each with its receipt."""

    subject_is: ClassVar[str] = "offer/{0.offer}"

    offer: str
    receipts: tuple[ItemReceipt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseOffer(Command):
    """Do not take the items of the offer."""

    subject_is: ClassVar[str] = "offer/{0.offer}"

    offer: str
    reason: RefusalReason
    note: SealedValue | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawOffer(Command):
    """Take the offer back before it was accepted."""

    subject_is: ClassVar[str] = "offer/{0.offer}"

    offer: str
    reason: SealedValue


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferState(State):
    """An offer; its items are fixed when it is made. `refusal` is the receiver's reason, if it refused."""

    from_org: str
    from_person: str
    to_org: str
    samples: tuple[str, ...]
    purpose: Purpose
    transport: Transport
    temperature: Temperature
    courier: str | None
    note: str | None
    status: Literal["open", "accepted", "refused", "withdrawn"]
    refusal: RefusalReason | None
