"""Facts that time and what is stated of a case bring about: until when an item is kept, and its reviews. PURE."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.facts.base import Fact, Part
from shared.facts.samples import Retention
from shared.text import Code, Uuid

Because = Literal["case_facts", "rule_came_into_force", "pack_change"]
LeadMonths = Annotated[int, Field(ge=0, le=120)]
"""How many months before the end of its keeping an item is looked at; 0: it is over."""


class SampleRetentionChanged(Fact):
    """Subject `sample/<id>`: until when the item is kept, as the facts of its case stand now; `was` stood before.

    An end comes nearer only by a court's word, or by the withdrawal of a statement that had put it off. `rule_alone`
    stands where another pack came into force that says a nearer end: what stood is kept to, now and later.
    """

    name: ClassVar[str] = "custody.sample.retention_changed.v1"
    retention: Retention
    was: Retention
    because: Because
    case: Uuid
    rule_alone: Retention | None = None


class ReviewedItem(Part):
    """An item as it stood when its review was opened."""

    sample: Uuid
    label: Code
    held_by: Uuid
    until: date
    rule: str
    version: int


class ReviewOpened(Fact):
    """Subject `review/<id>`: the keeping of these items of a case ends within so many months. Nothing else happens."""

    name: ClassVar[str] = "custody.review.opened.v1"
    case: Uuid
    lead_months: LeadMonths
    items: Annotated[list[ReviewedItem], Field(min_length=1, max_length=100)]


class SampleReviewOpened(Fact):
    """Subject `sample/<id>`: the item is part of a review, because of the last day of its keeping."""

    name: ClassVar[str] = "custody.sample.review_opened.v1"
    review: Uuid
    lead_months: LeadMonths
    until: date
