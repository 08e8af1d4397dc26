"""Does a later version of a rule ever end earlier? Both are run on facts made up for it: a change is judged by what it
does, not by how it is written. PURE: the facts come from a fixed seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, get_args

from services.custody.policy.anchors import CASE_ANCHORS, ITEM_ANCHORS, PERSON_ANCHORS
from services.custody.policy.calendars import Calendar, Suspended
from services.custody.policy.engine import answer
from services.custody.policy.expressions import Days
from services.custody.policy.facts import (
    CaseFacts,
    ItemFacts,
    NoticeFact,
    NoticeFacts,
    ObjectionFact,
    PersonFacts,
    Recipient,
    RoleOf,
    Statement,
)
from services.custody.policy.question import Answer, CaseQuestion, NoticeQuestion, Question
from services.custody.policy.rules import (
    CHAIN,
    CaseStart,
    NoticeRule,
    Proof,
    RecipientKind,
    RetentionCase,
    RetentionRule,
    Service,
    Source,
)
from shared.facts.cases import CaseRole

RETENTION_PROBES = 1500
NOTICE_PROBES = 1500
DAYS = tuple(date.fromisoformat(day) for day in (
    "1995-03-31", "2004-02-29", "2013-07-15", "2021-12-31", "2036-08-31",
))  # fmt: skip
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CALENDAR = Calendar(
    id="probe",
    version=1,
    zone="Etc/UTC",
    source="a probe",
    suspended=(Suspended(date(2026, 3, 2), date(2026, 3, 20), "a probe"),),
    covers_from=date(1900, 1, 1),
    covers_to=date(2300, 1, 1),
)
PROOFS: tuple[Proof, ...] = tuple(proof for proof in get_args(Proof) if proof != "mail_server")
SHORT = RetentionRule(
    id="PROBE",
    version=1,
    source=Source("a probe", True, "S"),
    valid_from=date(1990, 1, 1),
    says={},
    cases=(RetentionCase(Days(1, "collection")),),
)


def shorter(earlier: RetentionRule | NoticeRule, later: RetentionRule | NoticeRule) -> str | None:
    """Facts under which the later version ends earlier, in words; None if none of the probes finds any."""
    if isinstance(earlier, RetentionRule) and isinstance(later, RetentionRule):
        return _retention(earlier, later)
    if isinstance(earlier, NoticeRule) and isinstance(later, NoticeRule):
        return _notice(earlier, later)
    return None


def _retention(earlier: RetentionRule, later: RetentionRule) -> str | None:
    for probe in _cases((earlier, later), RETENTION_PROBES):
        before, after = (
            answer(
                Question(calendars=(CALENDAR,), item=probe.item, cases=(CaseQuestion(probe.case, (rule,)),))
            ).keep.until
            for rule in (earlier, later)
        )
        if after is not None and (before is None or after < before):
            return f"kept until {after} instead of {before or 'without end'} ({probe.said})"
    return None


def _notice(earlier: NoticeRule, later: NoticeRule) -> str | None:
    dice = Random(7)
    for probe in _cases((earlier, later), NOTICE_PROBES):
        facts, kept = _facts((earlier, later), dice), (SHORT,) if dice.random() < 0.7 else ()
        before, after = (
            answer(
                Question(
                    calendars=(CALENDAR,),
                    item=probe.item,
                    cases=(CaseQuestion(probe.case, kept),),
                    notice=NoticeQuestion((rule,), facts),
                )
            )
            for rule in (earlier, later)
        )
        if (told := _sooner(before, after)) is not None:
            return f"{told} ({probe.said or 'any case'})"
    return None


def _sooner(before: Answer, after: Answer) -> str | None:
    """What of the later answer protects less."""
    for was, now in ((before.permitted_at, after.permitted_at), (_opens(before), _opens(after))):
        if now is not None and (was is None or now < was):
            return f"permitted from {now.isoformat()} instead of {was.isoformat() if was else 'never'}"
    was_by, now_by = (one.window.notice_by if one.window is not None else None for one in (before, after))
    if was_by is not None and (now_by is None or now_by > was_by):
        return f"notice by {now_by or 'no day'} instead of {was_by}"
    return None


def _opens(found: Answer) -> datetime | None:
    return found.window.opens_at if found.window is not None else None


@dataclass(frozen=True, slots=True)
class _Case:
    item: ItemFacts
    case: CaseFacts
    said: str


def _cases(rules: Sequence[RetentionRule | NoticeRule], n: int) -> Iterator[_Case]:
    """Items and cases of which more and less is known, in terms of what the rules ask."""
    words = frozenset(word for rule in rules for word in _words(rule))
    named: list[Any] = sorted(words & frozenset(get_args(CaseRole))) or ["convicted"]
    asked = sorted(
        {(name, code) for rule in rules for when in _whens(rule) for name, codes in when.items() for code in codes}
    )
    options = {name: [code for other, code in asked if other == name] for name, _ in asked}
    dice = Random(5)
    for _ in range(n):
        known = {name: dice.choice((*codes, *codes, "other", "")) for name, codes in options.items()}
        persons = tuple(
            PersonFacts(f"p{place}", (RoleOf(dice.choice(named)),), _dates(sorted(words & PERSON_ANCHORS), dice))
            for place in range(dice.choice((0, 1, 1, 1, 2, 2)))
        )
        circumstances: dict[Any, tuple[Statement[str], ...]] = {
            name: (Statement(code, "court"),) for name, code in known.items() if code
        }
        case = CaseFacts(
            "case",
            persons,
            _dates(sorted(words & CASE_ANCHORS), dice),
            circumstances,
        )
        item = ItemFacts("item", _dates(sorted((words & ITEM_ANCHORS) | {"collection"}), dice))
        yield _Case(item, case, _said(item, case))


def _said(item: ItemFacts, case: CaseFacts) -> str:
    """The facts of a probe in short."""
    dates = (*item.dates.items(), *case.dates.items())
    parts = [f"{name} {said[-1].value}" for name, said in case.circumstances.items()]
    parts += [f"{name} {said[-1].value}" for name, said in dates]
    for person in case.persons:
        days = ", ".join(f"{name} {said[-1].value}" for name, said in person.dates.items())
        parts.append(f"{person.roles[0].role} with {days or 'nothing'}")
    return "; ".join(parts)


def _dates(anchors: Sequence[str], dice: Random) -> dict[Any, tuple[Statement[date], ...]]:
    drawn = ((anchor, dice.choice(DAYS) + timedelta(days=dice.randrange(40))) for anchor in anchors)
    return {anchor: (Statement(day, "court"),) for anchor, day in drawn if dice.random() < 0.85}


def _words(value: Any) -> Iterator[str]:
    """Every word in a rule."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _words(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _words(getattr(value, field.name))


