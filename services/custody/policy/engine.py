"""When may this item be given up, as far as dates go? One question, one answer, from facts and rules alone. PURE.

docs/law/counting.md, point 27.
"""

from __future__ import annotations

from datetime import datetime

from services.custody.policy.days import days_after
from services.custody.policy.keeping import keep
from services.custody.policy.notice import About, window
from services.custody.policy.outcome import Keep, Step, Window, step
from services.custody.policy.question import Answer, NoticeQuestion, Question
from services.custody.policy.versions import strictest
from services.custody.policy.zones import first_instant


def answer(asked: Question) -> Answer:
    """Until when the item is kept, what its notice opens, and the instant from which neither stands in the way."""
    kept = keep(asked.item, asked.cases)
    if asked.notice is None:
        return _answered(kept, None, None, step("no_notice"))
    opened = _windows(asked, asked.notice)
    if all(rule.role == "exit" for rule in asked.notice.rules):
        return _answered(kept, opened, opened.opens_at, step("exit"))
    after = _after(kept, asked.calendars[0].zone)
    how = step("condition", kept=after, notice=opened.opens_at)
    both = None if after is None or opened.opens_at is None else max(after, opened.opens_at)
    if both is not None and opened.closes_at is not None and opened.closes_at <= both:
        return _answered(kept, opened, None, how, step("closed_before_open", opens=both, closes=opened.closes_at))
    return _answered(kept, opened, both, how)


def _windows(asked: Question, notice: NoticeQuestion) -> Window:
    about = About(asked.item, tuple(case.facts for case in asked.cases), notice.facts)
    return strictest([window(rule, calendar, about) for rule in notice.rules for calendar in asked.calendars])


def _after(kept: Keep, zone: str) -> datetime | None:
    """The first instant after the last day of keeping."""
    day = days_after(kept.until, 1) if kept.until is not None else None
    return first_instant(day, zone) if day is not None else None


def _answered(kept: Keep, opened: Window | None, at: datetime | None, *how: Step) -> Answer:
    steps = (*kept.steps, *(opened.steps if opened is not None else ()), *how, step("permitted", at=at))
    return Answer(kept, opened, at, steps)
