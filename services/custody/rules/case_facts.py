"""What the clock engine is told of a case. PURE.

A person's role counts from when it is recorded; dates of persons are those that a court entered (none, so far).
"""

from __future__ import annotations

from services.custody.policy.facts import CaseFacts, PersonFacts, RoleOf
from services.custody.rules.case import CaseState


def facts_of(case: CaseState) -> CaseFacts:
    """The persons of the case and their roles."""
    persons = dict.fromkeys(linked.person for linked in case.persons)
    return CaseFacts(case.id, tuple(PersonFacts(person, _roles(case, person)) for person in persons))


def _roles(case: CaseState, person: str) -> tuple[RoleOf, ...]:
    return tuple(RoleOf(linked.role) for linked in case.persons if linked.person == person)
