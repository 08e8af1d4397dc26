"""What a notice opens (docs/law/counting.md, points 16 to 27): nothing, until everybody was told as the rule wants."""

from typing import Any

import pytest

from services.custody.policy.engine import answer
from tests.services.custody.policy.scene import (
    QUESTION,
    ask,
    at,
    calendar,
    claim,
    court,
    day,
    happened,
    notice_rule,
    opened,
    retention_rule,
    served,
)

BOTH = {"recipients": [{"kind": "convicted"}, {"kind": "counsel", "fallback": ["public_defender", "court"]}]}
ORDER = happened("order_entered", None, "2026-05-01")
WAIT = {"silence": "court_still_decides", "post_order_wait": {"n": 45, "unit": "day"}}
BACK = {"starts_at": "count_back_from_planned", "period": {"n": 60, "unit": "day"}}


def acknowledged(at_: str, recipient: str = "convicted") -> dict[str, Any]:
    return happened("received", recipient, at_, by="receiver", proof="acknowledgement")


def test_every_recipient_of_a_required_kind_must_be_reached() -> None:
    two = ("convicted", "convicted/2")
    one_served = opened(served(), recipients=two)
    assert (at(one_served), one_served.unmet) == (None, ("clock_not_started",))
    assert day(opened(served(), served("2026-01-20", "convicted/2"), recipients=two)) == "2026-04-20"


def test_a_fallback_is_told_where_there_is_nobody_and_passed_over_if_required_itself() -> None:
    facts = (served(), served("2026-01-12", "court"))
    assert day(opened(*facts, step=BOTH, recipients=("convicted", "court"))) == "2026-04-13"
    required = {"recipients": [*BOTH["recipients"], {"kind": "court"}]}
    window = opened(*facts, step=required, recipients=("convicted", "court"))
    assert (at(window), window.unmet) == (None, ("nobody_to_tell:counsel",))


def test_who_is_told_only_if_there_is_one_may_be_missing() -> None:
    optional = {"recipients": [{"kind": "convicted"}, {"kind": "victim", "if_any": True}]}
    assert day(opened(served(), step=optional)) == "2026-04-10"
    assert at(opened(served(), step=optional, recipients=("convicted", "victim"))) is None


def test_a_rule_that_names_nobody_falls_back_to_counsel_and_those_in_their_place() -> None:
    nobody: dict[str, Any] = {"recipients": []}
    assert day(
        opened(served("2026-01-10", "innocence_organisation"), step=nobody, recipients=("innocence_organisation",))
    )
    assert opened(step=nobody, recipients=("prosecutor",)).unmet[0] == "nobody_to_tell:counsel"


@pytest.mark.parametrize("proof", [None, "mail_server", "sworn_statement"])
def test_what_is_not_proved_as_the_rule_asks_starts_nothing(proof: str | None) -> None:
    assert at(opened(served(proof=proof), step={"service_by": ["court_record", "mail_server"]})) is None


def test_any_proof_but_the_mail_servers_serves_a_rule_that_lists_none() -> None:
    assert day(opened(served(proof="sworn_statement"), step={"service_by": []})) == "2026-04-10"
    assert at(opened(served(proof="mail_server"), step={"service_by": []})) is None


def test_what_the_proposer_dates_back_counts_from_its_recording() -> None:
    back = served("2026-01-10", by="proposer", recorded_at="2026-02-02T12:00:00Z")
    assert day(opened(back)) == "2026-05-04"
    assert day(opened(back | {"by": "carrier"})) == "2026-04-10"


def test_what_is_dated_ahead_counts_as_it_stands_and_is_odd() -> None:
    ahead = served("2026-02-02", recorded_at="2026-01-10T12:00:00Z")
    window = opened(ahead)
    assert (day(window), window.anomalies) == ("2026-05-04", ("dated_ahead:served:convicted",))


def test_a_sending_that_came_back_starts_anew_or_does_not_by_the_rule() -> None:
    sent, again = (
        happened("sent", "convicted", "2026-01-10", by="notify"),
        happened("sent", "convicted", "2026-01-20", by="notify"),
    )
    bounced = happened("bounced", "convicted", "2026-01-12", by="notify")
    by_sending = {"starts_at": {"start": "sent"}}
    told = acknowledged("2026-01-21")
    assert day(opened(sent, bounced, again, told, step=by_sending)) == "2026-04-20"
    assert at(opened(sent, bounced, told, step=by_sending)) is None
    assert day(opened(sent, bounced, told, step=by_sending | {"on_bounce": "ignore"})) == "2026-04-10"


