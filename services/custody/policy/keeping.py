"""Until when an item is kept: every text of every case, and the latest of their ends. PURE.

docs/law/counting.md, points 13 to 15.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from services.custody.policy.ends import End, Matter, end, latest
from services.custody.policy.facts import ItemFacts
from services.custody.policy.outcome import Keep, Step, step
from services.custody.policy.question import CaseQuestion
from services.custody.policy.rules import RetentionCase, RetentionRule
from services.custody.policy.standing import may_hold, must_hold, of_court


def keep(item: ItemFacts, cases: tuple[CaseQuestion, ...]) -> Keep:
    """The latest end over all cases of the item; never over for an item of no case."""
    ends = [_in_case(item, case) for case in cases] or [End(None, ("no_case",), (step("no_case", item=item.item),))]
    found = latest(ends)
    review = _review(item, cases)
    steps: list[Step] = [*found.steps]
    if review is not None:
        steps.append(step("review_by", day=review))
    return Keep(found.day, review, found.unknown, (*steps, step("kept_until", item=item.item, day=found.day)))


def _in_case(item: ItemFacts, case: CaseQuestion) -> End:
    matter = Matter(item, case.facts)
    if not case.rules:
        return End(None, (f"no_rule:{case.facts.case}",), (step("no_rule", case=case.facts.case),))
    return latest([*(_by_rule(rule, matter) for rule in case.rules), *_pending(case)])


def _pending(case: CaseQuestion) -> Iterator[End]:
    """Never, for each proceeding of which no court entered the decision."""
    for proceeding in case.facts.proceedings:
        if of_court(proceeding.decided).day is None:
            told = step("pending", kind=proceeding.kind, case=case.facts.case)
            yield End(None, (f"pending:{proceeding.kind}",), (told,))


def _by_rule(rule: RetentionRule, matter: Matter) -> End:
    """The latest over the cases of the rule that may hold, up to and with the first that must."""
    known = "verified" if rule.verified else "unverified"
    source, case = rule.source.text, matter.case.case
    applied = step("rule", rule=rule.id, version=rule.version, source=source, known=known, case=case)
    found, certain = _applying(rule, matter)
    ends = [end(one.keep, matter) for one in found]
    if certain is None:
        ends.append(End(None, ("circumstances",), (step("no_case_holds", rule=rule.id, case=matter.case.case),)))
    strictest = latest(ends)
    return End(strictest.day, strictest.unknown, (applied, *strictest.steps))


def _applying(rule: RetentionRule, matter: Matter) -> tuple[list[RetentionCase], RetentionCase | None]:
    """The cases of a rule that may hold, up to the first that must; and that one."""
    found: list[RetentionCase] = []
    for case in rule.cases:
        if may_hold(case.when, matter.item, matter.case):
            found.append(case)
        if must_hold(case.when, matter.item, matter.case):
            return found, case
    return found, None


def _review(item: ItemFacts, cases: tuple[CaseQuestion, ...]) -> date | None:
    """The earliest day by which a rule that certainly holds wants the item looked at."""
    days: list[date] = []
    for case in cases:
        matter = Matter(item, case.facts)
        for rule in case.rules:
            certain = _applying(rule, matter)[1]
            if certain is not None and certain.review_by is not None:
                day = end(certain.review_by, matter).day
                days += [day] if day is not None else []
    return min(days, default=None)
