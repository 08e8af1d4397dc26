"""When a retention expression ends, for an item in a case. PURE.

docs/law/counting.md, points 11 and 12. An end is the last day of keeping, or never, which is later than any day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.custody.policy.anchors import CASE_ANCHORS, ITEM_ANCHORS, AllOf, Anchor, AnyOf, When, named
from services.custody.policy.counting import missing_day, nominal
from services.custody.policy.expressions import (
    Days,
    Each,
    Earliest,
    Expression,
    FixedDate,
    Latest,
    Months,
    PerPerson,
    Until,
    Years,
)
from services.custody.policy.facts import CaseFacts, ItemFacts, PersonFacts
from services.custody.policy.outcome import Step, step
from services.custody.policy.rules import Unit
from services.custody.policy.standing import Standing, holders, of_court, of_item


@dataclass(frozen=True, slots=True)
class End:
    """A last day, or never (None) for want of what `unknown` names."""

    day: date | None
    unknown: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Matter:
    """An item in one of its cases; `person` while an expression is taken over persons."""

    item: ItemFacts
    case: CaseFacts
    person: PersonFacts | None = None


def end(keep: Expression, matter: Matter) -> End:
    """The end of an expression in a matter."""
    match keep:
        case Years(years=n, since=since):
            return _lasting(n, "year", since, matter)
        case Months(months=n, since=since):
            return _lasting(n, "month", since, matter)
        case Days(days=n, since=since):
            return _lasting(n, "day", since, matter)
        case Until(until=until):
            found = _found(until, matter)
            told = step("until", anchor=_words(until), person=_name(matter), day=found.day)
            return End(found.day, found.unknown, (*found.steps, told) if found.day else found.steps)
        case FixedDate(fixed_date=day):
            return End(day, (), (step("fixed_date", day=day),))
        case Latest(max=parts):
            return latest([end(part, matter) for part in parts])
        case Earliest(min=parts):
            return earliest([end(part, matter) for part in parts])
        case PerPerson(per_person=each):
            return _over_persons(each, matter)
        case _:
            return End(None, ("forever",), (step("forever"),))


def latest(ends: Sequence[End]) -> End:
    """The last of some ends: never, if one of them is."""
    return _combined(ends, "latest", None if any(one.day is None for one in ends) else max(_days(ends)))


def earliest(ends: Sequence[End]) -> End:
    """The first of some ends that there is."""
    return _combined(ends, "earliest", min(_days(ends), default=None))


def _days(ends: Sequence[End]) -> list[date]:
    return [one.day for one in ends if one.day is not None]


def _combined(ends: Sequence[End], code: str, day: date | None) -> End:
    unknown = () if day is not None else tuple(dict.fromkeys(name for one in ends for name in one.unknown))
    steps = tuple(told for one in ends for told in one.steps)
    return End(day, unknown, (*steps, step(code, of=len(ends), day=day)) if len(ends) > 1 else steps)


def _over_persons(each: Each, matter: Matter) -> End:
    persons = holders(matter.case, each.of)
    if not persons:
        roles = "|".join(each.of)
        return End(None, (f"nobody:{roles}",), (step("nobody", roles=roles, case=matter.case.case),))
    ends = [end(each.keep, Matter(matter.item, matter.case, person)) for person in persons]
    return latest(ends) if each.combine == "max" else earliest(ends)


def _lasting(n: int, unit: Unit, since: When, matter: Matter) -> End:
    found = _found(since, matter)
    if found.day is None:
        return found
    day = nominal(found.day, n, unit)
    if day is None:
        return End(None, ("beyond_time",), (*found.steps, step("beyond_time")))
    told = step(f"lasts_{unit}s", n=n, anchor=_words(since), person=_name(matter), start=found.day, day=day)
    return End(day, (), (*found.steps, told, *missing_day(found.day, unit, day)))


def _found(when: When, matter: Matter) -> End:
    """The day of an anchor, of the earliest known of several, or of all of them."""
    ends = [_anchored(anchor, matter) for anchor in named(when)]
    match when:
        case AnyOf():
            return earliest(ends)
        case AllOf():
            return latest(ends)
        case _:
            return ends[0]


def _anchored(anchor: Anchor, matter: Matter) -> End:
    standing = _standing(anchor, matter)
    if standing.day is not None:
        return End(standing.day)
    code = "claimed_anchor" if standing.claimed else "unknown_anchor"
    told = step(code, anchor=anchor, person=_name(matter), case=matter.case.case)
    return End(None, (f"{anchor}:{_name(matter)}" if matter.person else anchor,), (told,))


def _standing(anchor: Anchor, matter: Matter) -> Standing:
    if anchor in ITEM_ANCHORS:
        return of_item({str(name): stated for name, stated in matter.item.dates.items()}.get(anchor, ()))
    if anchor in CASE_ANCHORS:
        return of_court({str(name): stated for name, stated in matter.case.dates.items()}.get(anchor, ()))
    if matter.person is None:
        return Standing(None)
    return of_court({str(name): stated for name, stated in matter.person.dates.items()}.get(anchor, ()))


def _name(matter: Matter) -> str:
    return matter.person.person if matter.person else ""


def _words(when: When) -> str:
    return "|".join(named(when))
