"""The days that periods hang on: what happened to an item, in a case, to a person. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

ItemAnchor = Literal["collection", "exam", "report_issued", "profile_obtained"]
CaseAnchor = Literal["offence", "case_solved", "limitation_end"]
PersonAnchor = Literal[
    "charged",
    "conviction",
    "judgment_final",
    "sentence_imposed",
    "sentence_end",
    "release",
    "parole",
    "discharge",
    "supervised_release_end",
    "registration_end",
    "death",
    "execution",
    "identified",
    "consent_withdrawn",
]
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
