"""Proposals of destruction: they open the way to notice; nothing here destroys. PURE."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, ClassVar, Literal

from services.custody.policy.retention import later
from services.custody.refusals import (
    AlreadyProposed,
    CasesDiffer,
    PlannedInThePast,
    ProposalClosed,
    RetentionNotOver,
    UnderHold,
    UnknownReference,
)
from services.custody.rules.command import Command, Decision
from services.custody.rules.hold import over
from services.custody.rules.sample import SampleState, keeping
from services.custody.rules.state import OutOfOrder, State, acted, born, moved
from shared.errors import Refusal
from shared.events import Draft, Event
from shared.facts.proposals import (
    Method,
    ProposalMade,
    ProposalRule,
    ProposalWithdrawn,
    ProposedItem,
    Reason,
    Recipient,
    SampleDestructionProposed,
    SampleDestructionWithdrawn,
)
from shared.facts.samples import Retention
from shared.sealed import SealedValue

if TYPE_CHECKING:
    from services.custody.rules.case import CaseState
    from services.custody.rules.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeProposal(Command):
    """Propose that items of one case be destroyed on a day, not before it."""

    subject_is: ClassVar[str] = "proposal/{0.id}"
    target_is: ClassVar[str] = "sample/{0.samples[0]}"

    id: str
    samples: tuple[str, ...]
    planned_on: date
    reason: Reason
    method: Method
    explanation: SealedValue | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawProposal(Command):
    """Take a proposal back; a new one starts every notice anew."""

    subject_is: ClassVar[str] = "proposal/{0.proposal}"

    proposal: str
    reason: SealedValue


@dataclass(frozen=True, slots=True)
class ProposalRecipient:
    """A party that must be told, in a capacity and a case."""

    person: str
    case: str
    capacity: Literal["counsel_of_record"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalState(State):
    """A proposal; its items and recipients are fixed when it is made."""

    proposed_by_org: str
    proposed_by_person: str
    samples: tuple[str, ...]
    cases: tuple[str, ...]
    planned_on: date
    reason: Reason
    method: Method
    rule_id: str
    rule_version: int
    recipients: tuple[ProposalRecipient, ...]
    explanation: str | None
    status: Literal["open", "withdrawn"]


def decide_make(world: World, command: MakeProposal, now: datetime) -> Decision:
    """Items of one case, kept as long as they must be, are proposed for a day to come; counsel of record is told."""
    absent = [item for item in command.samples if item not in world.samples]
    if absent:
        return UnknownReference(f"sample/{absent[0]}")
    items = [world.samples[item] for item in dict.fromkeys(command.samples)]
    refusal = _unfit(world, command, items, now)
    if refusal is not None:
        return refusal
    made = ProposalMade(
        items=[_item(sample, _kept(world, sample, now)) for sample in items],
        planned_on=command.planned_on,
        reason=command.reason,
        method=command.method,
        rule=_rule(world, now),
        recipients=_recipients(world.cases[items[0].case]),
        explanation=command.explanation.digest if command.explanation else None,
    )
    proposed = SampleDestructionProposed(proposal=command.id, planned_on=command.planned_on)
    texts = (command.explanation,) if command.explanation else ()
    return (
        Draft(command.subject(), made, sealed=texts),
        *(Draft(f"sample/{sample.id}", proposed) for sample in items),
    )


def _rule(world: World, now: datetime) -> ProposalRule:
    """The rule of notice in force today, where the pack has one; the pack, where it has none or several."""
    rule, version = world.law.notice_rule(now)
    return ProposalRule(id=rule, version=version)


def _unfit(world: World, command: MakeProposal, items: list[SampleState], now: datetime) -> Refusal | None:
    if command.planned_on <= now.astimezone(UTC).date():
        return PlannedInThePast(command.target(), "Name a day after today (UTC).")
    for sample in items:
        target = f"sample/{sample.id}"
        if sample.case != items[0].case:
            return CasesDiffer(target, "Make one proposal for each case.")
        if holds := over(world.holds.values(), sample):
            return UnderHold(target, f"It is under the hold {holds[0].id}; whoever set it, or a court, may lift it.")
        if sample.proposal is not None:
            return AlreadyProposed(target, f"It is under the proposal {sample.proposal}.")
        kept = _kept(world, sample, now)
        if kept.until is None:
            detail = f"By rule {kept.rule} version {kept.version} it is kept: what the rule asks for is not known."
            return RetentionNotOver(target, detail)
        if command.planned_on <= kept.until:
            detail = f"By rule {kept.rule} version {kept.version} it is kept until "
            return RetentionNotOver(target, f"{detail}{kept.until.isoformat()}, that day included.")
    return None


def _kept(world: World, sample: SampleState, now: datetime) -> Retention:
    """Until when the item is kept by today's facts and texts, or as it stands, whichever is later (G2, G10)."""
    computed = keeping(sample, world.cases[sample.case], world.law, sample.collected_latest, now)
    return later(sample.retention, computed)


def _item(sample: SampleState, kept: Retention) -> ProposedItem:
    """What the proposal says of an item; `_unfit` has refused one whose keeping has no known end."""
    assert kept.until is not None  # noqa: S101
    return ProposedItem(
        sample=sample.id,
        case=sample.case,
        label=sample.label,
        kind=sample.kind,
        held_by=sample.custodian_org,
        retention_until=kept.until,
    )


def _recipients(case: CaseState) -> list[Recipient]:
    counsel = sorted({appointment.counsel for appointment in case.counsel})
    return [Recipient(person=person, case=case.id, capacity="counsel_of_record") for person in counsel]


def decide_withdraw(world: World, command: WithdrawProposal, now: datetime) -> Decision:
    """A proposal is taken back, for a reason; its items are under none."""
    proposal = world.proposals.get(command.proposal)
    if proposal is None:
        return UnknownReference(command.subject())
    if proposal.status != "open":
        return ProposalClosed(command.target(), "It was withdrawn; make a new one.")
    withdrawn = SampleDestructionWithdrawn(proposal=proposal.id)
    return (
        Draft(command.subject(), ProposalWithdrawn(reason=command.reason.digest), sealed=(command.reason,)),
        *(Draft(f"sample/{item}", withdrawn) for item in proposal.samples),
    )


FACTS = (ProposalMade, ProposalWithdrawn)


def apply(state: ProposalState | None, event: Event) -> ProposalState:
    """The proposal after `event`; OutOfOrder for one that cannot follow."""
    match state, event.fact():
        case None, ProposalMade() as fact:
            return _made(event, fact)
        case ProposalState(status="open") as standing, ProposalWithdrawn():
            return replace(standing, status="withdrawn", **moved(event))
        case _:
            raise OutOfOrder(f"{event.type} does not follow in the history of {event.subject}")


def _made(event: Event, fact: ProposalMade) -> ProposalState:
    org, person = acted(event)
    return ProposalState(
        **born(event),
        proposed_by_org=org,
        proposed_by_person=person,
        samples=tuple(item.sample for item in fact.items),
        cases=tuple(sorted({item.case for item in fact.items})),
        planned_on=fact.planned_on,
        reason=fact.reason,
        method=fact.method,
        rule_id=fact.rule.id,
        rule_version=fact.rule.version,
        recipients=tuple(ProposalRecipient(one.person, one.case, one.capacity) for one in fact.recipients),
        explanation=fact.explanation,
        status="open",
    )
