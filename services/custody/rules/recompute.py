"""Until when items are kept, computed anew: the facts of their case changed, or a text came into force. PURE.

What the engine says of the facts stands, a nearer end too: by its contract a claim never makes one, only a court's word
does, or the withdrawal of a statement by who made it (docs/law/counting.md, 10). When a text comes into force, no end
becomes nearer (G10).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from services.custody.policy.retention import Law, later
from services.custody.rules.case import CaseState
from services.custody.rules.case_facts import facts_of
from services.custody.rules.sample import SampleState
from shared.events import Draft
from shared.facts.retention import Because, SampleRetentionChanged


def decide_recompute(
    case: CaseState, samples: Iterable[SampleState], law: Law, because: Because, now: datetime
) -> tuple[Draft, ...]:
    """A fact for each item of the case that is kept by another rule or until another day than stands."""
    drafts = []
    for sample in samples:
        computed = law.retention(case, facts_of, sample.collected_latest, now)
        if because == "rule_came_into_force":
            computed = later(sample.retention, computed)
        if computed != sample.retention:
            fact = SampleRetentionChanged(retention=computed, was=sample.retention, because=because, case=case.id)
            drafts.append(Draft(f"sample/{sample.id}", fact))
    return tuple(drafts)
