"""From which instant a notice's clock runs: the last of its recipients, or as the rule combines them. PURE.

docs/law/counting.md, points 18 and 19.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.custody.policy.facts import Recipient
from services.custody.policy.outcome import Step, step
from services.custody.policy.parties import Addressed, Parties, substitutes
from services.custody.policy.rules import EarlierOf, LaterOf, Start, StartOf
from services.custody.policy.service import CASE_STARTS, Begun, Served


@dataclass(frozen=True, slots=True)
class Running:
    """A clock's start, and the latest recording of the facts that made it; None: it does not run."""

    at: datetime | None
    recorded_at: datetime | None
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """Everybody that there is, those who must be told, and what of it starts a clock."""

    recipients: tuple[Recipient, ...]
    parties: Parties
    served: Served


def running(starts_at: StartOf | LaterOf | EarlierOf, told: Told) -> Running:
    """The start of the clock by the rule's combination."""
    match starts_at:
        case LaterOf(later_of=parts):
            found = [_start(part, told) for part in parts]
            return _last(found, step("later_of", of=len(found)))
        case EarlierOf(earlier_of=parts):
            return _first([_start(part, told) for part in parts])
        case _:
            return _start(starts_at, told)


def first_of(addressed: Addressed, kinds: frozenset[str], told: Told) -> Begun | None:
    """The first fact of some kinds that starts for a recipient, or else for the first of its substitutes."""
    for party in (addressed.recipient, *substitutes(addressed.recipient, told.recipients)):
        for begun in told.served.begun:
            if begun.fact.recipient == party.id and begun.fact.kind in kinds:
                return begun
    return None


def _start(part: StartOf, told: Told) -> Running:
    chosen = [one for one in told.parties.addressed if part.of in (None, one.required_as)]
    if not chosen:
        return Running(None, None, (step("nobody_required", kind=part.of or "", start=part.start),))
    if part.start in CASE_STARTS:
        return _of_case(part.start, told)
    return _last([_of_recipient(one, part.start, told) for one in chosen], step("last_of_all", of=len(chosen)))


def _of_case(kind: Start, told: Told) -> Running:
    for begun in told.served.begun:
        if begun.fact.kind == kind:
            return Running(begun.at, begun.fact.recorded_at, (step("case_start", kind=kind, at=begun.at),))
    return Running(None, None, (step("no_case_start", kind=kind),))


def _of_recipient(addressed: Addressed, kind: Start, told: Told) -> Running:
    begun = first_of(addressed, frozenset({kind}), told)
    party = addressed.recipient
    if begun is None:
        return Running(None, None, (step("not_started", recipient=party.id, kind=kind),))
    by = begun.fact.recipient or ""
    code = "started" if by == party.id else "started_by_substitute"
    told_of = step(code, recipient=party.id, kind=kind, at=begun.at, proof=begun.fact.proof or "", by=by)
    return Running(begun.at, begun.fact.recorded_at, (told_of,))


def _last(found: list[Running], combined: Step) -> Running:
    steps = tuple(told for one in found for told in one.steps) + ((combined,) if len(found) > 1 else ())
    instants = [one.at for one in found if one.at is not None]
    recorded = [one.recorded_at for one in found if one.recorded_at is not None]
    if len(instants) < len(found):
        return Running(None, None, steps)
    return Running(max(instants), max(recorded), steps)


def _first(found: list[Running]) -> Running:
    steps = (*(told for one in found for told in one.steps), step("earlier_of", of=len(found)))
    begun = [(one.at, one.recorded_at) for one in found if one.at is not None and one.recorded_at is not None]
    if not begun:
        return Running(None, None, steps)
    at = min(begun)[0]
    return Running(at, max(recorded for instant, recorded in begun if instant == at), steps)
