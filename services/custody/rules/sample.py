"""Samples: what they are, who holds them, until when they are kept. PURE."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from services.custody.policy.retention import Law, later, no_nearer
from services.custody.refusals import (
    LabelTaken,
    NothingChanges,
    NotTheCustodian,
    OccurredInTheFuture,
    SampleAlreadyOffered,
    UnknownReference,
)
from services.custody.rules.case_facts import facts_of
from services.custody.rules.clock import is_to_come
from services.custody.rules.command import Command, Decision
from services.custody.rules.state import OutOfOrder, State, acted, born, moved
from shared.built import built
from shared.errors import Refusal
from shared.events import Draft, Event
from shared.facts.offers import SampleOffered, SampleOfferEnded, SampleTransferred
from shared.facts.proposals import SampleDestructionProposed, SampleDestructionWithdrawn
from shared.facts.retention import SampleRetentionChanged, SampleReviewOpened
from shared.facts.samples import (
    Quantity,
    Retention,
    SampleAmended,
    SampleChanges,
    SampleKind,
    SampleRegistered,
    Unit,
)
from shared.sealed import SealedValue

if TYPE_CHECKING:
    from services.custody.rules.case import CaseState
    from services.custody.rules.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterSample(Command):
    """Register an item of a case; the actor's organisation and person become its first custodian."""

    subject_is: ClassVar[str] = "sample/{0.id}"
    target_is: ClassVar[str] = "case/{0.case}"

    id: str
    case: str
    kind: SampleKind
    label: str
    seal: str
    quantity: Quantity
    collected_at: datetime
    collected_place: SealedValue


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendSample(Command):
    """Correct what was said of an item, with a reason; None leaves a member as it is."""

    subject_is: ClassVar[str] = "sample/{0.sample}"

    sample: str
    reason: SealedValue
    kind: SampleKind | None = None
    label: str | None = None
    seal: str | None = None
    quantity: Quantity | None = None
    collected_at: datetime | None = None
    collected_place: SealedValue | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleState(State):
    """An item. `label` is unique within `registered_by`, the organisation that registered it.

    `holders` are the organisations that ever held it, in order of their first time; `links` counts the links
    (eslabones) of its chain. `collected_latest` is the latest day (UTC) that was ever stated for its collection: an
    earlier one, stated later, does not shorten its keeping. `offer` and `offered_to` are of the open offer, `proposal`
    is the open proposal. `review_lead` is the shortest lead, in months, at which the item was reviewed before the day
    `retention_until`; None: not yet. `floor_…` is what stood when a pack came into force that says a nearer end:
    whatever is computed later, the item is not kept less long. Without `floor_rule` there is none.
    """

    case: str
    kind: SampleKind
    label: str
    seal: str
    amount: int
    unit: Unit
    collected_at: datetime
    collected_latest: date
    collected_place: str
    root: str
    registered_by: str
    custodian_org: str
    custodian_person: str
    holders: tuple[str, ...]
    links: int
    offer: str | None
    offered_to: str | None
    proposal: str | None
    retention_rule: str
    retention_version: int
    retention_until: date | None
    review_lead: int | None
    floor_rule: str | None
    floor_version: int | None
    floor_until: date | None

    @property
    def status(self) -> Literal["held", "offered"]:
        """Whether an offer of the item waits for its receiver."""
        return "held" if self.offer is None else "offered"

    @property
    def quantity(self) -> Quantity:
        """Amount and unit."""
        return Quantity(amount=self.amount, unit=self.unit)

    @property
    def retention(self) -> Retention:
        """Rule, version and last day of keeping; None for that while nobody can say how long."""
        return Retention(rule=self.retention_rule, version=self.retention_version, until=self.retention_until)


