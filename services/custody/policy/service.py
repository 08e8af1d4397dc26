"""Which of the facts about a notice start a clock, and at which instant. PURE.

docs/law/counting.md, point 17. A mail server's acceptance proves nothing; an act that the proposer dates counts from
its recording.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import get_args

from services.custody.policy.facts import NoticeFact, NoticeFacts
from services.custody.policy.outcome import Step, step
from services.custody.policy.rules import CaseStart, NoticeStep, Service
from services.custody.policy.zones import day_of

SERVICES: frozenset[str] = frozenset(get_args(Service))
CASE_STARTS: frozenset[str] = frozenset(get_args(CaseStart))
STARTS: frozenset[str] = SERVICES | CASE_STARTS | {"sent", "delivered"}


@dataclass(frozen=True, slots=True)
class Allowed:
    """From where on facts count: after `not_before` (a day of the zone), and from `since` on; None there: never."""

    zone: str
    not_before: date | None = None
    since: datetime | None = None
    never: bool = False

    def is_early(self, instant: datetime) -> bool:
        """Whether an instant lies before the notice was allowed."""
        day_is_early = self.not_before is not None and day_of(instant, self.zone) <= self.not_before
        return self.never or day_is_early or (self.since is not None and instant < self.since)


@dataclass(frozen=True, slots=True)
class Begun:
    """A fact that starts a clock, and the instant from which."""

    fact: NoticeFact
    at: datetime


@dataclass(frozen=True, slots=True)
class Served:
    """The facts that start, in the order of their recording; what is odd about the others."""

    begun: tuple[Begun, ...]
    anomalies: tuple[str, ...]
    steps: tuple[Step, ...]


def instant(fact: NoticeFact) -> datetime:
    """When a fact counts from: as it is dated by those who do not propose; else not before its recording."""
    if fact.kind == "proof_received":
        return fact.recorded_at.astimezone(UTC)
    return (max(fact.at, fact.recorded_at) if fact.by == "proposer" else fact.at).astimezone(UTC)


def serving(rule: NoticeStep, facts: NoticeFacts, allowed: Allowed) -> Served:
    """The facts that start a clock under a step of a rule."""
    standing = _uncontradicted(facts.facts)
    sent = _first_sent(standing, allowed)
    begun: list[Begun] = []
    anomalies: list[str] = []
    steps: list[Step] = []
    for place, fact in standing:
        if fact.kind not in STARTS:
            continue
        at = instant(fact)
        if fact.at > fact.recorded_at:
            anomalies.append(f"dated_ahead:{fact.kind}:{fact.recipient or ''}")
            steps.append(step("dated_ahead", kind=fact.kind, recipient=fact.recipient or "", at=fact.at))
        why = _fault(rule, fact, at, allowed, sent)
        if why is None and _bounced(rule, facts.facts, place):
            why = "bounced"
        if why is None:
            begun.append(Begun(fact, at))
            continue
        steps.append(step(why, kind=fact.kind, recipient=fact.recipient or "", at=at))
        if why in ("too_early", "acknowledged_before_sent"):
            anomalies.append(f"{why}:{fact.kind}:{fact.recipient or ''}")
    return Served(tuple(begun), tuple(anomalies), tuple(steps))


def consented(facts: NoticeFacts) -> frozenset[str]:
    """The recipients whose written consent stands."""
    standing = _uncontradicted(facts.facts)
    return frozenset(fact.recipient or "" for _, fact in standing if fact.kind == "consented")


def _uncontradicted(facts: tuple[NoticeFact, ...]) -> list[tuple[int, NoticeFact]]:
    """The facts, with their places, that no later contradiction of their recipient took away."""
    contradicted = {fact.recipient: place for place, fact in enumerate(facts) if fact.kind == "contradicted"}
    return [
        (place, fact)
        for place, fact in enumerate(facts)
        if fact.recipient is None or fact.kind in CASE_STARTS or place > contradicted.get(fact.recipient, -1)
    ]


def _first_sent(facts: list[tuple[int, NoticeFact]], allowed: Allowed) -> Callable[[str | None], datetime | None]:
    sent: dict[str | None, datetime] = {}
    for _, fact in facts:
        at = instant(fact)
        if fact.kind == "sent" and not allowed.is_early(at):
            sent[fact.recipient] = min(at, sent.get(fact.recipient, at))
    return sent.get


def _fault(
    rule: NoticeStep,
    fact: NoticeFact,
    at: datetime,
    allowed: Allowed,
    sent: Callable[[str | None], datetime | None],
) -> str | None:
    """Why a fact starts nothing; None if it does."""
    if fact.kind == "order_entered" and fact.by != "court":
        return "not_of_a_court"
    if allowed.is_early(at):
        return "too_early"
    if fact.kind in SERVICES and not _proves(rule, fact):
        return "not_proved"
    if fact.proof == "acknowledgement" and fact.kind not in CASE_STARTS:
        first = sent(fact.recipient)
        if first is None or at < first:
            return "acknowledged_before_sent"
    return None


def _proves(rule: NoticeStep, fact: NoticeFact) -> bool:
    if fact.proof is None or fact.proof == "mail_server":
        return False
    return not rule.service_by or fact.proof in rule.service_by


def _bounced(rule: NoticeStep, facts: tuple[NoticeFact, ...], place: int) -> bool:
    """Whether a sending came back, and the rule starts anew then."""
    fact = facts[place]
    if rule.on_bounce == "ignore" or fact.kind not in ("sent", "delivered"):
        return False
    return any(later.kind == "bounced" and later.recipient == fact.recipient for later in facts[place + 1 :])
