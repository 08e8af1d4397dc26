"""Persons: opaque ids; the name is sealed, and may be erased. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from services.custody.rules.command import Command, Decision
from services.custody.rules.state import OutOfOrder, State, born
from shared.events import Draft, Event
from shared.facts.people import PersonRegistered
from shared.sealed import SealedValue

if TYPE_CHECKING:
    from services.custody.rules.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPerson(Command):
    """Register a person: an officer, a party of a case, or counsel."""

    subject_is: ClassVar[str] = "person/{0.id}"

    id: str
    person_name: SealedValue


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonState(State):
    """A person; `person_name` is the digest of the name."""

    person_name: str


def decide_register(world: World, command: RegisterPerson, now: datetime) -> Decision:
    """A person is registered as stated."""
    fact = PersonRegistered(person_name=command.person_name.digest)
    return (Draft(command.subject(), fact, command.occurred_at, (command.person_name,)),)


FACTS = (PersonRegistered,)


def apply(state: PersonState | None, event: Event) -> PersonState:
    """The person after `event`; OutOfOrder for one that cannot follow."""
    fact = event.fact()
    if state is not None or not isinstance(fact, PersonRegistered):
        raise OutOfOrder(f"{event.type} does not follow in the history of {event.subject}")
    return PersonState(**born(event), person_name=fact.person_name)
