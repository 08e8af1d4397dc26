"""What a pack must keep to beyond its shape; each breach with its line and reason. PURE."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import pairwise
from typing import Any, get_args

from services.custody.policy.anchors import PERSON_ANCHORS
from services.custody.policy.expressions import PerPerson
from services.custody.policy.nodes import Defect, Path, dotted
from services.custody.policy.probes import shorter
from services.custody.policy.reading import Lines, Read, read_calendar, read_pack
from services.custody.policy.released import digest, key
from services.custody.policy.rules import (
    EarlierOf,
    Language,
    LaterOf,
    NoticeRule,
    NoticeStep,
    Pack,
    RetentionRule,
    StartOf,
)
from services.custody.policy.service import CASE_STARTS, SERVICES

Rule = RetentionRule | NoticeRule
Found = Iterator[tuple[Path, str]]


def lint(text: str, released: Mapping[str, str] | None = None) -> tuple[Defect, ...]:
    """Everything that is wrong with a pack's file. `released`: digest by `rule@version` of what was given out."""
    read = read_pack(text)
    return read.defects if read.value is None else check(read, released or {})


def lint_calendar(text: str) -> tuple[Defect, ...]:
    """Everything that is wrong with a calendar's file."""
    read = read_calendar(text)
    calendar = read.value
    if calendar is None:
        return read.defects
    found: list[tuple[Path, str]] = []
    days = [holiday.day for holiday in calendar.holidays]
    found += [(("holidays", n), f"{day} stands here twice") for n, day in enumerate(days) if day in days[:n]]
    if (days or calendar.suspended) and (calendar.covers_from is None or calendar.covers_to is None):
        found.append(
            (("holidays",), "a calendar with holidays or spans says which days it covers: covers_from, covers_to")
        )
    return _defects(found, read.lines)


def check(read: Read[Pack], released: Mapping[str, str]) -> tuple[Defect, ...]:
    """The breaches of a pack that could be read."""
    pack = read.value
    if pack is None:
        return read.defects
    found: list[tuple[Path, str]] = [(("title",), reason) for reason in _languages("title", pack.title)]
    rules: list[tuple[Path, Rule]] = [(("retention", n), one) for n, one in enumerate(pack.retention)]
    rules += [(("notice", n), one) for n, one in enumerate(pack.notice)]
    for path, rule in rules:
        found += [((*path, *inner), reason) for inner, reason in _entry(rule)]
        found += [((*path, *inner), reason) for inner, reason in _anchors(rule)]
        found += [((*path, *inner), reason) for inner, reason in _units(rule, pack.demo)]
        if isinstance(rule, NoticeRule):
            found += [((*path, *inner), reason) for inner, reason in _notice(rule)]
    found += _versions(rules)
    found += _released(rules, released)
    return _defects(found, read.lines)


def _defects(found: Sequence[tuple[Path, str]], lines: Lines) -> tuple[Defect, ...]:
    told = (Defect(lines.of(*path), dotted(path), reason) for path, reason in found)
    return tuple(sorted(dict.fromkeys(told), key=lambda defect: defect.line))


def _languages(what: str, said: Mapping[Language, str]) -> Iterator[str]:
    for language in get_args(Language):
        if language not in said:
            yield f"`{what}` has no text in {language}; it has one in each of {', '.join(get_args(Language))}"


def _entry(rule: Rule) -> Found:
    yield from ((("says",), reason) for reason in _languages("says", rule.says))
    if rule.source.mark != "S" and rule.source.text_seen:
        yield (
            ("source", "text_seen"),
            f"the mark {rule.source.mark} says that the text was not seen whole; text_seen is false",
        )
    if rule.source.mark == "S" and not rule.source.text_seen:
        yield ("source", "mark"), "the mark S says that the text was seen; text_seen is true, or the mark another"
    if rule.valid_to is not None and rule.valid_to < rule.valid_from:
        yield ("valid_to",), f"the text ends on {rule.valid_to}, before it begins on {rule.valid_from}"


def _anchors(rule: Rule) -> Found:
    """Days of persons where no person is meant: such an end is never known."""
    for path, anchor in _walk(rule, (), _outside):
        if anchor in PERSON_ANCHORS:
            yield path, f"`{anchor}` is a person's day; it stands within per_person"


def _outside(value: Any) -> Any:
    """What to look at: everything but what is taken over persons."""
    return None if isinstance(value, PerPerson) else value


def _units(rule: Rule, demo: bool) -> Found:
    if demo:
        return
    for path, unit in _walk(rule, (), lambda value: value):
        if path and path[-1] == "unit" and unit == "second":
            yield path, "`second` is for demonstrations; only a pack with `demo: true` may use it"