def _whens(rule: RetentionRule | NoticeRule) -> Iterator[Any]:
    yield from (case.when for case in rule.cases) if isinstance(rule, RetentionRule) else rule.forbidden


def _facts(rules: Sequence[NoticeRule], dice: Random) -> NoticeFacts:
    """Notices to everybody whom the rules name: most of them served, some of them not."""
    words = frozenset(word for rule in rules for word in _words(rule)) | frozenset(CHAIN)
    kinds = [kind for kind in get_args(RecipientKind) if kind in words]
    recipients = tuple(Recipient(kind, kind) for kind in kinds if dice.random() < 0.9)
    starts = [
        one for one in (*get_args(Service), "delivered", *get_args(CaseStart)) if one in words or one == "order_entered"
    ]
    delay = timedelta(days=dice.choice((0, 0, 3, 30)))
    made = [fact for one in recipients for fact in _of(one.id, starts, delay, dice)]
    made += [
        _fact(kind, None, 20, delay, dice) for kind in starts if kind in get_args(CaseStart) and dice.random() < 0.9
    ]
    return NoticeFacts(
        recipients=recipients,
        facts=tuple(sorted(made, key=lambda fact: fact.recorded_at)),
        objections=tuple(_objection(dice) for _ in range(dice.choice((0, 0, 0, 1)))),
        planned_on=date(2026, 9, 1) + timedelta(days=dice.randrange(60)),
    )


def _of(recipient: str, starts: Sequence[str], delay: timedelta, dice: Random) -> Iterator[NoticeFact]:
    yield _fact("sent", recipient, 0, delay, dice)
    for kind in starts:
        if kind not in get_args(CaseStart) and dice.random() < 0.95:
            yield _fact(kind, recipient, 12, delay, dice)
    if kind_of := dice.choice(("", "", "", "served", "received", "bounced", "consented")):
        yield _fact(kind_of, recipient, 12, delay, dice)


def _fact(kind: Any, recipient: str | None, after: int, delay: timedelta, dice: Random) -> NoticeFact:
    """A fact between `after` and `after + 10` days from noon of the first day, recorded after a delay."""
    at = NOON + timedelta(days=after, hours=dice.randrange(240))
    proof = dice.choice(PROOFS) if kind in get_args(Service) else None
    return NoticeFact(kind=kind, at=at, recorded_at=at + delay, by="court", recipient=recipient, proof=proof)


def _objection(dice: Random) -> ObjectionFact:
    resolved: Any = dice.choice((None, "withdrawn", "court_permits", "court_permits", "court_forbids"))
    return ObjectionFact(at=NOON + timedelta(days=15, hours=dice.randrange(100)), resolved=resolved)
