"""The dates that are known for the shipped rules come out of the shipped rules."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from services.custody.policy.engine import answer
from services.custody.policy.facts import (
    CaseFacts,
    ItemFacts,
    NoticeFact,
    NoticeFacts,
    PersonFacts,
    Recipient,
    RoleOf,
    Statement,
)
from services.custody.policy.outcome import Window
from services.custody.policy.question import CaseQuestion, NoticeQuestion, Question
from services.custody.policy.shipped import calendars, packs


def _fact(kind: Any, day: str, recipient: str | None = None, proof: Any = None) -> NoticeFact:
    at = datetime.combine(date.fromisoformat(day), time(15), UTC)
    return NoticeFact(kind=kind, at=at, recorded_at=at, by="court", recipient=recipient, proof=proof)


def _everybody(kind: str, day: str, *recipients: str, proof: str | None = None) -> list[NoticeFact]:
    return [_fact(kind, day, one, proof) for one in recipients]


def _window(pack: str, rule: str, facts: list[NoticeFact], calendar: str = "weekends-only", **about: Any) -> Window:
    """The window of a shipped rule; a person of each kind that a fact names, convicted and final since 2010."""
    shipped = tuple(one for one in packs()[pack].notice if one.id == rule)
    final = {
        "conviction": (Statement(date(2010, 1, 1), "court"),),
        "judgment_final": (Statement(date(2010, 1, 1), "court"),),
    }
    case = CaseFacts(
        "case",
        (PersonFacts("p", (RoleOf("convicted"),), final),),  # type: ignore[arg-type]
        circumstances={name: (Statement(code, "court"),) for name, code in about.get("known", {}).items()},
    )
    told = dict.fromkeys(fact.recipient for fact in facts if fact.recipient)
    question = Question(
        calendars=(calendars()[calendar],),
        item=ItemFacts("item"),
        cases=(CaseQuestion(case),),
        notice=NoticeQuestion(
            shipped,
            NoticeFacts(
                recipients=tuple(Recipient(one, one) for one in told),  # type: ignore[arg-type]
                facts=tuple(sorted(facts, key=lambda fact: fact.recorded_at)),
                planned_on=about.get("planned_on"),
            ),
        ),
    )
    found = answer(question).window
    assert found is not None
    return found


def _opens(*asked: Any, **about: Any) -> str | None:
    at = _window(*asked, **about).opens_at
    return at.date().isoformat() if at is not None else None


SENT_CA = _everybody("sent", "2026-01-10", "convicted", "counsel", "public_defender", "prosecutor", "attorney_general")
SERVED_AFTER = [_fact("served", "2026-01-11", "counsel", "personal_service")]
TX = [
    _fact("sent", "2026-01-05", "convicted"),
    _fact("sent", "2026-01-20", "counsel"),
    _fact("sent", "2026-01-05", "court"),
    _fact("proof_received", "2026-01-10", "convicted", "postal_receipt"),
]
WI = _everybody("received", "2026-01-10", "convicted", "counsel", proof="postal_receipt")
MT = _everybody("served", "2026-01-10", "convicted", "counsel", proof="personal_service")
NH = [
    _fact("petition_filed", "2026-01-10"),
    *_everybody("served", "2026-01-11", "convicted", "counsel", "prosecutor", proof="court_record"),
]
CO = [
    _fact("sent", "2026-01-09", "prosecutor"),
    _fact("sent", "2026-01-10", "convicted"),
    _fact("served", "2026-01-11", "convicted", "personal_service"),
]
OR = [
    _fact("sent", "2026-01-09", "prosecutor"),
    *_everybody("sent", "2026-01-10", "convicted", "counsel", "attorney_general"),
    _fact("served", "2026-01-11", "convicted", "personal_service"),
    _fact("order_entered", "2026-05-01"),
]
CHARGED = {"stage": "convicted", "offence_class": "felony"}


@pytest.mark.parametrize(
    ("pack", "rule", "facts", "opens"),
    [
        ("us-tx", "TX-38.43", TX, "2026-04-21"),
        ("us-ca", "CA-1417.9", SENT_CA + SERVED_AFTER, "2026-07-10"),
        ("us-federal", "US-3600A", [_fact("received", "2026-01-10", "convicted", "postal_receipt")], "2026-07-10"),
        ("us-co", "CO-1105", CO, "2026-04-21"),
        ("us-ne", "NE-29-4125", WI, "2026-04-11"),
        ("us-wi", "WI-968.205", WI, "2026-04-11"),
        ("us-wi", "WI-968.205", _everybody("sent", "2026-01-10", "convicted", "counsel"), None),
        ("us-nh", "NH-651-D.3", NH, "2026-04-10"),
        ("us-mt", "MT-46-21-111", MT, "2026-05-12"),
        ("us-or", "OR-133.709", OR, "2026-06-15"),
    ],
)
def test_a_window_opens_on_the_known_day(pack: str, rule: str, facts: list[NoticeFact], opens: str | None) -> None:
    assert _opens(pack, rule, facts, known=CHARGED) == opens


@pytest.mark.parametrize(
    ("pack", "rule", "by"), [("us-federal", "US-3772", "2026-07-03"), ("us-mt", "MT-46-15-413", "2026-05-04")]
)
def test_a_notice_is_counted_back_from_the_planned_day(pack: str, rule: str, by: str) -> None:
    told = [_fact("sent", "2026-04-01", "victim"), _fact("served", "2026-04-02", "victim", "personal_service")]
    found = _window(pack, rule, told, planned_on=date(2026, 9, 1))
    assert found.notice_by == date.fromisoformat(by)


@pytest.mark.parametrize(
    ("known", "last", "closes"),
    [({"custody": "detained"}, "2026-01-26", "2026-02-21"), ({}, "2026-02-04", "2026-02-21")],
)
def test_parana_counts_prisoners_days_through_the_recess(known: dict[str, str], last: str, closes: str) -> None:
    served = _everybody("judicial_notification", "2026-01-10", "prosecutor", "accused", "victim", proof="court_record")
    facts = [*served, _fact("order_entered", "2026-02-09"), _fact("lab_told", "2026-02-10")]
    found = _window("br-pr", "BR-PR-186-2024", facts, "brazil-national", known=known)
    assert found.last_day == date.fromisoformat(last)
    assert found.closes_at is not None
    assert found.closes_at.date() == date.fromisoformat(closes)


def test_where_there_is_no_rule_only_a_court_opens_and_nothing_ends_the_keeping() -> None:
    served = _everybody("served", "2026-01-10", "convicted", "counsel", "court", proof="court_record")
    assert _opens("strictest", "STRICTEST-NOTICE", served) is None
    assert _opens("strictest", "STRICTEST-NOTICE", [*served, _fact("order_entered", "2026-08-03")]) == "2026-08-03"
    rules = packs()["strictest"].retention
    item = ItemFacts("item", {"collection": (Statement(date(2000, 1, 31), "other"),)})
    question = Question(
        calendars=(calendars()["weekends-only"],), item=item, cases=(CaseQuestion(CaseFacts("case"), rules),)
    )
    kept = answer(question).keep
    assert (kept.until, kept.review_by) == (None, date(2020, 1, 31))


def test_every_shipped_rule_answers() -> None:
    """Nothing that ships makes the engine stumble, and with nothing known nothing is ever permitted."""
    for pack in packs().values():
        for rule in pack.notice:
            assert _opens(pack.id, rule.id, []) is None
        case = CaseQuestion(CaseFacts("case"), pack.retention)
        question = Question(calendars=(calendars()["weekends-only"],), item=ItemFacts("item"), cases=(case,))
        assert answer(question).keep.until is None
