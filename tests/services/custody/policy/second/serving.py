"""Which facts of a notice start anything, and for whom (points 16 to 19)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tests.services.custody.policy.second.zone import day_of, read

SERVICES = ("received", "served", "proof_received", "judicial_notification", "petition_delivered")
OF_CASE = ("petition_filed", "order_entered", "lab_request", "lab_told")
PROSECUTION = ("prosecutor", "attorney_general", "custodian")
NOBODY_NAMED: list[dict[str, Any]] = [
    {"kind": "counsel", "fallback": ["public_defender", "innocence_organisation", "court"]}
]
Node = dict[str, Any]


@dataclass(frozen=True)
class Begun:
    """An instant from which something is counted, and the latest recording among the facts that made it."""

    at: datetime
    recorded: datetime


def last_of(starts: list[Begun | None]) -> Begun | None:
    """The last; None if one is missing, or all."""
    there = [one for one in starts if one is not None]
    if not there or len(there) < len(starts):
        return None
    return Begun(max(one.at for one in there), max(one.recorded for one in there))


def begins(fact: Node) -> datetime:
    """The instant from which a fact counts."""
    at, recorded = read(fact["at"]), read(fact["recorded_at"])
    if fact["kind"] == "proof_received":
        return recorded
    return max(at, recorded) if fact["by"] == "proposer" else at


class Served:
    """The facts of one step of a notice: `barred_through` is a day, `opened` the end of the step before.

    `all_early`: the rule's own day is never, or the step before is never over.
    """

    def __init__(
        self, step: Node, facts: Node, zone: str, barred_through: date | None, opened: datetime | None, all_early: bool
    ) -> None:
        self.step, self.zone = step, zone
        self.recipients: list[Node] = facts.get("recipients", ())
        self.facts: list[Node] = facts.get("facts", ())
        self.barred_through, self.opened, self.all_early = barred_through, opened, all_early

    def required(self) -> list[tuple[str, list[str]]] | None:
        """For each required kind the ids of those who must be told; None: there is nobody to tell."""
        asked: list[Node] = self.step["recipients"] or NOBODY_NAMED
        kinds = [one["kind"] for one in asked]
        told = []
        for one in asked:
            there = self.of_kind(one["kind"])
            for fallback in one.get("fallback", ()):
                if not there and fallback not in kinds:
                    there = self.of_kind(fallback)
            if not there and not one.get("if_any", False):
                return None
            told.append((one["kind"], there))
        return told if any(there for _, there in told) else None

    def of_kind(self, kind: str) -> list[str]:
        """Everybody of a kind."""
        return [one["id"] for one in self.recipients if one["kind"] == kind]

    def too_early(self, fact: Node) -> bool:
        """(c)"""
        begun = begins(fact)
        return (
            self.all_early
            or (self.barred_through is not None and day_of(begun, self.zone) <= self.barred_through)
            or (self.opened is not None and begun < self.opened)
        )

    def followed_by(self, kind: str, place: int) -> bool:
        """Whether a fact of this kind about the same recipient was recorded after the fact at this place."""
        who = self.facts[place].get("recipient")
        return any(one["kind"] == kind and one.get("recipient") == who for one in self.facts[place + 1 :])

    def starts(self, place: int) -> bool:
        """(a) to (e), for a fact of a recipient."""
        fact = self.facts[place]
        kind, proof, by = fact["kind"], fact.get("proof"), self.step.get("service_by", ())
        if kind in SERVICES and (proof in (None, "mail_server") or (by and proof not in by)):
            return False
        if self.too_early(fact) or self.followed_by("contradicted", place):
            return False
        restarts = kind in ("sent", "delivered") and self.step.get("on_bounce", "restart") == "restart"
        if restarts and self.followed_by("bounced", place):
            return False
        return proof != "acknowledgement" or self.was_sent_before(fact)

    def was_sent_before(self, fact: Node) -> bool:
        """(b)"""
        return any(
            one["kind"] == "sent"
            and one.get("recipient") == fact.get("recipient")
            and not self.too_early(one)
            and not self.followed_by("contradicted", place)
            and begins(one) <= begins(fact)
            for place, one in enumerate(self.facts)
        )

    def with_substitutes(self, who: str) -> list[str]:
        """The recipient, then all who stand in for them, through however many."""
        group = {who}
        for _ in self.recipients:
            group |= {one["id"] for one in self.recipients if one.get("instead_of") in group}
        return [who] + [one["id"] for one in self.recipients if one["id"] in group and one["id"] != who]

    def first(self, who: str, kinds: tuple[str, ...], through: date | None = None) -> Begun | None:
        """The first fact of these kinds that starts, for the recipient or else for a substitute."""
        for one in self.with_substitutes(who):
            for place, fact in enumerate(self.facts):
                in_time = through is None or day_of(begins(fact), self.zone) <= through
                if fact.get("recipient") == one and fact["kind"] in kinds and in_time and self.starts(place):
                    return Begun(begins(fact), read(fact["recorded_at"]))
        return None

    def of_case(self, kind: str) -> Begun | None:
        """The first such fact of the case."""
        for fact in self.facts:
            entitled = kind != "order_entered" or fact["by"] == "court"
            if fact["kind"] == kind and entitled and not self.too_early(fact):
                return Begun(begins(fact), read(fact["recorded_at"]))
        return None

    def start(self, node: Node) -> Begun | None:
        """Where the clock starts."""
        required = self.required()
        if required is None:
            return None
        if "later_of" in node:
            return last_of([self.start(one) for one in node["later_of"]])
        if "earlier_of" in node:
            there = [one for one in (self.start(one) for one in node["earlier_of"]) if one is not None]
            first = min((one.at for one in there), default=None)
            return max((one for one in there if one.at == first), key=lambda one: one.recorded, default=None)
        of = node.get("of")
        ids = [who for kind, there in required for who in there if of in (None, kind)]
        if not ids:
            return None
        if node["start"] in OF_CASE:
            return self.of_case(node["start"])
        return last_of([self.first(who, (node["start"],)) for who in ids])