def _walk(value: Any, path: Path, through: Callable[[Any], Any]) -> Iterator[tuple[Path, str]]:
    """Every word of a rule's formulas, and the place where its file has it."""
    value = through(value)
    if isinstance(value, str):
        if _formula(path):
            yield path, value
    elif isinstance(value, tuple):
        for place, item in enumerate(value):
            yield from _walk(item, (*path, place), through)
    elif is_dataclass(value):
        for field in fields(value):
            name = "from" if field.name == "since" else field.name
            yield from _walk(getattr(value, field.name), (*path, name), through)


def _formula(path: Path) -> bool:
    """Whether a word is an anchor or a unit, by what it is the value of."""
    names = [part for part in path if isinstance(part, str)]
    return bool(names) and names[-1] in ("from", "until", "any_of", "all_of", "unit") and names[0] != "source"


def _notice(rule: NoticeRule) -> Found:
    held, until = rule.objection.effect == "hold_until", rule.objection.until is not None
    if held and not until:
        yield ("objection",), "hold_until needs `until`, the day to which an objection holds"
    if until and not held:
        yield ("objection", "until"), f"`until` belongs to hold_until, and the effect is {rule.objection.effect}"
    if rule.steps[-1].period is None and rule.silence == "proceed":
        yield (
            ("silence",),
            "without a period nothing opens but a court's order; silence is court_still_decides or never",
        )
    for place, step in enumerate(rule.steps):
        yield from ((("steps", place, *path), reason) for path, reason in _step(step))
    for place, step in enumerate(rule.steps[:-1]):
        if step.period is None:
            yield ("steps", place, "period"), "a step before the last needs a period, else the next one never begins"


def _step(step: NoticeStep) -> Found:
    if "mail_server" in step.service_by:
        yield (
            ("service_by", step.service_by.index("mail_server")),
            "a mail server's acceptance proves no service, whatever a rule says",
        )
    served = sorted({start.start for start in _starts(step)} & SERVICES)
    if served and not step.service_by:
        yield ("starts_at",), f"a clock that starts when somebody has {served[0]} needs service_by: which proofs count"
    kinds = [one.kind for one in step.recipients]
    for place, kind in enumerate(kinds):
        if kind in kinds[:place]:
            yield ("recipients", place), f"{kind} stands here twice"
    for start in _starts(step):
        if start.of is not None and start.of not in kinds:
            yield ("starts_at",), f"the clock starts with {start.of}, who is no recipient of this step"
        if start.of is not None and start.start in CASE_STARTS:
            yield ("starts_at",), f"{start.start} is a fact of the case, and of no recipient: leave out `of`"


def _starts(step: NoticeStep) -> tuple[StartOf, ...]:
    match step.starts_at:
        case StartOf() as one:
            return (one,)
        case LaterOf(later_of=several) | EarlierOf(earlier_of=several):
            return several
        case _:
            return ()


def _versions(rules: Sequence[tuple[Path, Rule]]) -> Found:
    by_id: dict[str, list[tuple[Path, Rule]]] = {}
    for path, rule in rules:
        by_id.setdefault(rule.id, []).append((path, rule))
    for several in by_id.values():
        if several[0][1].version != 1:
            yield (*several[0][0], "version"), f"the first version of {several[0][1].id} is 1"
        for (_, earlier), (path, later) in pairwise(several):
            yield from (((*path, *inner), reason) for inner, reason in _after(earlier, later))


def _after(earlier: Rule, later: Rule) -> Found:
    if type(earlier) is not type(later):
        yield ("id",), f"{later.id} is the id of another kind of rule in this pack"
        return
    old, new = f"version {earlier.version}", f"version {later.version}"
    if later.version != earlier.version + 1:
        yield ("version",), f"{new} of {later.id} follows on {old}; write {earlier.version + 1}"
    if later.valid_from <= earlier.valid_from:
        yield ("valid_from",), f"{new} begins on {later.valid_from}, not after {old} ({earlier.valid_from})"
    elif earlier.valid_to is None:
        yield ("valid_from",), f"{old} has no valid_to; it ends before {new} begins"
    elif earlier.valid_to >= later.valid_from:
        yield (
            ("valid_from",),
            f"{old} is in force until {earlier.valid_to}, and {new} overlaps it from {later.valid_from}",
        )
    if later.shortens is None and (example := shorter(earlier, later)) is not None:
        yield ("version",), f"{new} shortens {old}: {example}; `shortens` names the text that orders it"


def _released(rules: Sequence[tuple[Path, Rule]], released: Mapping[str, str]) -> Found:
    for path, rule in rules:
        if released.get(key(rule), digest(rule)) != digest(rule):
            yield (
                (*path, "id"),
                f"{key(rule)} was released and is not what was released; write a version {rule.version + 1}",
            )
    there = {key(rule) for _, rule in rules}
    for gone in sorted(set(released) - there):
        yield (), f"{gone} was released and is gone; texts that were in force stay"
