"""Random questions of the clock engine, in plain JSON: most of them plausible, each part sometimes not.

Every choice is drawn from the `Random` that is given, so a seed tells the question, and Hypothesis can give its own.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from typing import Any, get_args

from services.custody.policy.anchors import CaseAnchor, ItemAnchor, PersonAnchor
from services.custody.policy.rules import Proof, RecipientKind, Service, Start

Node = dict[str, Any]
ZONES = (
    "America/Chihuahua", "Etc/UTC", "America/Santiago", "Asia/Beirut", "America/Sao_Paulo", "America/Havana",
    "Europe/London", "America/St_Johns", "Africa/Cairo", "Pacific/Apia", "Australia/Lord_Howe",
)  # fmt: skip
TURNS = ("2024-02-29", "2026-01-10", "2025-12-20", "2026-03-08", "2026-10-25", "2025-04-05", "2011-12-28", "2026-08-31")
CIRCUMSTANCES = {"custody": ("detained", "free"), "capital": ("yes", "no"), "stage": ("trial", "closed")}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
KINDS: tuple[str, ...] = get_args(RecipientKind)
PROOFS: tuple[str, ...] = get_args(Proof)
SERVICES: tuple[str, ...] = get_args(Service)
STARTS = (*SERVICES, "sent", "delivered", "petition_filed", "order_entered", "lab_request", "lab_told")
UNITS = ("day", "day", "day", "business_day", "month", "year")
ROLES = ("convicted", "accused", "victim", "relative_donor")
assert set(STARTS) == {one for part in get_args(Start) for one in (get_args(part) or (part,))}


class Questions:
    """One question after the other."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.zone = ""
        self.day = date(2026, 1, 1)

    def chance(self, percent: int) -> bool:
        """True so often."""
        return self.random.randrange(100) < percent

    def pick(self, among: Any) -> Any:
        """One of them."""
        return among[self.random.randrange(len(among))]

    def some(self, make: Callable[[], Any], most: int, least: int = 0) -> list[Any]:
        """A few of what `make` makes."""
        return [make() for _ in range(self.random.randrange(least, most + 1))]

    def maybe(self, percent: int, **made: Callable[[], Any]) -> Node:
        """The members, so often, as a mapping to be joined."""
        return {name.rstrip("_"): make() for name, make in made.items() if self.chance(percent)}

    def near(self, back: int = 40, on: int = 40) -> str:
        """A day near the one around which the question turns."""
        return (self.day + timedelta(days=self.random.randrange(-back, on + 1))).isoformat()

    def question(self) -> Node:
        """The whole."""
        self.zone = self.pick(ZONES)
        self.day = date.fromisoformat(self.pick(TURNS)) + timedelta(days=self.random.randrange(-3, 4))
        asked: Node = {
            "calendars": [self.calendar()] if self.chance(85) else [self.calendar(), self.calendar()],
            "item": {"item": "LAB-1", **self.stated(ItemAnchor, 40)},
            "cases": self.some(self.case, 2, 0 if self.chance(6) else 1),
        }
        if self.chance(90):
            asked["notice"] = self.notice()
        return asked

    # Calendars.

    def calendar(self) -> Node:
        """A calendar of the zone, with a few free days nearby."""
        made: Node = {"id": "here", "version": 1, "zone": self.zone, "source": "the test"}
        made |= self.maybe(20, weekend=lambda: sorted({self.pick(WEEKDAYS) for _ in range(self.random.randrange(5))}))
        made["holidays"] = self.some(lambda: {"day": self.near(10, 150), "name": "a holiday"}, 4)
        made["suspended"] = self.some(self.span, 2)
        made |= self.maybe(8, covers_from=lambda: self.near(60, 10))
        return made | self.maybe(8, covers_to=lambda: self.near(0, 300))

    def span(self) -> Node:
        """A suspended span."""
        first = date.fromisoformat(self.near(20, 120))
        last = first + timedelta(days=self.random.randrange(0, 40))
        span = {"first": first.isoformat(), "last": last.isoformat(), "name": "recess"}
        return span | self.maybe(40, except_=lambda: "detained")

    # What is stated.

    def statements(self, value: Callable[[], Any]) -> list[Node]:
        """Mostly a court's."""

        def one() -> Node:
            return {"value": None if self.chance(7) else value(), "by": "court" if self.chance(70) else "other"}

        return self.some(one, 3 if self.chance(20) else 1)

    def stated(self, anchors: Any, percent_own: int = 100) -> Node:
        """Dates, and perhaps circumstances."""
        dates = {name: self.statements(self.long_ago) for name in get_args(anchors) if self.chance(60)}
        told: Node = {"dates": dates}
        if anchors is not PersonAnchor:
            told["circumstances"] = {
                name: self.statements(partial(self.pick, codes))
                for name, codes in CIRCUMSTANCES.items()
                if self.chance(percent_own) and self.chance(60)
            }
        return told

    def long_ago(self) -> str:
        """A day of the last years, often one that is hard to count from."""
        if self.chance(20):
            return str(self.pick(("2012-02-29", "2015-01-31", "2016-12-31", "2020-02-29", "2019-08-31")))
        return self.near(4000, 30)

    def case(self) -> Node:
        """A case with its rules."""
        facts = {"case": f"case-{self.random.randrange(9)}", **self.stated(CaseAnchor, 90)}
        facts["persons"] = self.some(self.person, 3, 1)
        if self.chance(12):
            facts["proceedings"] = [{"kind": "appeal", "decided": self.statements(self.near)}]
        return {"facts": facts, "rules": self.some(self.retention, 2, 0 if self.chance(6) else 1)}

    def person(self) -> Node:
        """Mostly convicted."""

        def role() -> Node:
            return {"role": self.pick(ROLES) if self.chance(30) else "convicted", "ended": self.chance(10)}

        return {"person": f"p-{self.random.randrange(9)}", "roles": self.some(role, 2, 1), **self.stated(PersonAnchor)}

    # Rules.

    def entry(self) -> Node:
        """What no counting looks at."""
        source = {"text": "made up", "text_seen": False, "mark": "R"}
        says = {"es": "una regla", "en": "a rule"}
        return {"id": "T-1", "version": 1, "source": source, "valid_from": "2000-01-01", "says": says}

    def retention(self) -> Node:
        """A retention rule."""

        def branch() -> Node:
            return {
                "keep": self.expression(2),
                **self.maybe(50, when=self.when),
                **self.maybe(30, review_by=self.leaf),
            }

        cases = self.some(branch, 2)
        return {**self.entry(), "cases": [*cases, {"keep": self.expression(2), **self.maybe(20, when=self.when)}]}

    def when(self) -> Node:
        """Circumstances."""
        names = [name for name in CIRCUMSTANCES if self.chance(40)]
        return {name: [code for code in CIRCUMSTANCES[name] if self.chance(70)] for name in names}

    def expression(self, depth: int) -> Any:
        """Retention as a tree."""
        if depth and self.chance(25):
            return {self.pick(("max", "min")): self.some(lambda: self.expression(depth - 1), 3, 1)}
        if self.chance(40):
            roles = [*self.some(lambda: self.pick(ROLES), 1), "convicted"]
            each = {"combine": self.pick(("max", "min")), "of": roles, "keep": self.leaf(PersonAnchor)}
            return {"per_person": each}
        return "forever" if self.chance(2) else self.leaf()

    def leaf(self, anchors: Any = None) -> Node:
        """A period from an anchor, or a day."""
        names = get_args(anchors or self.pick((ItemAnchor, CaseAnchor)))
        anchor: Any = self.pick(names)
        if self.chance(20):
            anchor = {self.pick(("any_of", "all_of")): self.some(lambda: self.pick(names), 3, 1)}
        shape = self.random.randrange(5)
        if shape == 0:
            return {"fixed_date": self.long_ago()}
        if shape == 1:
            return {"until": anchor}
        return {
            "years": {"years": self.random.randrange(1, 12)},
            "months": {"months": self.random.randrange(1, 40)},
            "days": {"days": self.random.randrange(1, 900)},
        }[("years", "months", "days")[shape - 2]] | {"from": anchor}

    def period(self, **more: Any) -> Node:
        """A number of units."""
        if self.chance(6):
            return {"n": self.random.randrange(0, 90_000), "unit": "second", **more}
        unit = self.pick(UNITS)
        return {"n": self.random.randrange(0, {"month": 5, "year": 2}.get(unit, 100)), "unit": unit, **more}

    def start(self) -> Any:
        """Where a clock starts."""
        if self.chance(12):
            return "count_back_from_planned"

        def of() -> Node:
            return {
                "start": self.pick(STARTS) if self.chance(25) else self.pick(("served", "sent", "received")),
                **self.maybe(15, of=lambda: "convicted"),
            }

        return {self.pick(("later_of", "earlier_of")): self.some(of, 3, 1)} if self.chance(20) else of()

    def step(self) -> Node:
        """One notice."""

        def wanted() -> Node:
            return {
                "kind": self.pick(KINDS),
                "fallback": self.some(lambda: self.pick(KINDS), 3),
                "if_any": self.chance(20),
            }

        named = [{"kind": "convicted"}] + (self.some(wanted, 2) if self.chance(40) else [])
        made: Node = {"recipients": named if self.chance(92) else [], "starts_at": self.start()}
        made["period"] = self.period() if self.chance(92) else None
        made |= self.maybe(
            20,
            floor=self.period,
            service_by=lambda: self.some(lambda: self.pick(PROOFS), 4),
            on_bounce=lambda: "ignore",
        )
        return made | self.maybe(30, day_rule=lambda: "on", roll=lambda: "none", suspended=lambda: "ignore")

    def rule(self) -> Node:
        """A notice rule."""
        effect = self.pick(("court_decides", "court_decides", "absolute_bar", "burden_on_state", "hold_until"))
        made = {**self.entry(), "steps": self.some(self.step, 2, 1) if self.chance(20) else [self.step()]}
        made["objection"] = {"effect": effect} | self.maybe(80, until=lambda: self.near(0, 300))
        made["silence"] = self.pick(("proceed", "proceed", "proceed", "court_still_decides", "never"))
        made |= self.maybe(15, not_before=self.leaf, forbidden=lambda: self.some(self.when, 1))
        made |= self.maybe(25, post_order_wait=lambda: self.period(**self.maybe(40, day_rule=lambda: "after")))
        made |= self.maybe(12, execute_within=lambda: self.period(**{"from": self.pick(STARTS)}))
        return made | self.maybe(40, role=lambda: "exit")

    # What became of a notice.

    def notice(self) -> Node:
        """The rules and what was recorded."""
        rules = self.some(self.rule, 2 if self.chance(15) else 1, 1)
        return {"rules": rules, "facts": self.recorded(rules)}

    def recorded(self, rules: list[Node]) -> Node:
        """Somebody of most kinds that are asked, a notice and a service to most of them, and what may go wrong."""
        kinds = [
            one["kind"] for rule in rules for step in rule["steps"] for one in step["recipients"] if self.chance(93)
        ]
        kinds += self.some(lambda: self.pick(KINDS), 2)
        recipients: list[Node] = [{"id": f"r{place}", "kind": kind} for place, kind in enumerate(kinds)]
        for one in recipients[1:]:
            one |= self.maybe(12, instead_of=lambda: self.pick(recipients)["id"])
        ids = [one["id"] for one in recipients]
        facts = [fact for who in ids if self.chance(95) for fact in self.served(who)]
        facts += self.some(lambda: self.fact(self.pick(STARTS[-4:]), None), 3)
        facts += self.some(lambda: self.fact("order_entered", None, by="court"), 2)
        if ids:
            wild = (*STARTS, "bounced", "contradicted", "consented")
            facts += self.some(lambda: self.fact(self.pick(wild), self.pick(ids)), 2 if self.chance(50) else 0)
        if self.chance(30):
            self.random.shuffle(facts)
        made: Node = {"recipients": recipients, "facts": facts}
        if self.chance(25):
            made["objections"] = self.some(self.objection, 2, 1)
        return made | self.maybe(70, planned_on=lambda: self.near(0, 200))

    def served(self, who: str) -> list[Node]:
        """A sending, a service, perhaps a consent."""
        facts = [self.fact("sent", who)] if self.chance(90) else []
        facts += [self.fact(kind, who, proof=self.pick(PROOFS)) for kind in ("served", "received") if self.chance(85)]
        facts += [self.fact(kind, who, proof=self.pick(PROOFS)) for kind in SERVICES if self.chance(8)]
        return facts + ([self.fact("consented", who)] if self.chance(50) else [])

    def fact(self, kind: str, who: str | None, **known: Any) -> Node:
        """One fact, mostly recorded at once."""
        at = datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC)
        at += timedelta(minutes=self.random.randrange(-7 * 1440, 14 * 1440))
        late = timedelta(hours=self.random.randrange(0, 100)) if self.chance(25) else timedelta()
        recorded = at + late if self.chance(95) else at - late
        by = self.pick(("proposer", "court", "carrier", "receiver", "notify"))
        made = {"kind": kind, "at": at.isoformat(), "recorded_at": recorded.isoformat(), "by": by, "recipient": who}
        return made | self.maybe(60, proof=lambda: self.pick(PROOFS)) | known

    def objection(self) -> Node:
        """Mostly over."""
        resolved = (
            None
            if self.chance(15)
            else self.pick(("withdrawn", "withdrawn", "court_permits", "court_permits", "court_forbids"))
        )
        return {"at": f"{self.near(5, 60)}T12:00:00+00:00", "resolved": resolved}


def question(random: Random) -> Node:
    """A random question."""
    return Questions(random).question()
