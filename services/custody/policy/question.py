"""What is asked of the clock engine, whole: facts, rules, calendars. PURE.

`python -m services.custody clock FILE` reads one such question; nothing else enters the answer, not even the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.custody.policy.calendars import Calendar
from services.custody.policy.facts import CaseFacts, ItemFacts, NoticeFacts
from services.custody.policy.outcome import Keep, Step, Window
from services.custody.policy.rules import NoticeRule, RetentionRule


@dataclass(frozen=True, slots=True)
class CaseQuestion:
    """A case of the item, and the texts that stand for it: of each rule every version since the item was registered."""

    facts: CaseFacts
    rules: tuple[RetentionRule, ...] = ()


@dataclass(frozen=True, slots=True)
class NoticeQuestion:
    """The notices of a proposal, and every version of their rule that stood since the first of them."""

    rules: Annotated[tuple[NoticeRule, ...], Field(min_length=1)]
    facts: NoticeFacts = field(default_factory=NoticeFacts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`calendars` are all versions of the authority's calendar that stood since the first notice; all of one zone."""

    calendars: tuple[Calendar, ...]
    item: ItemFacts
    cases: tuple[CaseQuestion, ...]
    notice: NoticeQuestion | None = None

    def __post_init__(self) -> None:
        """ValueError without a calendar, or where its versions do not lie in one zone."""
        if len({calendar.zone for calendar in self.calendars}) != 1:
            raise ValueError("name at least one calendar; all of them are versions of one authority's, in one zone")


@dataclass(frozen=True, slots=True)
class Answer:
    """`permitted_at`: from which instant (UTC) neither retention nor notice stands in the way; None: never so far.

    It is written in ISO 8601 in the value `at` of the last step, `never` for None.
    """

    keep: Keep
    window: Window | None
    permitted_at: datetime | None
    steps: tuple[Step, ...]
