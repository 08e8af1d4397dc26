"""What the clock engine is told of a case: what stands there, in the order of its recording. PURE.

A court's word and a claim are told apart; which of them counts for what is the engine's (docs/law/counting.md, 10).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from services.custody.policy.facts import CaseFacts, PersonFacts, Proceeding, RoleOf, Statement
from services.custody.rules.case import CaseState
from services.custody.rules.statement import CaseStatement


def facts_of(case: CaseState) -> CaseFacts:
    """Persons, roles and days; circumstances and proceedings of the case. Nothing that was taken back."""
    stand = tuple(one for one in case.statements if not one.withdrawn)
    persons = dict.fromkeys(linked.person for linked in case.persons)
    return CaseFacts(
        case.id,
        tuple(PersonFacts(person, _roles(case, stand, person), _days(stand, person)) for person in persons),
        _days(stand, None),
        _by_name((one.name, Statement(one.value, _by(one))) for one in stand if one.about == "circumstance"),
        tuple(_proceeding(stand, one) for one in stand if one.about == "proceeding"),
    )


def _roles(case: CaseState, stand: tuple[CaseStatement, ...], person: str) -> tuple[RoleOf, ...]:
    """A role ends by a court's word alone."""
    ended = {one.name for one in stand if one.about == "role_ended" and one.person == person and one.by_court}
    return tuple(RoleOf(linked.role, linked.role in ended) for linked in case.persons if linked.person == person)


def _days(stand: tuple[CaseStatement, ...], person: str | None) -> dict[Any, tuple[Statement[date], ...]]:
    own = (one for one in stand if one.about == "date" and one.person == person)
    return _by_name((one.name, Statement(_day(one), _by(one))) for one in own)


def _proceeding(stand: tuple[CaseStatement, ...], opened: CaseStatement) -> Proceeding:
    own = (one for one in stand if one.about == "decision" and one.proceeding == opened.id)
    return Proceeding(opened.name, tuple(Statement(_day(one), _by(one)) for one in own))


def _by_name(named: Iterable[tuple[str, Statement[Any]]]) -> dict[Any, Any]:
    found: dict[str, tuple[Statement[Any], ...]] = {}
    for name, statement in named:
        found[name] = (*found.get(name, ()), statement)
    return found


def _day(one: CaseStatement) -> date | None:
    return None if one.value is None else date.fromisoformat(one.value)


def _by(one: CaseStatement) -> Any:
    return "court" if one.by_court else "other"
