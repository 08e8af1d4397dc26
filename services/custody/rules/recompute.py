"""Until when items are kept, computed anew: the facts of their case changed, or a text came into force. PURE.

What the engine says of the facts stands, a nearer end too: by its contract a claim never makes one, only a court's word
does, or the withdrawal of a statement by who made it (docs/law/counting.md, 10). When a text comes into force, no end
becomes nearer (G10).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from services.custody.policy.changing import Change, change
from services.custody.policy.retention import Law, later
from services.custody.rules.case import CaseState
from services.custody.rules.case_facts import facts_of
from services.custody.rules.sample import SampleState, keeping
from shared.events import Draft
from shared.facts.retention import Because, SampleRetentionChanged
from shared.facts.samples import Retention


def decide_recompute(
    case: CaseState, samples: Iterable[SampleState], law: Law, because: Because, now: datetime
) -> tuple[Draft, ...]:
    """A fact for each item of the case that is kept by another rule or until another day than stands."""
    drafts = []
    for sample in samples:
        computed = keeping(sample, case, law, sample.collected_latest, now)
        if because == "rule_came_into_force":
            computed = later(sample.retention, computed)
        if computed != sample.retention:
            fact = SampleRetentionChanged(retention=computed, was=sample.retention, because=because, case=case.id)
            drafts.append(Draft(f"sample/{sample.id}", fact))
    return tuple(drafts)


def under_pack(case: CaseState, collected_latest: date, was: Retention, law: Law, now: datetime) -> Change | None:
    """What a pack that comes into force changes of an item that is kept as `was`; None for nothing."""
    return change(was, law.retention(case, facts_of, collected_latest, now))


def decide_under_pack(sample: SampleState, case: CaseState, law: Law, now: datetime) -> Draft | None:
    """The fact that an item is kept by a pack that comes into force."""
    one = under_pack(case, sample.collected_latest, sample.retention, law, now)
    if one is None:
        return None
    fact = SampleRetentionChanged(
        retention=one.becomes, was=one.was, because="pack_change", case=case.id, rule_alone=one.rule_alone
    )
    return Draft(f"sample/{sample.id}", fact)
