"""Organisations: the institutions that hold, decide, defend and oversee. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from services.custody.rules.command import Command, Decision
from services.custody.rules.state import OutOfOrder, State, born
from shared.events import Draft, Event
from shared.facts.people import Organisation, OrganisationKind, OrganisationRegistered

if TYPE_CHECKING:
    from services.custody.rules.world import World

AUTHORITIES: frozenset[OrganisationKind] = frozenset({"court", "prosecutor"})
"""Kinds that keep cases."""
HOLDERS: frozenset[OrganisationKind] = frozenset({"lab", "evidence_store", "prosecutor", "court"})
"""Kinds that may hold items. A courier carries them, within its releaser's custody (G5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterOrganisation(Command):
    """Register an institution; `independent` means of the prosecution, `source` where that is known from."""

    subject_is: ClassVar[str] = "organisation/{0.id}"

    id: str
    name: str
    kind: OrganisationKind
    independent: bool
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationState(State):
    """An institution."""

    name: str
    kind: OrganisationKind
    independent: bool
    source: str | None


def decide_register(world: World, command: RegisterOrganisation, now: datetime) -> Decision:
    """An organisation is registered as it is stated."""
    organisation = Organisation(
        id=command.id,
        name=command.name,
        kind=command.kind,
        independent=command.independent,
        source=command.source,
    )
    return (Draft(command.subject(), OrganisationRegistered(organisation=organisation), command.occurred_at),)


FACTS = (OrganisationRegistered,)


def apply(state: OrganisationState | None, event: Event) -> OrganisationState:
    """The organisation after `event`; OutOfOrder for one that cannot follow."""
    fact = event.fact()
    if state is not None or not isinstance(fact, OrganisationRegistered):
        raise OutOfOrder(f"{event.type} does not follow in the history of {event.subject}")
    organisation = fact.organisation
    return OrganisationState(
        **born(event),
        name=organisation.name,
        kind=organisation.kind,
        independent=organisation.independent,
        source=organisation.source,
    )