def test_a_contradiction_takes_away_all_that_came_before() -> None:
    not_mine = happened("contradicted", "convicted", "2026-01-12", by="receiver")
    assert at(opened(served(), not_mine)) is None
    assert day(opened(served(), not_mine, served("2026-01-20"))) == "2026-04-20"


def test_the_first_fact_in_the_order_of_recording_stands() -> None:
    assert day(opened(served("2026-01-20"), served("2026-01-10"))) == "2026-04-20"


def test_whoever_was_told_in_somebodys_place_starts_the_clock_for_them() -> None:
    parties = [
        {"id": "convicted", "kind": "convicted"},
        {"id": "defender", "kind": "public_defender", "instead_of": "convicted"},
        {"id": "court", "kind": "court", "instead_of": "defender"},
        {"id": "loop", "kind": "victim", "instead_of": "loop"},
    ]
    facts = [served("2026-01-20", "court")]
    asked = ask(notice={"rules": [notice_rule({})], "facts": {"recipients": parties, "facts": facts}})
    assert asked.window is not None
    assert day(asked.window) == "2026-04-20"


def test_texas_counts_from_the_later_of_proof_and_mailing() -> None:
    step = BOTH | {
        "starts_at": {"later_of": [{"start": "proof_received", "of": "convicted"}, {"start": "sent", "of": "counsel"}]},
        "period": {"n": 91, "unit": "day"},
        "day_rule": "on",
    }
    proof, mailed = happened("proof_received", "convicted", "2026-01-10"), happened("sent", "counsel", "2026-01-20")
    window = opened(proof, mailed, step=step, recipients=("convicted", "counsel"))
    assert at(window) == "2026-04-21T00:00:00+00:00"
    assert at(opened(proof, step=step, recipients=("convicted", "counsel"))) is None


def test_the_earlier_of_several_starts_that_there_are() -> None:
    step = {"starts_at": {"earlier_of": [{"start": "received"}, {"start": "judicial_notification"}, {"start": "sent"}]}}
    facts = (
        happened("received", "convicted", "2026-01-14"),
        happened("judicial_notification", "convicted", "2026-01-12"),
    )
    assert day(opened(*facts, step=step)) == "2026-04-13"
    assert at(opened(served(), step=step)) is None


def test_a_start_of_a_kind_that_nobody_is_required_as_never_comes() -> None:
    assert at(opened(served(), step={"starts_at": {"start": "served", "of": "counsel"}})) is None


@pytest.mark.parametrize("start", ["petition_filed", "lab_request", "lab_told"])
def test_a_start_of_the_case_is_one_for_all(start: str) -> None:
    facts = served(), happened(start, None, "2026-01-12"), happened(start, None, "2026-01-05")
    assert day(opened(*facts, step={"starts_at": {"start": start}})) == "2026-04-13"
    assert at(opened(served(), step={"starts_at": {"start": start}})) is None


def test_an_order_that_no_court_entered_starts_nothing() -> None:
    step = {"starts_at": {"start": "order_entered"}}
    assert at(opened(served(), ORDER | {"by": "proposer"}, step=step)) is None
    assert day(opened(served(), ORDER, step=step)) == "2026-07-30"


def test_the_floor_is_counted_from_the_recording_and_the_later_stands() -> None:
    late = served("2026-01-10", recorded_at="2026-04-01T12:00:00Z")
    assert day(opened(late, step={"floor": {"n": 30, "unit": "day"}})) == "2026-05-01"
    assert day(opened(late, step={"floor": {"n": 3, "unit": "day"}})) == "2026-04-10"


def test_seconds_are_instants() -> None:
    window = opened(served("2026-01-10T23:59:50Z"), step={"period": {"n": 15, "unit": "second"}})
    assert (at(window), day(window)) == ("2026-01-11T00:00:05+00:00", "2026-01-11")


def test_counted_back_everybody_must_have_been_told_in_time() -> None:
    sent = happened("sent", "convicted", "2026-07-03", by="notify")
    window = opened(sent, acknowledged("2026-08-01"), step=BACK, planned_on="2026-09-01")
    assert (str(window.notice_by), day(window), at(window)) == ("2026-07-03", "2026-08-31", "2026-09-01T00:00:00+00:00")
    late = opened(sent | {"at": "2026-07-04T12:00:00Z"}, acknowledged("2026-08-01"), step=BACK, planned_on="2026-09-01")
    assert (at(late), late.unmet, str(late.notice_by)) == (None, ("told_too_late",), "2026-07-03")
    assert opened(sent, step=BACK).unmet == ("nothing_planned", "nobody_served")


