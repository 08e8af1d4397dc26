"""An answer of the clock engine for people and for programs. PURE."""

from __future__ import annotations

import hashlib
from typing import Any

from services.custody.policy.asking import written
from services.custody.policy.explaining import LANGUAGES, explain
from services.custody.policy.outcome import Window, step
from services.custody.policy.question import Answer, Question
from services.custody.policy.rules import Language
from services.custody.policy.zones import VERSION
from shared.canonical import canonical

HEADINGS: dict[Language, tuple[str, str, str, str]] = {
    "es": ("Resultado", "Cómo se contó", "Falta", "Llama la atención"),
    "en": ("Result", "How it was counted", "What is missing", "What is odd"),
}
UNWARNED = Window(None, None, None, None, ("no_notice",), (), ())
"""What stands for the window where nobody has been warned."""


def digest(question: Question) -> str:
    """SHA-256 of the question's canonical JSON (RFC 8785), rules and calendars in full."""
    return hashlib.sha256(canonical(written(question))).hexdigest()


def as_json(question: Question, answer: Answer) -> dict[str, Any]:
    """The answer as JSON values; None is *never, as the facts stand*. The sentences stand in both languages."""
    window, zone = answer.window or UNWARNED, question.calendars[0].zone
    days = {"kept_until": answer.keep.until, "review_by": answer.keep.review_by, "permitted_at": answer.permitted_at}
    days |= {name: getattr(window, name) for name in ("opens_at", "closes_at", "last_day", "notice_by")}
    return {
        **{name: value.isoformat() if value is not None else None for name, value in days.items()},
        "unknown": list(answer.keep.unknown),
        "unmet": list(window.unmet),
        "anomalies": list(window.anomalies),
        "zone": zone,
        "tzdata": VERSION,
        "question_sha256": digest(question),
        "explanation": {language: list(explain(answer.steps, language, zone)) for language in LANGUAGES},
    }


def as_text(question: Question, answer: Answer, language: Language) -> str:
    """The answer as a page: the result, each step, what is missing, what is odd, and what to check it by."""
    result, how, missing, odd = HEADINGS[language]
    zone, window = question.calendars[0].zone, answer.window or UNWARNED
    ends = (
        step("kept_until", item=question.item.item, day=answer.keep.until),
        step("permitted", at=answer.permitted_at),
    )
    lines = [f"{result}:", *(f"  {said}" for said in explain(ends, language, zone)), "", f"{how}:"]
    lines += [f"{number:3}. {said}" for number, said in enumerate(explain(answer.steps, language, zone), start=1)]
    for heading, codes in ((missing, (*answer.keep.unknown, *window.unmet)), (odd, window.anomalies)):
        lines += ["", f"{heading}: {', '.join(codes)}"] if codes else []
    return "\n".join([*lines, "", f"SHA-256 {digest(question)} · tzdata {VERSION}", ""])
