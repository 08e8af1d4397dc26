"""Texts, dates, numbers, ids and cursors that are not what they are taken for."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from tests.attack.attack import Attack, Front
from tests.attack.target import Target
from tests.e2e.matter import proposal_body, sample_body

BAD = "invalid-request"
TEXTS = {
    "a line break": "A\nB", "a NUL": "A\0", "an override of direction": "A\u202e", "a zero-width space": "A\u200b",
    "a byte order mark": "A\ufeff", "nothing": "", "spaces": "   ", "10,000 characters": "A" * 10_000,
    "an isolate": "A\u2066B\u2069", "a private character": "A\ue000", "a non-character": "A\uffff",
}  # fmt: skip
LABELS = {
    "a space": "A 1", "SQL": "A';DROP TABLE event;--", "a path": "../../etc/passwd", "a template": "{{7*7}}",
    "a script": "<script>alert(1)</script>", "a formula": "=1+1", "65 characters": "A" * 65, "Cyrillic": "\u0410-1",
    "a header": "A\r\nX-Role: court",
}  # fmt: skip
INSTANTS: dict[str, Any] = {
    "the 30th of February": "2026-02-30T00:00:00Z", "the year nought": "0000-01-01T00:00:00Z",
    "the year 10000": "10000-01-01T00:00:00Z", "no offset": "2026-01-01T00:00:00", "a leap second": "2016-12-31T23:59:60Z",
    "an offset of 25 hours": "2026-01-01T00:00:00+25:00", "a day": "2026-01-01", "a number": 1767225600,
    "in words": "yesterday", "nanoseconds": "2026-01-01T00:00:00.000000001Z", "before the calendar": "0001-01-01T00:00:00+12:00",
}  # fmt: skip
AMOUNTS: dict[str, Any] = {
    "nought": 0,
    "below nought": -1,
    "text": "2",
    "true": True,
    "null": None,
    "2^53 - 1": 2**53 - 1,
}
IDS = {
    "a traversal": "..%2f..%2fadmin", "SQL": "1'%20OR%20'1'='1", "a NUL": "%00", "a number": "1", "a name": "court",
    "without dashes": uuid4().hex, "in braces": f"%7B{uuid4()}%7D", "of 10,000 characters": "a" * 10_000,
}  # fmt: skip
CURSORS = {
    "a word": "next",
    "another's": "eyJhZnRlciI6IDF9",
    "200 characters": "A" * 200,
    "SQL": "'%3B--",
    "nothing": "",
}
LIMITS = {
    "nought": "0",
    "below nought": "-1",
    "too many": "100000",
    "a word": "all",
    "2^64": str(2**64),
    "a float": "1.5",
}


def attacks(target: Target, lab: Front, court: Front, prosecutor: Front) -> Iterator[Attack]:
    """All at custody."""
    case, sample = target.matter.case, target.sample["id"]
    for name, text in TEXTS.items():
        yield court.post(f"a name with {name}", "/v1/persons", {"name": text}, 422, BAD)
    for name, label in LABELS.items():
        yield lab.post(f"a label with {name}", "/v1/samples", sample_body(case, label=label), 422, BAD)
    for name, instant in INSTANTS.items():
        yield lab.post(f"an instant: {name}", "/v1/samples", sample_body(case, collected_at=instant), 422, BAD)
    for name, amount in AMOUNTS.items():
        body = sample_body(case, quantity={"amount": amount, "unit": "swab"})
        yield lab.post(f"an amount: {name}", "/v1/samples", body, 422, BAD)
    for name, one in IDS.items():
        yield lab.get(f"an id: {name}", f"/v1/samples/{one}", 404, "not-found")
        yield lab.post(f"an id to act on: {name}", f"/v1/offers/{one}:withdraw", {"reason": "A"}, 404, "not-found")
    for name, cursor in CURSORS.items():
        yield lab.get(f"a cursor: {name}", f"/v1/samples/{sample}/timeline?cursor={cursor}", 400, "malformed-cursor")
    for name, limit in LIMITS.items():
        yield lab.get(f"a limit: {name}", f"/v1/samples/{sample}/timeline?limit={limit}", 422, BAD)
    yield lab.get("a parameter that nobody knows", f"/v1/samples/{sample}/timeline?order=desc", 422, BAD)
    for name, unknown in (("unknown", str(uuid4())), ("of another kind", sample)):
        yield lab.post(f"a case {name}", "/v1/samples", sample_body(unknown), 422, "unknown-reference")
        yield prosecutor.post(
            f"a proposal of an item {name}",
            "/v1/proposals",
            proposal_body([unknown if name == "unknown" else case]),
            404,
            "not-found",
        )
    yield prosecutor.post("a proposal of nothing", "/v1/proposals", proposal_body([]), 422, BAD)
    yield prosecutor.post("a proposal of one item twice", "/v1/proposals", proposal_body([sample, sample]), 422, BAD)
    yield prosecutor.post(
        "a proposal of 10,000 items", "/v1/proposals", proposal_body([str(uuid4()) for _ in range(5_000)]), 422, BAD
    )
    yield prosecutor.post(
        "a day that is none", "/v1/proposals", proposal_body([sample], planned_on="2026-13-01"), 422, BAD
    )