def test_counted_back_in_seconds_and_with_a_floor() -> None:
    sent = happened("sent", "convicted", "2026-08-31T23:00:00Z", by="notify")
    second = BACK | {"period": {"n": 60, "unit": "second"}, "floor": {"n": 10, "unit": "day"}}
    window = opened(sent, acknowledged("2026-08-31T23:30:00Z"), step=second, planned_on="2026-09-01")
    assert (str(window.notice_by), day(window)) == ("2026-08-31", "2026-09-10")


def test_counted_back_from_a_day_that_is_not_counted_is_never() -> None:
    window = opened(happened("sent", "convicted", "2026-01-10"), step=BACK, planned_on="0002-01-05")
    assert window.unmet == ("no_known_end", "nobody_served")
    second = BACK | {"period": {"n": 60, "unit": "second"}}
    assert "no_known_end" in opened(served(), step=second, planned_on="0001-01-05").unmet


def test_counted_back_with_nobody_to_tell_is_never() -> None:
    nobody = BACK | {"recipients": [{"kind": "victim", "if_any": True}]}
    window = opened(served(), step=nobody, planned_on="2026-09-01")
    assert (at(window), window.unmet) == (None, ("clock_not_started",))


def test_somebody_outside_the_prosecution_was_served_whatever_the_rule_says() -> None:
    by_sending = {"starts_at": {"start": "sent"}, "recipients": [{"kind": "prosecutor"}]}
    sent = happened("sent", "prosecutor", "2026-01-10", by="notify")
    parties = ("prosecutor", "counsel")
    inside = opened(sent, served("2026-01-10", "prosecutor"), step=by_sending, recipients=parties)
    assert (at(inside), inside.unmet) == (None, ("nobody_served",))
    late = opened(sent, served("2026-05-01", "counsel"), step=by_sending, recipients=parties)
    assert (day(late), at(late)) == ("2026-04-10", "2026-05-02T00:00:00+00:00")


@pytest.mark.parametrize(
    ("resolved", "effect", "opens"),
    [
        (None, "court_decides", None),
        ("withdrawn", "court_decides", "2026-04-11T00:00:00+00:00"),
        ("court_forbids", "court_decides", None),
        ("court_permits", "court_decides", "2026-05-01T12:00:00+00:00"),
        ("court_permits", "burden_on_state", "2026-05-01T12:00:00+00:00"),
        ("court_permits", "absolute_bar", None),
        ("withdrawn", "absolute_bar", "2026-04-11T00:00:00+00:00"),
    ],
)
def test_an_objection_holds_until_it_is_resolved(resolved: str | None, effect: str, opens: str | None) -> None:
    objection = [{"at": "2026-04-30T12:00:00Z", "resolved": resolved}]
    window = opened(served(), ORDER, rule={"objection": {"effect": effect}}, objections=objection)
    assert at(window) == opens, "an objection after the window's end is not late"


def test_an_order_older_than_the_objection_does_not_resolve_it() -> None:
    objection = [{"at": "2026-05-02T12:00:00Z", "resolved": "court_permits"}]
    window = opened(served(), ORDER, objections=objection)
    assert (at(window), window.unmet) == (None, ("no_order",))


def test_an_objection_may_hold_until_a_day() -> None:
    rule = {"objection": {"effect": "hold_until", "until": "2026-12-31"}}
    withdrawn = [{"at": "2026-02-01T12:00:00Z", "resolved": "withdrawn"}]
    permitted = [{"at": "2026-02-01T12:00:00Z", "resolved": "court_permits"}]
    assert at(opened(served(), ORDER, rule=rule, objections=withdrawn)) == "2026-04-11T00:00:00+00:00"
    assert at(opened(served(), ORDER, rule=rule, objections=permitted)) == "2027-01-01T00:00:00+00:00"
    for far in ("9998-12-31", "9999-12-31"):
        beyond = {"objection": {"effect": "hold_until", "until": far}}
        assert opened(served(), ORDER, rule=beyond, objections=permitted).unmet == ("held_until",)


def test_oregon_waits_forty_five_days_after_the_order() -> None:
    unknown: dict[str, Any] = {"period": None}
    window = opened(served(), ORDER, step=unknown, rule=WAIT)
    assert (at(window), window.last_day) == ("2026-06-15T00:00:00+00:00", None)
    assert opened(served(), step=unknown, rule=WAIT).unmet == ("no_order",)
    assert at(opened(served("2026-07-01"), ORDER, step=unknown)) == "2026-07-02T00:00:00+00:00"
    assert opened(served(), ORDER, step=BACK | unknown, planned_on="2026-09-01").notice_by is None


def test_an_order_whose_wait_has_no_counted_end_is_none() -> None:
    bounded = [calendar(covers_to="2026-05-10")]
    assert opened(served(), ORDER, rule=WAIT, calendars=bounded).unmet == ("no_order",)


