"""Whom a notice must reach, among the recipients that there are. PURE.

docs/law/counting.md, points 16 and 18.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.custody.policy.facts import Recipient
from services.custody.policy.outcome import Step, step
from services.custody.policy.rules import CHAIN, NoticeStep, RecipientKind, Required

WHERE_NOBODY_IS_NAMED = (Required(CHAIN[0], fallback=CHAIN[1:]),)
"""Who is told where the law names nobody (G4)."""


@dataclass(frozen=True, slots=True)
class Addressed:
    """A recipient that must be told, as the kind of party that the rule requires."""

    recipient: Recipient
    required_as: RecipientKind


@dataclass(frozen=True, slots=True)
class Parties:
    """All that must be told: nobody, if there is nobody for a kind that must be, which is then in `missing`."""

    addressed: tuple[Addressed, ...]
    missing: tuple[RecipientKind, ...]
    steps: tuple[Step, ...]


def required(rule: NoticeStep, recipients: tuple[Recipient, ...]) -> Parties:
    """The recipients of each required kind, or of its first fallback that there is and is not required itself."""
    wanted = rule.recipients or WHERE_NOBODY_IS_NAMED
    own = {one.kind for one in wanted}
    addressed: list[Addressed] = []
    missing: list[RecipientKind] = []
    steps: list[Step] = []
    for one in wanted:
        kinds = (one.kind, *(kind for kind in one.fallback if kind not in own))
        found = next((kind for kind in kinds if any(party.kind == kind for party in recipients)), None)
        if found is None:
            if not one.if_any:
                missing.append(one.kind)
                steps.append(step("nobody_to_tell", kind=one.kind))
            continue
        if found != one.kind:
            steps.append(step("fallback", kind=one.kind, instead=found))
        addressed += [Addressed(party, one.kind) for party in recipients if party.kind == found]
    return Parties(() if missing else tuple(addressed), tuple(missing), tuple(steps))


def substitutes(recipient: Recipient, recipients: tuple[Recipient, ...]) -> tuple[Recipient, ...]:
    """Those who are told in place of a recipient, also through several, in the order of the recipients."""
    instead = {recipient.id}
    grown = True
    while grown:
        more = {one.id for one in recipients if one.instead_of in instead} - instead
        instead |= more
        grown = bool(more)
    return tuple(one for one in recipients if one.id in instead and one.id != recipient.id)
