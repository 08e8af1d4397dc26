"""From when a notice no longer stands in the way, by one version of its rule and of the calendar (points 20 to 25)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tests.services.custody.policy.second import keeping, stated
from tests.services.custody.policy.second.serving import (
    OF_CASE,
    PROSECUTION,
    SERVICES,
    Begun,
    Node,
    Served,
    begins,
    last_of,
)
from tests.services.custody.policy.second.walking import NotCounted, Paper, count, rolled, seconds, tomorrow, yesterday
from tests.services.custody.policy.second.zone import ONE_DAY, day_of, first_instant, first_instant_after, read


@dataclass(frozen=True)
class Found:
    """What a notice opens."""

    opens_at: datetime | None = None
    closes_at: datetime | None = None
    last_day: date | None = None
    notice_by: date | None = None


class Notice:
    """A notice by one version of its rule and one of the calendar."""

    def __init__(self, rule: Node, calendar: Node, question: Node) -> None:
        self.rule, self.calendar, self.question = rule, calendar, question
        self.facts: Node = question["notice"].get("facts", {})
        self.zone: str = calendar["zone"]
        self.prisoner = stated.prisoner(question)
        self.planned = self.facts.get("planned_on") and date.fromisoformat(self.facts["planned_on"])

    def found(self) -> Found:
        """The whole of it."""
        served, over = self.last_step()
        step = served.step
        opens = self.opens(served, over)
        closes = self.closes(served)
        if opens is not None and closes is not None and closes <= opens:
            opens = None
        return Found(opens, closes, self.last_day(over) if step["period"] else None, self.notice_by(step))

    def last_step(self) -> tuple[Served, datetime | None]:
        """The last step's facts, and where its period and floor are over (point 23)."""
        bar = self.rule.get("not_before")
        through = None if bar is None else keeping.not_before(bar, self.question)
        early, opened = bar is not None and through is None, None
        for number, step in enumerate(self.rule["steps"]):
            early = early or (number > 0 and opened is None)
            served = Served(step, self.facts, self.zone, through, opened, early)
            opened = self.over(served)
        return served, opened

    def over(self, served: Served) -> datetime | None:
        """Where period and floor of a step are over (point 20)."""
        step = served.step
        if step["period"] is None:
            return None
        if step["starts_at"] == "count_back_from_planned":
            begun, ends = self.told_in_time(served)
        else:
            begun = served.start(step["starts_at"])
            rule = step.get("day_rule", "after")
            ends = None if begun is None else self.opening(step, step["period"], begun.at, rule, True)
        if begun is None or ends is None or step.get("floor") is None:
            return ends if begun else None
        floor = self.opening(step, step["floor"], begun.recorded, step.get("day_rule", "after"), False)
        return None if floor is None else max(ends, floor)

    def paper(self, step: Node) -> Paper:
        """The calendar as the step reads it."""
        return Paper(self.calendar, step.get("suspended", "observe") == "observe", self.prisoner)

    def opening(self, step: Node, period: Node, begun: datetime, day_rule: str, rolls: bool) -> datetime | None:
        """The instant at which a period from another instant is over."""
        if period["unit"] == "second":
            return begun + seconds(period["n"])
        paper = self.paper(step)
        try:
            day = count(paper, day_of(begun, self.zone), period["n"], period["unit"], tomorrow)
            if rolls and step.get("roll", "next_business_day") != "none":
                day = rolled(paper, day, tomorrow)
            return first_instant(day if day_rule == "on" else tomorrow(day), self.zone)
        except NotCounted:
            return None

    def notice_by(self, step: Node) -> date | None:
        """The last day for a notice that is counted back (point 7)."""
        if step["starts_at"] != "count_back_from_planned" or step["period"] is None or self.planned is None:
            return None
        n, unit = step["period"]["n"], step["period"]["unit"]
        paper = self.paper(step)
        try:
            if unit == "second":
                return day_of(first_instant(self.planned, self.zone) - seconds(n), self.zone)
            day = count(paper, self.planned, n, unit, yesterday)
            return day if step.get("roll") == "none" else rolled(paper, day, yesterday)
        except NotCounted:
            return None

    def told_in_time(self, served: Served) -> tuple[Begun | None, datetime | None]:
        """Whether everybody was told by the last day for it; the planned day's first instant."""
        through, required = self.notice_by(served.step), served.required()
        if through is None or required is None or self.planned is None:
            return None, None
        begun = last_of([served.first(who, ("sent", *SERVICES), through) for _, ids in required for who in ids])
        try:
            return begun, first_instant(self.planned, self.zone)
        except NotCounted:
            return None, None

    def last_day(self, over: datetime | None) -> date | None:
        """The last day that belongs to the objectors."""
        if over is None:
            return None
        day = day_of(over, self.zone)
        return day - ONE_DAY if first_instant(day, self.zone) == over else day

    def opens(self, served: Served, over: datetime | None) -> datetime | None:
        """From when the notice no longer stands in the way, whether or not it closes."""
        if any(
            stated.may_hold(barred, case["facts"], self.question["item"])
            for case in self.question["cases"]
            for barred in self.rule.get("forbidden", ())
        ):
            return None
        instants = [self.somebody(served), *self.objected()]
        if served.required() is None or (self.rule["silence"] == "never" and not self.all_consent(served)):
            return None
        if served.step["period"] is not None:
            instants.append(over)
        if self.order_needed(served.step):
            instants.append(self.ordered(served))
        there = [one for one in instants if one is not None]
        return max(there) if len(there) == len(instants) else None

    def somebody(self, served: Served) -> datetime | None:
        """Point 21: the day after the first service of somebody outside the prosecution."""
        outside = {one["id"] for one in served.recipients if one["kind"] not in PROSECUTION}
        for place, fact in enumerate(served.facts):
            if fact["kind"] in SERVICES and fact.get("recipient") in outside and served.starts(place):
                if (served.step["period"] or {}).get("unit") == "second":
                    return begins(fact)
                return first_instant_after(day_of(begins(fact), self.zone), self.zone)
        return None

    def objected(self) -> list[datetime | None]:
        """Point 22: what objections say; None: never."""
        effect, says = self.rule["objection"]["effect"], list[datetime | None]()
        for one in self.facts.get("objections", ()):
            how = one.get("resolved")
            if how in (None, "court_forbids") or (effect == "absolute_bar" and how != "withdrawn"):
                says.append(None)
            elif effect == "hold_until" and how != "withdrawn":
                until = self.rule["objection"].get("until")
                says.append(until and first_instant_after(date.fromisoformat(until), self.zone))
        return says

    def all_consent(self, served: Served) -> bool:
        """Whether every required recipient consented, and nobody says that they did not."""
        agreed = {
            fact.get("recipient")
            for place, fact in enumerate(served.facts)
            if fact["kind"] == "consented" and not served.followed_by("contradicted", place)
        }
        return all(who in agreed for _, ids in served.required() or () for who in ids)

    def decided(self) -> list[Any]:
        """The objections that a court resolved."""
        return [one for one in self.facts.get("objections", ()) if (one.get("resolved") or "").startswith("court_")]

    def order_needed(self, step: Node) -> bool:
        """Whether the window opens by a court's order only."""
        return bool(self.decided()) or self.rule["silence"] != "proceed" or step["period"] is None

    def ordered(self, served: Served) -> datetime | None:
        """From when the court's order stands."""
        objected = [read(one["at"]) for one in self.decided()]
        orders = [
            fact
            for fact in served.facts
            if fact["kind"] == "order_entered" and fact["by"] == "court" and all(begins(fact) >= at for at in objected)
        ]
        if not orders:
            return None
        wait, begun = self.rule.get("post_order_wait"), begins(orders[-1])
        return self.opening(served.step, wait, begun, wait.get("day_rule", "on"), True) if wait else begun

    def closes(self, served: Served) -> datetime | None:
        """Point 25: from when it is too late."""
        within = self.rule.get("execute_within")
        if within is None:
            return None
        if within["from"] in OF_CASE:
            named = [read(fact["at"]) for fact in served.facts if fact["kind"] == within["from"]]
            begun = named[0] if named else None
        else:
            start = served.start({"start": within["from"]})
            begun = None if start is None else start.at
        return None if begun is None else self.opening({"suspended": "ignore"}, within, begun, "after", False)