def test_where_silence_never_permits_everybody_consents_and_a_court_orders() -> None:
    rule = {"silence": "never"}
    assert opened(served(), ORDER, rule=rule).unmet == ("no_consent:convicted",)
    consent = happened("consented", "convicted", "2026-02-01", by="receiver")
    assert opened(served(), consent, rule=rule).unmet == ("no_order",)
    assert at(opened(served(), consent, ORDER, rule=rule)) == "2026-05-01T12:00:00+00:00"
    contradicted = happened("contradicted", "convicted", "2026-02-02", by="receiver")
    assert "no_consent:convicted" in opened(served(), consent, contradicted, ORDER, rule=rule).unmet


def test_a_second_notice_counts_from_where_the_first_window_was_over() -> None:
    first = notice_rule({"recipients": [{"kind": "prosecutor"}], "period": {"n": 0, "unit": "day"}, "roll": "none"})
    rule = first | {"steps": [*first["steps"], *notice_rule({"period": {"n": 98, "unit": "day"}})["steps"]]}
    parties = ("convicted", "prosecutor")
    told = served("2026-01-09", "prosecutor")
    window = opened(told, served("2026-01-10"), rules=[rule], recipients=parties)
    assert day(window) == "2026-04-20"
    early = opened(told, served("2026-01-09"), rules=[rule], recipients=parties)
    assert (at(early), early.anomalies[-1]) == (None, "too_early:served:convicted")
    assert at(opened(served("2026-01-10"), rules=[rule], recipients=parties)) is None
    without = first | {"steps": [first["steps"][0] | {"period": None}, *rule["steps"][1:]]}
    assert at(opened(told, served("2026-01-10"), rules=[without], recipients=parties)) is None


def test_a_forbidden_way_opens_nothing_where_it_may_be_forbidden() -> None:
    rule = {"forbidden": [{"stage": ["uncharged"]}]}

    def of(stated: Any) -> str | None:
        return at(opened(served(), rule=rule, cases=[{"facts": {"case": "1", "circumstances": {"stage": stated}}}]))

    assert of(court("convicted")) == "2026-04-11T00:00:00+00:00"
    assert of(court("uncharged")) is None
    assert of(claim("convicted")) is None
    assert of([]) is None


def test_what_must_be_done_within_a_time_closes() -> None:
    within = {"execute_within": {"n": 10, "unit": "day", "from": "lab_told"}}
    told = happened("lab_told", None, "2026-04-15")
    window = opened(served(), told, happened("lab_told", None, "2026-06-15"), rule=within)
    assert str(window.closes_at) == "2026-04-26 00:00:00+00:00"
    assert at(window) == "2026-04-11T00:00:00+00:00"
    closed = opened(served(), happened("lab_told", None, "2026-03-01"), rule=within)
    assert (at(closed), closed.unmet) == (None, ("closed",))
    assert opened(served(), rule=within).closes_at is None
    seconds = {"execute_within": {"n": 10, "unit": "second", "from": "served"}}
    assert str(opened(served(), rule=seconds).closes_at) == "2026-01-10 12:00:10+00:00"
    beyond = {"execute_within": {"n": 99999, "unit": "year", "from": "lab_told"}}
    assert opened(served(), told, rule=beyond).closes_at is None


def permitted(role: str, until: str | None, *facts: dict[str, Any]) -> str | None:
    keep = {"fixed_date": until} if until else "forever"
    notice = {
        "rules": [notice_rule({}, role=role)],
        "facts": {"recipients": [{"id": "convicted", "kind": "convicted"}], "facts": list(facts)},
    }
    found = ask(cases=[{"facts": {"case": "1"}, "rules": [retention_rule(keep)]}], notice=notice)
    assert dict(found.steps[-1].values)["at"] == (found.permitted_at.isoformat() if found.permitted_at else "never")
    return str(found.permitted_at) if found.permitted_at else None


def test_both_must_be_over_unless_the_notice_is_an_exit() -> None:
    assert permitted("condition", "2020-01-01", served()) == "2026-04-11 00:00:00+00:00"
    assert permitted("condition", "2030-01-01", served()) == "2030-01-02 00:00:00+00:00"
    assert permitted("condition", None, served()) is None
    assert permitted("condition", "9998-12-31", served()) is None
    assert permitted("condition", "2020-01-01") is None
    assert permitted("exit", "2030-01-01", served()) == "2026-04-11 00:00:00+00:00"
    assert permitted("exit", None) is None


def test_without_a_notice_nothing_is_permitted() -> None:
    found = answer(QUESTION.validate_python({"calendars": [calendar()], "item": {"item": "A"}, "cases": []}))
    assert (found.window, found.permitted_at) == (None, None)
