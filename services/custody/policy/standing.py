"""Which of several statements stand: a court's word, and claims that only ever lengthen. PURE.

docs/law/counting.md, point 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.custody.policy.facts import CaseFacts, Codes, Days, ItemFacts, PersonFacts, Statement, Value
from services.custody.policy.rules import Circumstance, Circumstances
from shared.facts.cases import CaseRole


@dataclass(frozen=True, slots=True)
class Standing:
    """The day that holds; None: unknown. `claimed`: somebody stated one, and no court did."""

    day: date | None
    claimed: bool = False


def of_court(statements: Days) -> Standing:
    """The day of a person or a case: a court's last word, or a later claim since."""
    spoken = _since_court(statements)
    if spoken is None:
        return Standing(None, claimed=bool(statements))
    return Standing(_latest(spoken))


def of_item(statements: Days) -> Standing:
    """The day of an item: the latest that anybody stated since a court's last word, if there was one."""
    return Standing(_latest(_since_court(statements) or statements))


def _since_court(statements: Sequence[Statement[Value]]) -> Sequence[Statement[Value]] | None:
    """The court's last statement and all that came after it; None without one."""
    courts = [place for place, statement in enumerate(statements) if statement.by == "court"]
    return statements[courts[-1] :] if courts else None


def _latest(statements: Sequence[Statement[date]]) -> date | None:
    """The latest of the stated days; *has not happened* is later than any."""
    days = [statement.value for statement in statements]
    return max((day for day in days if day is not None), default=None) if None not in days else None


@dataclass(frozen=True, slots=True)
class Possible:
    """The values that a circumstance may have; `anything`: and any other, too."""

    values: frozenset[str]
    anything: bool


def possible(circumstance: Circumstance, item: ItemFacts, case: CaseFacts) -> Possible:
    """What a circumstance may be, by what was stated of the item or else of its case."""
    own = item.circumstances.get(circumstance, ())
    if own:
        return _possible(_since_court(own) or own, anything=False)
    stated: Codes = case.circumstances.get(circumstance, ())
    spoken = _since_court(stated)
    return _possible(stated if spoken is None else spoken, anything=spoken is None)


def _possible(statements: Sequence[Statement[str]], anything: bool) -> Possible:
    values = frozenset(statement.value for statement in statements if statement.value is not None)
    return Possible(values, anything or any(statement.value is None for statement in statements))


def may_hold(when: Circumstances, item: ItemFacts, case: CaseFacts) -> bool:
    """Whether each circumstance may have one of the named values."""
    found = ((possible(name, item, case), frozenset(allowed)) for name, allowed in when.items())
    return all(known.anything or known.values & allowed for known, allowed in found)


def must_hold(when: Circumstances, item: ItemFacts, case: CaseFacts) -> bool:
    """Whether each circumstance can have none but the named values."""
    found = ((possible(name, item, case), frozenset(allowed)) for name, allowed in when.items())
    return all(not known.anything and known.values <= allowed for known, allowed in found)


def holders(case: CaseFacts, roles: Sequence[CaseRole]) -> tuple[PersonFacts, ...]:
    """The persons of the case who have one of the roles; a role ends by a court's word alone."""
    return tuple(one for one in case.persons if any(held.role in roles and not held.ended for held in one.roles))
