"""A question as somebody writes it down: names are put in full, and what is wrong is told with its place."""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from services.custody.policy.asking import Unreadable, ask, written
from services.custody.policy.calendars import Calendar
from services.custody.policy.engine import answer
from services.custody.policy.rules import Pack
from services.custody.policy.telling import as_json, as_text, digest

ENTRY = {
    "version": 1,
    "source": {"text": "a statute", "text_seen": True, "mark": "S"},
    "valid_from": "2000-01-01",
    "says": {"es": "una regla", "en": "a rule"},
}
NOTICE = ENTRY | {
    "id": "N-1",
    "steps": [{
        "recipients": [{"kind": "convicted"}],
        "starts_at": {"start": "served"},
        "period": {"n": 90, "unit": "day"},
        "service_by": ["court_record"],
    }],
    "objection": {"effect": "court_decides"},
    "silence": "proceed",
}  # fmt: skip
PACK = TypeAdapter(Pack).validate_python(
    {
        "id": "here",
        "version": 1,
        "title": {"es": "aquí", "en": "here"},
        "retention": [ENTRY | {"id": "K-1", "cases": [{"keep": {"years": 5, "from": "collection"}}]}],
        "notice": [NOTICE, NOTICE | {"version": 2}],
    }
)
CALENDARS = {
    "weekends": Calendar(id="weekends", version=1, zone="Etc/UTC", source="the week"),
    "court": TypeAdapter(Calendar).validate_python({
        "id": "court", "version": 1, "zone": "America/Chihuahua", "source": "the court's own",
        "holidays": [{"day": "2026-03-16", "name": "a holiday"}],
    }),
}  # fmt: skip
SERVED = {
    "kind": "served",
    "recipient": "one",
    "at": "2026-01-10T23:30:00-06:00",
    "recorded_at": "2026-01-11T09:00:00-06:00",
    "by": "court",
    "proof": "court_record",
}
ASKED: dict[str, Any] = {
    "calendars": [{"calendar": "weekends", "zone": "America/Chihuahua"}],
    "item": {"item": "LAB-1", "dates": {"collection": [{"value": "2018-05-04", "by": "other"}]}},
    "cases": [{"facts": {"case": "123/2018"}, "rules": ["here:K-1"]}],
    "notice": {
        "rules": ["here:N-1@1"],
        "facts": {"recipients": [{"id": "one", "kind": "convicted"}], "facts": [SERVED]},
    },
}


def asked(**changes: Any) -> str:
    return json.dumps(ASKED | changes)


def reasons(text: str) -> tuple[str, ...]:
    with pytest.raises(Unreadable) as refused:
        ask(text, {"here": PACK}, CALENDARS)
    return refused.value.reasons


def test_a_question_by_names_is_answered_and_told() -> None:
    question = ask(asked(), {"here": PACK}, CALENDARS)
    found = answer(question)
    told = as_json(question, found)
    assert (told["kept_until"], told["last_day"]) == ("2023-05-04", "2026-04-10")
    assert told["permitted_at"] == "2026-04-11T06:00:00+00:00"
    assert told["unmet"] == []
    page = as_text(question, found, "en")
    assert "LAB-1 is kept through 2023-05-04" in page
    assert "2026-04-11 00:00:00 (America/Chihuahua, UTC-0600)" in page
    assert digest(question) in page


def test_what_is_written_in_full_is_the_same_question() -> None:
    question = ask(asked(), {"here": PACK}, CALENDARS)
    again = ask(json.dumps(written(question)), {}, {})
    assert again == question
    assert digest(again) == digest(question)


def test_a_name_without_version_stands_for_all_versions() -> None:
    question = ask(asked(notice=ASKED["notice"] | {"rules": ["here:N-1"]}), {"here": PACK}, CALENDARS)
    assert question.notice is not None
    assert [rule.version for rule in question.notice.rules] == [1, 2]


def test_without_a_notice_nothing_is_permitted_and_both_tell_so() -> None:
    question = ask(
        json.dumps({name: ASKED[name] for name in ("calendars", "item", "cases")}), {"here": PACK}, CALENDARS
    )
    told = as_json(question, answer(question))
    assert (told["permitted_at"], told["unmet"]) == (None, ["no_notice"])
    assert "no_notice" in as_text(question, answer(question), "es")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "This is no JSON"),
        ('{"a": 1, "a": 2}', "This is no JSON"),
        ("[]", "A question is a JSON object"),
        (asked(calendars=["moon"]), "no calendar 'moon'; there are court, weekends"),
        (asked(calendars=[{"calendar": "court", "zone": "Etc/UTC"}]), "holidays of one authority"),
        (asked(calendars=[{"calendar": "weekends", "zone": "Mars/Base"}]), "no time zone 'Mars/Base'"),
        (asked(calendars=[]), "name at least one calendar"),
        (asked(calendars=["court", "weekends"]), "in one zone"),
        (asked(calendars=7), "calendars"),
        (asked(cases=[{"facts": {"case": "1"}, "rules": ["there:K-1"]}]), "no pack 'there'; there are here"),
        (asked(cases=[{"facts": {"case": "1"}, "rules": ["here:K-2"]}]), "it has K-1@1"),
        (asked(cases=[{"facts": {"case": "1", "death": "x"}}]), "cases.0.facts.death: there is no such member"),
        (asked(item={"item": "LAB\u202e-1"}), "item.item: the character U+202E cannot be seen"),
        (asked(item={"item": "LAB\u200b-1"}), "item.item: the character U+200B cannot be seen"),
        (
            asked(item={"item": "LAB-1", "dates": {"collection": [{"value": 0, "by": "other"}]}}),
            'item.dates.collection.0.value: write it as "1970-01-01", if that is what it says',
        ),
        (
            asked(calendars=[{"id": "weekends", "version": True, "zone": "Etc/UTC", "source": "the week"}]),
            "calendars.0.version: write it as 1, if that is what it says",
        ),
        (
            asked(calendars=[{"id": "weekends", "version": "1", "zone": "Etc/UTC", "source": "the week"}]),
            "calendars.0.version: write it as 1, if that is what it says",
        ),
        (asked(cases=["1"]), "cases.0"),
        (asked(cases=7), "cases"),
        (asked(item={}), "item.item: Field required"),
        (asked(notice={"rules": []}), "notice.rules"),
        (asked(notice=7), "notice"),
        (
            asked(notice={"rules": ["here:N-1"], "facts": {"facts": [SERVED | {"at": "2026-01-10T23:30:00"}]}}),
            "no offset",
        ),
        (asked(notice={"rules": ["here:N-1"], "facts": {"facts": [SERVED | {"at": "1800-01-10T23:30:00Z"}]}}), "1900"),
    ],
)
def test_what_cannot_be_asked_is_told_with_its_place(text: str, told: str) -> None:
    assert told in "\n".join(reasons(text))
