"""Until which day an item is kept, by the pack of the installation: what is recorded of it. PURE.

Of the pack's texts all count that came into force by today and may hold for the item in one of its cases; the one that
keeps longest is named. Where none may hold, or its end is not known, the item is kept (docs/law/counting.md, 13, 14).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, TypeVar

from services.custody.policy.facts import CaseFacts, ItemFacts, Statement
from services.custody.policy.keeping import keep
from services.custody.policy.outcome import Keep
from services.custody.policy.question import CaseQuestion
from services.custody.policy.released import entries
from services.custody.policy.rules import Pack, RetentionRule
from services.custody.policy.shipped import packs
from services.custody.policy.standing import may_hold
from shared.canonical import canonical
from shared.facts import people
from shared.facts.samples import Retention

Case = TypeVar("Case", bound=Hashable)
KNOWN = 4096
"""How many retentions a law remembers."""


def retention(pack: Pack, item: ItemFacts, cases: tuple[CaseFacts, ...], today: date) -> Retention:
    """The rule that keeps longest, its version and last day; None for a day: never over, as the facts stand."""
    found = [_by(rule, item, cases) for rule in pack.retention if rule.valid_from <= today]
    applying = [one for one in found if one is not None]
    if not applying:
        return Retention(rule=pack.id, version=pack.version, until=None)
    never = [one for one in applying if one.until is None]
    return never[0] if never else max(applying, key=lambda one: one.until or date.max)


def missing(pack: Pack, item: ItemFacts, cases: tuple[CaseFacts, ...], today: date) -> tuple[str, ...]:
    """What is not known, for want of which an item has no last day: names of anchors (`discharge:<person>`),
    `circumstances`, `pending:<kind>`, `no_rule`. Empty where it has one, and where the law itself names none.
    """
    found = [_kept(rule, item, cases) for rule in pack.retention if rule.valid_from <= today]
    applying = [one for one in found if one is not None]
    if not applying:
        return ("no_rule",)
    return tuple(dict.fromkeys(name for one in applying if one.until is None for name in one.unknown))


def _by(rule: RetentionRule, item: ItemFacts, cases: tuple[CaseFacts, ...]) -> Retention | None:
    kept = _kept(rule, item, cases)
    return None if kept is None else Retention(rule=rule.id, version=rule.version, until=kept.until)


def _kept(rule: RetentionRule, item: ItemFacts, cases: tuple[CaseFacts, ...]) -> Keep | None:
    """What one text says, over the cases for which it may hold; None if there is none."""
    holding = [case for case in cases if any(may_hold(one.when, item, case) for one in rule.cases)]
    return keep(item, tuple(CaseQuestion(case, (rule,)) for case in holding)) if holding else None


def later(standing: Retention, computed: Retention) -> Retention:
    """Which of two retentions holds: never one that ends before a standing day (G2, G10).

    What stands without an end, because something was unknown, gets its end when nothing is unknown any more.
    """
    if standing.until is None or computed.until is None:
        return computed
    return computed if computed.until > standing.until else standing


def no_nearer(standing: Retention, computed: Retention) -> Retention:
    """Which of two holds where the law itself is another one: never one that ends before what stands (G10).

    What stands without an end stays so: under the rules that are left it might have become any day.
    """
    if computed.until is None:
        return computed
    return standing if standing.until is None or computed.until < standing.until else computed


class Law:
    """A pack to decide by. What it says of a case as it stands, and of a day, is computed once and kept for a while."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self._kept = lru_cache(maxsize=KNOWN)(self._computed)

    @property
    def sha256(self) -> str:
        """Which pack it is, by its contents."""
        return identity(self.pack.id).sha256

    def retention(self, case: Case, facts: Callable[[Case], CaseFacts], collected_on: date, now: datetime) -> Retention:
        """Of an item of one case; `collected_on` is the latest day that was stated for its collection."""
        return self._kept(case, facts, collected_on, now.astimezone(UTC).date())

    def notice_rule(self, now: datetime) -> tuple[str, int]:
        """Id and version of the pack's one rule of notice in force; the pack's own, if there is not just one."""
        today = now.astimezone(UTC).date()
        texts = sorted((one for one in self.pack.notice if one.valid_from <= today), key=lambda one: one.valid_from)
        found = {one.id: one.version for one in texts}
        return next(iter(found.items())) if len(found) == 1 else (self.pack.id, self.pack.version)

    def missing(self, facts: CaseFacts, now: datetime) -> tuple[str, ...]:
        """What is not known of a case, for want of which its items have no last day."""
        return missing(
            self.pack, ItemFacts("", {"collection": (Statement(now.date(), "other"),)}), (facts,), now.date()
        )

    def unverified(self) -> tuple[str, ...]:
        """The ids of the rules of keeping whose text was not seen whole, as it stands in force."""
        return tuple(dict.fromkeys(rule.id for rule in self.pack.retention if not rule.verified))

    def _computed(self, case: Any, facts: Callable[[Any], CaseFacts], collected_on: date, today: date) -> Retention:
        item = ItemFacts("", {"collection": (Statement(collected_on, "other"),)})
        return retention(self.pack, item, (facts(case),), today)


@lru_cache(maxsize=1)
def flat() -> Law:
    """The law where no other was founded: one period for all."""
    return Law(packs()["flat"])


@lru_cache(maxsize=64)
def identity(pack_id: str) -> people.Pack:
    """A shipped pack by name, version and the SHA-256 of what its rules say (RFC 8785), as leaf 0 states it."""
    pack = packs()[pack_id]
    content = canonical({"id": pack.id, "version": pack.version, "demo": pack.demo, "rules": entries(pack)})
    return people.Pack(id=pack.id, version=pack.version, sha256=hashlib.sha256(content).hexdigest())


def shipped_as(sha256: str) -> Pack | None:
    """The shipped pack of these contents; None if this program comes with other ones."""
    return next((pack for name, pack in packs().items() if identity(name).sha256 == sha256), None)
