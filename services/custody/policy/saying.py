"""A rule for people: what it says, its formula in the codes of docs/law/counting.md, its source and mark. PURE."""

from __future__ import annotations

from collections.abc import Iterator

from services.custody.policy.anchors import AllOf, AnyOf, When
from services.custody.policy.expressions import (
    Days,
    Earliest,
    Expression,
    FixedDate,
    Latest,
    Months,
    PerPerson,
    Until,
    Years,
)
from services.custody.policy.rules import (
    Circumstances,
    EarlierOf,
    Entry,
    Language,
    LaterOf,
    NoticeRule,
    NoticeStep,
    Pack,
    Period,
    Required,
    RetentionRule,
    StartOf,
)

WORDS: dict[Language, dict[str, str]] = {
    "es": {
        "source": "Fuente",
        "mark": "Marca",
        "verified": "texto visto, verificada",
        "unverified": "sin verificar; hace falta allow_unverified",
        "force": "En vigor",
        "until": "hasta el",
        "formula": "Fórmula",
        "stated": "desde el {day}",
        "earliest": "no antes del {day}; el día exacto no consta",
        "copy": "según una copia de {year}; el texto puede ser anterior",
        "reviewed": "Revisada por",
        "shortens": "Acorta por",
        "demo": "DEMO: sólo con el emisor de desarrollo",
        "version": "versión",
    },
    "en": {
        "source": "Source",
        "mark": "Mark",
        "verified": "text seen, verified",
        "unverified": "unverified; needs allow_unverified",
        "force": "In force",
        "until": "until",
        "formula": "Formula",
        "stated": "from {day}",
        "earliest": "not before {day}; the exact day was not seen",
        "copy": "by a copy of {year}; the text may be older",
        "reviewed": "Reviewed by",
        "shortens": "Shortens by",
        "demo": "DEMO: only with the development issuer",
        "version": "version",
    },
}


def heading(pack: Pack, language: Language) -> str:
    """The pack in a line."""
    words = WORDS[language]
    demo = f" · {words['demo']}" if pack.demo else ""
    return f"{pack.title[language]} · {pack.id} · {words['version']} {pack.version}{demo}"


def page(entry: Entry, language: Language) -> str:
    """An entry as a block of text."""
    words = WORDS[language]
    return "\n".join([
        f"{entry.id}@{entry.version}",
        f"  {entry.says[language]}",
        *(f"  {words['formula']}: {line}" for line in formula(entry)),
        f"  {words['source']}: {entry.source.text}",
        f"  {words['mark']}: {entry.source.mark} ({standing(entry, language)})",
        f"  {words['force']}: {force(entry, language)}",
        *([f"  {words['shortens']}: {entry.shortens}"] if entry.shortens else []),
        *([f"  {words['reviewed']}: {entry.source.reviewed_by}"] if entry.source.reviewed_by else []),
        "",
    ])  # fmt: skip


def standing(entry: Entry, language: Language) -> str:
    """Whether the entry is verified, in words."""
    return WORDS[language]["verified" if entry.verified else "unverified"]


def force(entry: Entry, language: Language) -> str:
    """Since when the text is in force, as far as known, and until when."""
    words = WORDS[language]
    since = words[entry.dated].format(day=entry.valid_from.isoformat(), year=entry.valid_from.year)
    return since if entry.valid_to is None else f"{since}, {words['until']} {entry.valid_to.isoformat()}"


def formula(entry: Entry) -> Iterator[str]:
    """The counting of a rule, a line for each of its cases or notices."""
    for case in entry.cases if isinstance(entry, RetentionRule) else ():
        review = f"; review by {_ends(case.review_by)}" if case.review_by is not None else ""
        yield f"{_when(case.when)}{_ends(case.keep)}{review}"
    if isinstance(entry, NoticeRule):
        yield from (_step(step) for step in entry.steps)
        yield "; ".join(_effects(entry))


def _when(when: Circumstances) -> str:
    if not when:
        return ""
    asked = (f"{name}: {' | '.join(codes)}" for name, codes in when.items())
    return f"[{', '.join(asked)}] "


def _ends(keep: Expression) -> str:
    match keep:
        case Years(years=n, since=since):
            return f"{n} years from {_day(since)}"
        case Months(months=n, since=since):
            return f"{n} months from {_day(since)}"
        case Days(days=n, since=since):
            return f"{n} days from {_day(since)}"
        case Until(until=until):
            return f"until {_day(until)}"
        case FixedDate(fixed_date=day):
            return f"until {day.isoformat()}"
        case Latest(max=parts):
            return f"max({', '.join(_ends(part) for part in parts)})"
        case Earliest(min=parts):
            return f"min({', '.join(_ends(part) for part in parts)})"
        case PerPerson(per_person=each):
            return f"{each.combine} over each {' or '.join(each.of)}: {_ends(each.keep)}"
        case _:
            return "forever"


def _day(when: When) -> str:
    match when:
        case AnyOf(any_of=several):
            return f"any_of({', '.join(several)})"
        case AllOf(all_of=several):
            return f"all_of({', '.join(several)})"
        case _:
            return when


def _step(step: NoticeStep) -> str:
    told = ", ".join(_recipient(one) for one in step.recipients) or "nobody named (counsel, else who stands in)"
    floor = f", floor {_period(step.floor)} from recording" if step.floor is not None else ""
    proofs = f"; proved by {', '.join(step.service_by)}" if step.service_by else ""
    return f"{told}: {_counted(step)}{floor}{proofs}"


def _counted(step: NoticeStep) -> str:
    if step.period is None:
        return "no period; a court's order opens it"
    if step.starts_at == "count_back_from_planned":
        return f"{_period(step.period)} before the planned day"
    day = "on the last day" if step.day_rule == "on" else "after the last day"
    return f"{_period(step.period)} from {_start(step.starts_at)}, {day}"


def _recipient(one: Required) -> str:
    return one.kind + (" if any" if one.if_any else "") + (f" (else {', '.join(one.fallback)})" if one.fallback else "")


def _period(period: Period) -> str:
    return f"{period.n} {period.unit.replace('_', ' ')}{'' if period.n == 1 else 's'}"


def _start(start: StartOf | LaterOf | EarlierOf) -> str:
    if isinstance(start, StartOf):
        return f"{start.start} ({start.of})" if start.of else start.start
    name, several = ("later_of", start.later_of) if isinstance(start, LaterOf) else ("earlier_of", start.earlier_of)
    return f"{name}({', '.join(_start(one) for one in several)})"


def _effects(rule: NoticeRule) -> Iterator[str]:
    yield f"role {rule.role}"
    held = f" until {rule.objection.until.isoformat()}" if rule.objection.until is not None else ""
    yield f"objection {rule.objection.effect}{held}"
    yield f"silence {rule.silence}"
    if rule.not_before is not None:
        yield f"not before the end of: {_ends(rule.not_before)}"
    if rule.forbidden:
        yield f"forbidden {' or '.join(_when(when).strip() for when in rule.forbidden)}"
    if rule.portion != "none":
        yield f"portion {rule.portion}"
    if rule.post_order_wait is not None:
        yield f"{rule.post_order_wait.n} {rule.post_order_wait.unit}s after the order"
    if rule.execute_within is not None:
        yield f"within {rule.execute_within.n} {rule.execute_within.unit}s of {rule.execute_within.since}"
