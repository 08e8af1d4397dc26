"""Holds: what is covered by one cannot be given up, from the moment it is recorded. PURE.

A hold is a subject of its own: placing it changes no item, so it meets no version and is never late (G3). It is not
copied either: it covers whatever shares its item's root, or is of its case, whenever that was or will be registered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Literal

from services.custody.refusals import HoldOfACourt, NotHeldAnyMore, UnknownReference
from services.custody.rules.command import Command, Decision
from services.custody.rules.state import OutOfOrder, State, acted, born, moved
from shared.events import Draft, Event
from shared.facts.holds import HoldLifted, HoldPlaced
from shared.facts.people import Role
from shared.sealed import SealedValue

if TYPE_CHECKING:
    from services.custody.rules.sample import SampleState
    from services.custody.rules.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceHold(Command):
    """Hold an item and its whole lineage, or every item of a case: one of the two is named."""

    subject_is: ClassVar[str] = "hold/{0.id}"

    id: str
    reason: SealedValue
    sample: str | None = None
    case: str | None = None

    def target(self) -> str:
        """The item or the case."""
        return f"sample/{self.sample}" if self.sample else f"case/{self.case}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftHold(Command):
    """End a hold, with a reason."""

    subject_is: ClassVar[str] = "hold/{0.hold}"

    hold: str
    reason: SealedValue


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldState(State):
    """A hold. `root` None: on every item of the case. `placed_as` is the role in which it was set."""

    case: str
    sample: str | None
    root: str | None
    reason: str
    placed_by_org: str
    placed_by_person: str
    placed_as: Role
    status: Literal["standing", "lifted"]

    def covers(self, root: str, case: str) -> bool:
        """Whether an item with this root, of this case, may not be given up because of this hold."""
        return self.status == "standing" and (self.case == case if self.root is None else self.root == root)


def over(holds: Iterable[HoldState], sample: SampleState) -> list[HoldState]:
    """The standing holds that cover an item, the oldest first."""
    found = [hold for hold in holds if hold.covers(sample.root, sample.case)]
    return sorted(found, key=lambda hold: (hold.updated_at, hold.id))


def decide_place(world: World, command: PlaceHold, now: datetime) -> Decision:
    """Of what there is, anything may be held, by everyone whom the table names, as often as they like."""
    if command.sample is None:
        if command.case not in world.cases:
            return UnknownReference(command.target())
        case, root = command.case, None
    else:
        sample = world.samples.get(command.sample)
        if sample is None:
            return UnknownReference(command.target())
        case, root = sample.case, sample.root
    fact = HoldPlaced(case=case, sample=command.sample, root=root, reason=command.reason.digest)
    return (Draft(command.subject(), fact, command.occurred_at, (command.reason,)),)


def decide_lift(world: World, command: LiftHold, now: datetime) -> Decision:
    """A court's hold is lifted by that court alone; another's by whoever set it, or by a court (authorise)."""
    hold = world.holds.get(command.hold)
    if hold is None:
        return UnknownReference(command.subject())
    if hold.placed_as == "court" and hold.placed_by_org != world.acting().org:
        return HoldOfACourt(command.target(), "Ask the court that set it.")
    if hold.status != "standing":
        return NotHeldAnyMore(command.target(), "It was lifted; there is nothing left to do.")
    fact = HoldLifted(reason=command.reason.digest)
    return (Draft(command.subject(), fact, command.occurred_at, (command.reason,)),)


FACTS = (HoldPlaced, HoldLifted)


def apply(state: HoldState | None, event: Event) -> HoldState:
    """The hold after `event`; OutOfOrder for one that cannot follow."""
    match state, event.fact():
        case None, HoldPlaced() as fact:
            return _placed(event, fact)
        case HoldState(status="standing") as standing, HoldLifted():
            return replace(standing, status="lifted", **moved(event))
        case _:
            raise OutOfOrder(f"{event.type} does not follow in the history of {event.subject}")


def _placed(event: Event, fact: HoldPlaced) -> HoldState:
    org, person = acted(event)
    return HoldState(
        **born(event), case=fact.case, sample=fact.sample, root=fact.root, reason=fact.reason, placed_by_org=org,
        placed_by_person=person, placed_as=event.actor.role, status="standing",  # type: ignore[arg-type]
    )  # fmt: skip
