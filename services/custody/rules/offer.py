"""Offers: custody moves when the receiver accepts, and not before (G5). PURE."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Literal

from services.custody.refusals import (
    ItemsOfTheOfferDiffer,
    NotTheCustodian,
    OfferClosed,
    OfferToItself,
    ReceiverCannotHold,
    SampleAlreadyOffered,
    SealMismatchUnexplained,
    UnknownReference,
)
from services.custody.rules.command import Command, Decision
from services.custody.rules.organisation import HOLDERS, OrganisationState
from services.custody.rules.state import OutOfOrder, State, acted, born, moved
from shared.errors import Refusal
from shared.events import Draft, Event
from shared.facts.offers import (
    Condition,
    OfferAccepted,
    OfferMade,
    OfferRefused,
    OfferWithdrawn,
    Purpose,
    Receipt,
    RefusalReason,
    SampleOffered,
    SampleOfferEnded,
    SampleTransferred,
    Temperature,
    Transport,
)
from shared.sealed import SealedValue

if TYPE_CHECKING:
    from services.custody.rules.world import World


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


def decide_make(world: World, command: MakeOffer, now: datetime) -> Decision:
    """Items that the actor's organisation holds, and that are under no offer, are offered to one that may hold them."""
    receiver = world.organisations.get(command.to_organisation)
    if receiver is None:
        return UnknownReference(f"organisation/{command.to_organisation}")
    absent = [item for item in command.samples if item not in world.samples]
    if absent:
        return UnknownReference(f"sample/{absent[0]}")
    items = tuple(dict.fromkeys(command.samples))
    refusal = _unfit(world, command, receiver)
    if refusal is not None:
        return refusal
    made = OfferMade(
        from_org=world.acting().org,
        to_org=command.to_organisation,
        samples=list(items),
        purpose=command.purpose,
        transport=command.transport,
        temperature=command.temperature,
        courier=_digest(command.courier),
        note=_digest(command.note),
    )
    offered = SampleOffered(offer=command.id, to_org=command.to_organisation)
    texts = tuple(text for text in (command.courier, command.note) if text)
    return (
        Draft(command.subject(), made, command.occurred_at, texts),
        *(Draft(f"sample/{item}", offered, command.occurred_at) for item in items),
    )


def _unfit(world: World, command: MakeOffer, receiver: OrganisationState) -> Refusal | None:
    org = world.acting().org
    if receiver.id == org:
        return OfferToItself(command.target(), "Name another organisation as receiver.")
    if receiver.kind not in HOLDERS:
        return ReceiverCannotHold(command.target(), f"Items are held by: {', '.join(sorted(HOLDERS))}.")
    for item in command.samples:
        sample = world.samples[item]
        if sample.custodian_org != org:
            return NotTheCustodian(f"sample/{item}", "Its custodian offers it; accept it first.")
        if sample.offer is not None:
            return SampleAlreadyOffered(f"sample/{item}", f"Withdraw the offer {sample.offer} first.")
    return None


def decide_accept(world: World, command: AcceptOffer, now: datetime) -> Decision:
    """The receiver takes every item of the offer, stating seal and condition: now, and only now, custody moves (G5)."""
    offer = _open(world, command)
    if not isinstance(offer, OfferState):
        return offer
    if sorted(receipt.sample for receipt in command.receipts) != sorted(offer.samples):
        return ItemsOfTheOfferDiffer(command.target(), "Give one receipt for each item of the offer.")
    for receipt in command.receipts:
        if receipt.seal != world.samples[receipt.sample].seal and receipt.discrepancy is None:
            detail = "State the discrepancy between the seal as read and the recorded one, or refuse the offer."
            return SealMismatchUnexplained(f"sample/{receipt.sample}", detail)
    accepted = OfferAccepted(receipts=[_receipt(receipt) for receipt in command.receipts])
    return (
        Draft(command.subject(), accepted, command.occurred_at),
        *(_transfer(world, offer, command, receipt) for receipt in command.receipts),
    )