def keeping(sample: SampleState, case: CaseState, law: Law, latest: date, now: datetime) -> Retention:
    """What the law says of the item, collected on `latest` at the latest, but no end before its floor (G10)."""
    computed = law.retention(case, facts_of, latest, now)
    if sample.floor_rule is None or sample.floor_version is None:
        return computed
    floor = Retention(rule=sample.floor_rule, version=sample.floor_version, until=sample.floor_until)
    return no_nearer(floor, computed)


def decide_register(world: World, command: RegisterSample, now: datetime) -> Decision:
    """An item of a known case is registered under a label that its organisation has not used."""
    if command.case not in world.cases:
        return UnknownReference(f"case/{command.case}")
    if is_to_come(command.collected_at, now):
        return OccurredInTheFuture(command.target(), "The item is said to be collected after now.")
    if (world.acting().org, command.label) in world.label_holders:
        return LabelTaken(command.target(), f"Your organisation has another item labelled {command.label}.")
    fact = built(SampleRegistered, {
        "case": command.case, "kind": command.kind, "label": command.label, "seal": command.seal,
        "quantity": command.quantity, "collected_at": command.collected_at,
        "collected_place": command.collected_place.digest, "root": command.id,
        "retention": world.law.retention(world.cases[command.case], facts_of, _day(command.collected_at), now),
    })  # fmt: skip
    return (Draft(command.subject(), fact, command.occurred_at, (command.collected_place,)),)


def decide_amend(world: World, command: AmendSample, now: datetime) -> Decision:
    """What was said is corrected for a reason; the period of keeping never becomes shorter (G2, G6).

    Not while an offer is open: what the receiver looks at is what it accepts (G5).
    """
    sample = world.samples.get(command.sample)
    if sample is None:
        return UnknownReference(command.subject())
    changes = _changes(sample, command)
    refusal = _unfit(world, sample, command, changes, now)
    if refusal is not None:
        return refusal
    latest = max(sample.collected_latest, _day(changes.collected_at or sample.collected_at))
    retention = later(sample.retention, keeping(sample, world.cases[sample.case], world.law, latest, now))
    fact = SampleAmended(changes=changes, reason=command.reason.digest, retention=retention)
    texts = (command.reason, command.collected_place) if command.collected_place else (command.reason,)
    return (Draft(command.subject(), fact, command.occurred_at, texts),)


def _changes(sample: SampleState, command: AmendSample) -> SampleChanges:
    """What differs from what stands. A place is sealed, so whether it differs cannot be known: it counts as new."""
    wanted: dict[str, Any] = {name: getattr(command, name) for name in ("kind", "label", "seal", "collected_at")}
    changed = {name: value for name, value in wanted.items() if value != getattr(sample, name)}
    return SampleChanges(
        **changed,
        quantity=None if command.quantity == sample.quantity else command.quantity,
        collected_place=command.collected_place.digest if command.collected_place else None,
    )


def _unfit(
    world: World, sample: SampleState, command: AmendSample, changes: SampleChanges, now: datetime
) -> Refusal | None:
    if sample.offer is not None:
        return SampleAlreadyOffered(command.target(), f"Have the offer {sample.offer} withdrawn or refused first.")
    if (changes.seal or changes.quantity) and sample.custodian_org != world.acting().org:
        return NotTheCustodian(command.target(), "Seal and quantity are for its custodian to say.")
    if changes == SampleChanges():
        return NothingChanges(command.target(), "What the amendment says stands already.")
    if changes.collected_at is not None and is_to_come(changes.collected_at, now):
        return OccurredInTheFuture(command.target(), "The item is said to be collected after now.")
    if (sample.registered_by, changes.label) in world.label_holders:
        detail = f"The organisation that registered the item has another one labelled {changes.label}."
        return LabelTaken(command.target(), detail)
    return None


FACTS = (
    SampleRegistered,
    SampleAmended,
    SampleOffered,
    SampleOfferEnded,
    SampleTransferred,
    SampleDestructionProposed,
    SampleDestructionWithdrawn,
    SampleRetentionChanged,
    SampleReviewOpened,
)


