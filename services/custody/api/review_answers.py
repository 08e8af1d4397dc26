"""The shapes of reviews in answers."""

from datetime import date

from services.custody.api.answers import Shape, Subject
from shared.text import Uuid


class ReviewedItemAnswer(Shape):
    """An item and the last day of its keeping, as they stood when the review was opened."""

    sample: Uuid
    until: date
    rule: str
    version: int


class ReviewAnswer(Subject):
    """A review: the keeping of these items ends within so many months; 0: it is over."""

    case: Uuid
    lead_months: int
    items: list[ReviewedItemAnswer]


class Reviews(Shape):
    """Reviews of a case, by their ids."""

    items: list[ReviewAnswer]
    next: str | None
