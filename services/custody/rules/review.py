"""Reviews: what is looked at before the end of its keeping. A review opens nothing but itself. PURE.

Source of the practice: evidence is reviewed at set times before its last day, by people, and never by the clock itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from services.custody.policy.days import months_before
from services.custody.rules.sample import SampleState
from services.custody.rules.state import OutOfOrder, State, born
from shared.accounts import clock_command, subject_of
from shared.events import Draft, Event
from shared.facts.retention import ReviewedItem, ReviewOpened, SampleReviewOpened

MOST_ITEMS = 100
"""Items of one review: one event names them all."""
OVER = 0
"""The lead of an item whose last day has passed."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """An item of a review, and the last day of its keeping by the rule and version that stood then."""

    sample: str
    until: date
    rule: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewState(State):
    """A review of items of one case. `lead` in months; 0: their keeping was over."""

    case: str
    lead: int
    items: tuple[Reviewed, ...]


def lead_of(until: date, leads: Sequence[int], today: date) -> int | None:
    """The shortest lead that an item with this last day has reached, OVER behind that day; None: there is time."""
    if until < today:
        return OVER
    return next((lead for lead in sorted(leads) if _reached(until, lead, today)), None)


def _reached(until: date, lead: int, today: date) -> bool:
    begins = months_before(until, lead)
    return begins is not None and begins <= today


def decide_reviews(samples: Iterable[SampleState], leads: Sequence[int], today: date) -> tuple[Draft, ...]:
    """A review for each case and lead that items have newly reached. An item that is past several opens the nearest."""
    groups: dict[tuple[str, int], list[SampleState]] = {}
    for sample in sorted(samples, key=lambda one: one.id):
        lead = None if sample.retention_until is None else lead_of(sample.retention_until, leads, today)
        if lead is not None and (sample.review_lead is None or lead < sample.review_lead):
            groups.setdefault((sample.case, lead), []).append(sample)
    drafts: list[Draft] = []
    for (case, lead), items in sorted(groups.items()):
        for first in range(0, len(items), MOST_ITEMS):
            drafts += _review(case, lead, items[first : first + MOST_ITEMS])
    return tuple(drafts)


def _review(case: str, lead: int, items: Sequence[SampleState]) -> list[Draft]:
    """The id follows from what is reviewed: a database that was set back opens the same review again, and no second."""
    named = " ".join(f"{one.id}/{one.version}" for one in items)
    review = subject_of(clock_command(f"review of {named}", lead))
    opened = ReviewOpened(case=case, lead_months=lead, items=[_item(one) for one in items])
    return [
        Draft(f"review/{review}", opened),
        *(
            Draft(
                f"sample/{one.id}",
                SampleReviewOpened(review=review, lead_months=lead, until=_until(one)),
            )
            for one in items
        ),
    ]


def _item(sample: SampleState) -> ReviewedItem:
    return ReviewedItem(
        sample=sample.id, label=sample.label, held_by=sample.custodian_org, until=_until(sample),
        rule=sample.retention_rule, version=sample.retention_version,
    )  # fmt: skip


def _until(sample: SampleState) -> date:
    if sample.retention_until is None:
        raise ValueError("an item without a last day is not reviewed")
    return sample.retention_until


FACTS = (ReviewOpened,)


def apply(state: ReviewState | None, event: Event) -> ReviewState:
    """The review that its only fact makes; OutOfOrder for any other."""
    fact = event.fact()
    if state is not None or not isinstance(fact, ReviewOpened):
        raise OutOfOrder(f"{event.type} does not follow in the history of {event.subject}")
    items = (Reviewed(one.sample, one.until, one.rule, one.version) for one in fact.items)
    return ReviewState(**born(event), case=fact.case, lead=fact.lead_months, items=tuple(items))