def apply(state: SampleState | None, event: Event) -> SampleState:
    """The item after `event`; OutOfOrder for one that cannot follow."""
    match state, event.fact():
        case None, SampleRegistered() as fact:
            return _registered(event, fact)
        case SampleState() as standing, SampleAmended() as fact:
            return replace(standing, **_amended(standing, fact), **moved(event))
        case SampleState() as standing, SampleOffered() as fact:
            return replace(standing, offer=fact.offer, offered_to=fact.to_org, **moved(event))
        case SampleState() as standing, SampleOfferEnded():
            return replace(standing, offer=None, offered_to=None, **moved(event))
        case SampleState() as standing, SampleTransferred() as fact:
            return replace(standing, **_transferred(standing, fact), **moved(event))
        case SampleState() as standing, SampleDestructionProposed() as fact:
            return replace(standing, proposal=fact.proposal, **moved(event))
        case SampleState() as standing, SampleDestructionWithdrawn():
            return replace(standing, proposal=None, **moved(event))
        case SampleState() as standing, SampleRetentionChanged() as fact:
            return replace(standing, **_kept(standing, fact.retention), **_floor(standing, fact), **moved(event))
        case SampleState() as standing, SampleReviewOpened() as fact:
            return replace(standing, review_lead=fact.lead_months, **moved(event))
        case _:
            raise OutOfOrder(f"{event.type} does not follow in the history of {event.subject}")


def _registered(event: Event, fact: SampleRegistered) -> SampleState:
    org, person = acted(event)
    return SampleState(
        **born(event),
        case=fact.case,
        kind=fact.kind,
        label=fact.label,
        seal=fact.seal,
        amount=fact.quantity.amount,
        unit=fact.quantity.unit,
        collected_at=fact.collected_at,
        collected_latest=_day(fact.collected_at),
        collected_place=fact.collected_place,
        root=fact.root,
        registered_by=org,
        custodian_org=org,
        custodian_person=person,
        holders=(org,),
        links=1,
        offer=None,
        offered_to=None,
        proposal=None,
        review_lead=None,
        floor_rule=None,
        floor_version=None,
        floor_until=None,
        **_retention(fact.retention),
    )


def _day(instant: datetime) -> date:
    return instant.astimezone(UTC).date()


def _amended(state: SampleState, fact: SampleAmended) -> dict[str, Any]:
    names = ("kind", "label", "seal", "collected_at", "collected_place")
    values = {name: getattr(fact.changes, name) for name in names}
    changed = {name: value for name, value in values.items() if value is not None}
    if fact.changes.quantity is not None:
        changed |= {"amount": fact.changes.quantity.amount, "unit": fact.changes.quantity.unit}
    if fact.changes.collected_at is not None:
        changed["collected_latest"] = max(state.collected_latest, _day(fact.changes.collected_at))
    return changed | _kept(state, fact.retention)


def _transferred(state: SampleState, fact: SampleTransferred) -> dict[str, Any]:
    return {
        "custodian_org": fact.to_org,
        "custodian_person": fact.to_person,
        "holders": state.holders if fact.to_org in state.holders else (*state.holders, fact.to_org),
        "links": fact.link,
        "seal": fact.seal,
        "offer": None,
        "offered_to": None,
    }


def _kept(state: SampleState, retention: Retention) -> dict[str, Any]:
    """Another last day is reviewed anew."""
    lead = state.review_lead if retention.until == state.retention_until else None
    return {"review_lead": lead, **_retention(retention)}


def _floor(state: SampleState, fact: SampleRetentionChanged) -> dict[str, Any]:
    """What stood, where the pack that came into force would have said a nearer end."""
    if fact.rule_alone is None:
        return {}
    was = fact.retention
    return {"floor_rule": was.rule, "floor_version": was.version, "floor_until": was.until}


def _retention(retention: Retention) -> dict[str, Any]:
    return {
        "retention_rule": retention.rule,
        "retention_version": retention.version,
        "retention_until": retention.until,
    }
