"""Every version of a notice rule with every version of the calendar (point 26)."""

from datetime import date, datetime
from typing import Any

from tests.services.custody.policy.second.noticing import Found, Notice


def merged(question: dict[str, Any]) -> Found:
    """What stands of all that was computed."""
    notice = question.get("notice")
    if notice is None:
        return Found()
    each = [Notice(rule, calendar, question).found() for rule in notice["rules"] for calendar in question["calendars"]]
    opens = [one.opens_at for one in each]
    closes = min((one.closes_at for one in each if one.closes_at is not None), default=None)
    last_days = [one.last_day for one in each]
    opens_at: datetime | None = None if None in opens else max(one for one in opens if one is not None)
    last_day: date | None = None if None in last_days else max(one for one in last_days if one is not None)
    if opens_at is not None and closes is not None and closes <= opens_at:
        opens_at = None
    notice_by = min((one.notice_by for one in each if one.notice_by is not None), default=None)
    return Found(opens_at, closes, last_day, notice_by)
