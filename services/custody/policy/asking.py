"""A question to the clock engine as somebody writes it down: JSON with names of shipped rules, or rules in full. PURE.

docs/law/asking.md describes the form.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from services.custody.policy.calendars import Calendar
from services.custody.policy.question import Question
from services.custody.policy.rules import NoticeRule, Pack, RetentionRule
from services.custody.policy.zones import zone
from shared.canonical import NotCanonical, strict_loads
from shared.text import clean_text

QUESTION: TypeAdapter[Question] = TypeAdapter(Question)


class Unreadable(ValueError):
    """A question that cannot be asked; each of `reasons` names the place and what to do."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


def ask(text: str, packs: Mapping[str, Pack], calendars: Mapping[str, Calendar]) -> Question:
    """The question that a JSON text asks; `"pack:RULE"` stands for all versions of a rule, `"pack:RULE@2"` for one.

    Raises Unreadable.
    """
    try:
        asked = strict_loads(text.encode())
    except (NotCanonical, ValueError) as error:
        raise Unreadable(f"This is no JSON: {error}") from error
    if not isinstance(asked, dict):
        raise Unreadable(
            "A question is a JSON object with `calendars`, `item`, `cases` and, if there is one, `notice`."
        )
    named = _named(asked, packs, calendars)
    try:
        question = QUESTION.validate_python(named)
    except ValidationError as error:
        told = (f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors())
        raise Unreadable(*dict.fromkeys(told)) from error
    if strange := list(_strange(named, written(question), "")):
        raise Unreadable(*strange)
    return question


def written(question: Question) -> dict[str, Any]:
    """The question in full, as JSON values: the same text answers the same on any machine."""
    full: dict[str, Any] = QUESTION.dump_python(question, mode="json", by_alias=True)
    return full


def _named(asked: dict[str, Any], packs: Mapping[str, Pack], calendars: Mapping[str, Calendar]) -> dict[str, Any]:
    """The question with every name of a shipped rule or calendar put in full."""
    named = dict(asked)
    if isinstance(asked.get("calendars"), list):
        named["calendars"] = [_calendar(one, calendars) for one in asked["calendars"]]
    if isinstance(asked.get("cases"), list):
        named["cases"] = [_with_rules(one, packs, "retention") for one in asked["cases"]]
    if "notice" in asked:
        named["notice"] = _with_rules(asked["notice"], packs, "notice")
    return named


def _calendar(given: Any, calendars: Mapping[str, Calendar]) -> Any:
    """`"id"`, or `{"calendar": "id", "zone": "…"}` for a calendar of weekends that counts in any zone."""
    match given:
        case str(name):
            return _shipped(name, calendars)
        case {"calendar": str(name), "zone": str(place), **rest} if not rest:
            if calendars.get(name) is not None and calendars[name].holidays:
                raise Unreadable(f"The calendar {name} has the holidays of one authority; it counts in its own zone.")
            try:
                zone(place)
            except ValueError as error:
                raise Unreadable(str(error)) from error
            return replace(_shipped(name, calendars), zone=place)
        case _:
            return given


def _shipped(name: str, calendars: Mapping[str, Calendar]) -> Calendar:
    if name not in calendars:
        raise Unreadable(f"There is no calendar {name!r}; there are {', '.join(sorted(calendars))}.")
    return calendars[name]


def _with_rules(given: Any, packs: Mapping[str, Pack], kind: str) -> Any:
    if not isinstance(given, dict) or not isinstance(given.get("rules"), list):
        return given
    rules = [rule for one in given["rules"] for rule in (_rules(one, packs, kind) if isinstance(one, str) else [one])]
    return given | {"rules": rules}


def _rules(name: str, packs: Mapping[str, Pack], kind: str) -> list[RetentionRule | NoticeRule]:
    """All versions of a rule of a pack, or the one that is named."""
    pack, _, rest = name.partition(":")
    rule, _, version = rest.partition("@")
    if pack not in packs:
        raise Unreadable(f"There is no pack {pack!r}; there are {', '.join(sorted(packs))}.")
    entries: list[RetentionRule | NoticeRule] = [*getattr(packs[pack], kind)]
    found = [one for one in entries if one.id == rule and version in ("", str(one.version))]
    if not found:
        there = ", ".join(f"{one.id}@{one.version}" for one in entries)
        raise Unreadable(f"The pack {pack} has no {kind} rule {rest!r}; it has {there or 'none'}.")
    return found


def _strange(given: Any, known: Any, place: str) -> Iterator[str]:
    """Members that the question does not have, values that were read as another kind of thing, texts that deceive."""
    if isinstance(given, dict) and isinstance(known, dict):
        for name, value in given.items():
            if name not in known:
                yield f"{place}{name}: there is no such member here; docs/law/asking.md names them"
            else:
                yield from _strange(value, known[name], f"{place}{name}.")
    elif isinstance(given, list | tuple) and isinstance(known, list | tuple):
        for index, (one, other) in enumerate(zip(given, known, strict=False)):
            yield from _strange(one, other, f"{place}{index}.")
    elif isinstance(given, bool | int | str) and type(given) is not type(known):
        yield f"{place[:-1]}: write it as {json.dumps(known, ensure_ascii=False)}, if that is what it says"
    elif isinstance(given, str):
        try:
            clean_text(given)
        except ValueError as error:
            yield f"{place[:-1]}: {error}"