def _receipt(receipt: ItemReceipt) -> Receipt:
    digest = _digest(receipt.discrepancy)
    return Receipt(sample=receipt.sample, seal=receipt.seal, condition=receipt.condition, discrepancy=digest)


def _transfer(world: World, offer: OfferState, command: AcceptOffer, receipt: ItemReceipt) -> Draft:
    sample, actor = world.samples[receipt.sample], world.acting()
    fact = SampleTransferred(
        offer=offer.id,
        link=sample.links + 1,
        from_org=sample.custodian_org,
        from_person=sample.custodian_person,
        to_org=actor.org,
        to_person=actor.person,
        seal=receipt.seal,
        seal_matches=receipt.seal == sample.seal,
        condition=receipt.condition,
        discrepancy=_digest(receipt.discrepancy),
    )
    texts = (receipt.discrepancy,) if receipt.discrepancy else ()
    return Draft(f"sample/{sample.id}", fact, command.occurred_at, texts)


def decide_refuse(world: World, command: RefuseOffer, now: datetime) -> Decision:
    """The receiver does not take the items; the releaser holds them as before."""
    offer = _open(world, command)
    if not isinstance(offer, OfferState):
        return offer
    refused = OfferRefused(reason=command.reason, note=_digest(command.note))
    ended = SampleOfferEnded(offer=offer.id, outcome="refused", reason=command.reason)
    texts = (command.note,) if command.note else ()
    return (Draft(command.subject(), refused, command.occurred_at, texts), *_ended(offer, command, ended))


def decide_withdraw(world: World, command: WithdrawOffer, now: datetime) -> Decision:
    """The releaser takes the offer back before it is accepted."""
    offer = _open(world, command)
    if not isinstance(offer, OfferState):
        return offer
    withdrawn = OfferWithdrawn(reason=command.reason.digest)
    ended = SampleOfferEnded(offer=offer.id, outcome="withdrawn")
    taken_back = Draft(command.subject(), withdrawn, command.occurred_at, (command.reason,))
    return (taken_back, *_ended(offer, command, ended))


def _ended(offer: OfferState, command: Command, fact: SampleOfferEnded) -> Iterator[Draft]:
    return (Draft(f"sample/{item}", fact, command.occurred_at) for item in offer.samples)


def _open(
    world: World, command: AcceptOffer | RefuseOffer | WithdrawOffer
) -> OfferState | OfferClosed | UnknownReference:
    offer = world.offers.get(command.offer)
    if offer is None:
        return UnknownReference(command.subject())
    if offer.status != "open":
        return OfferClosed(command.target(), f"The offer is {offer.status}; make a new one.")
    return offer


def _digest(text: SealedValue | None) -> str | None:
    return text.digest if text else None


FACTS = (OfferMade, OfferAccepted, OfferRefused, OfferWithdrawn)


def apply(state: OfferState | None, event: Event) -> OfferState:
    """The offer after `event`; OutOfOrder for one that cannot follow."""
    match state, event.fact():
        case None, OfferMade() as fact:
            return _made(event, fact)
        case OfferState(status="open") as standing, OfferAccepted():
            return replace(standing, status="accepted", **moved(event))
        case OfferState(status="open") as standing, OfferRefused() as fact:
            return replace(standing, status="refused", refusal=fact.reason, **moved(event))
        case OfferState(status="open") as standing, OfferWithdrawn():
            return replace(standing, status="withdrawn", **moved(event))
        case _:
            raise OutOfOrder(f"{event.type} does not follow in the history of {event.subject}")


def _made(event: Event, fact: OfferMade) -> OfferState:
    return OfferState(
        **born(event),
        from_org=fact.from_org,
        from_person=acted(event)[1],
        to_org=fact.to_org,
        samples=tuple(fact.samples),
        purpose=fact.purpose,
        transport=fact.transport,
        temperature=fact.temperature,
        courier=fact.courier,
        note=fact.note,
        status="open",
        refusal=None,
    )
