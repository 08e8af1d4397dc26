"""The days that periods hang on: what happened to an item, in a case, to a person. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from shared.facts.statements import CaseAnchor, PersonAnchor

__all__ = [
    "CASE_ANCHORS", "ITEM_ANCHORS", "PERSON_ANCHORS", "AllOf", "Anchor", "AnyOf", "CaseAnchor", "ItemAnchor",
    "PersonAnchor", "When", "named",
]  # fmt: skip

ItemAnchor = Literal["collection", "exam", "report_issued", "profile_obtained"]
Anchor = ItemAnchor | CaseAnchor | PersonAnchor

ITEM_ANCHORS: frozenset[str] = frozenset(get_args(ItemAnchor))
CASE_ANCHORS: frozenset[str] = frozenset(get_args(CaseAnchor))
PERSON_ANCHORS: frozenset[str] = frozenset(get_args(PersonAnchor))


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The earliest of these days that is known."""

    any_of: tuple[Anchor, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """The latest of these days; unknown if one of them is."""

    all_of: tuple[Anchor, ...]


When = Anchor | AnyOf | AllOf


def named(when: When) -> tuple[Anchor, ...]:
    """The anchors that an expression names."""
    match when:
        case AnyOf():
            return when.any_of
        case AllOf():
            return when.all_of
        case _:
            return (when,)
