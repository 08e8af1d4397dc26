"""The steps of a counting as sentences, in Spanish and in English. PURE."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from importlib import resources
from typing import cast, get_args

import yaml

from services.custody.policy.outcome import NEVER, Step
from services.custody.policy.rules import Language
from services.custody.policy.zones import zone

LANGUAGES: tuple[Language, ...] = get_args(Language)
TERMS = frozenset({"anchor", "roles", "kind", "instead", "unit", "start", "known"})
"""Values that may be terms of the law, or several parted by `|`; what is none stands as it is."""


def explain(steps: tuple[Step, ...], language: Language, zone_name: str) -> tuple[str, ...]:
    """A sentence for each step, in their order; instants in the zone. KeyError for a step that has no sentence."""
    return tuple(_sentence(one, language, zone_name) for one in steps)


@lru_cache(maxsize=len(LANGUAGES))
def phrases(language: Language) -> dict[str, dict[str, str]]:
    """The sentences by code, and the terms of the law."""
    text = resources.files(__package__).joinpath("phrases", f"{language}.yaml").read_text("utf-8")
    return cast(dict[str, dict[str, str]], yaml.safe_load(text))


def _sentence(told: Step, language: Language, zone_name: str) -> str:
    words = phrases(language)
    values = {name: _written(name, value, words["terms"], zone_name) for name, value in told.values}
    never = any(value == NEVER for _, value in told.values)
    code = f"{told.code}_{NEVER}" if never and f"{told.code}_{NEVER}" in words["sentences"] else told.code
    sentence = words["sentences"][code].format(**values)
    return " ".join(sentence.split()).replace(" :", ":").replace(" .", ".").replace(" ,", ",")


def _written(name: str, value: str | int, terms: dict[str, str], zone_name: str) -> str:
    if isinstance(value, int):
        return str(value)
    if value == NEVER:
        return terms[NEVER]
    if name in ("person", "proof"):
        wrap = terms["of_person" if name == "person" else "proved_by"]
        return wrap.format(**{name: terms.get(value, value)}) if value else ""
    if name in TERMS and "T" not in value:
        return ", ".join(terms.get(one, one) for one in value.split("|"))
    return _instant(value, zone_name)


def _instant(value: str, zone_name: str) -> str:
    """An instant as it is in the zone; anything else as it is."""
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return value
    if instant.tzinfo is None:
        return value
    local = instant.astimezone(zone(zone_name))
    return f"{local:%Y-%m-%d %H:%M:%S} ({zone_name}, UTC{local:%z})"
