"""The conventions of counting, one by one (docs/law/counting.md, points 1 to 9 and 26); C1 to C6 are the mutants'."""

import pytest

from tests.services.custody.policy.scene import at, calendar, day, happened, kept, notice_rule, opened, served

RECESS = {"first": "2025-12-20", "last": "2026-01-20", "name": "recess", "except": "detained"}
PRISONER = [{"facts": {"case": "1", "circumstances": {"custody": [{"value": "detained", "by": "court"}]}}}]


def test_c1_the_day_of_the_start_is_not_counted_and_day_n_is_the_objectors() -> None:
    window = opened(served("2026-01-12"), step={"period": {"n": 3, "unit": "day"}})
    assert (day(window), at(window)) == ("2026-01-15", "2026-01-16T00:00:00+00:00")


def test_c1_on_day_n_opens_with_that_day() -> None:
    window = opened(served("2026-01-12"), step={"period": {"n": 3, "unit": "day"}, "day_rule": "on"})
    assert (day(window), at(window)) == ("2026-01-14", "2026-01-15T00:00:00+00:00")


def test_c2_a_period_that_ends_on_a_day_off_ends_on_the_next_working_day() -> None:
    holiday = calendar(holidays=[{"day": "2026-01-19", "name": "a Monday"}])
    saturday = {"period": {"n": 5, "unit": "day"}}
    assert day(opened(served("2026-01-12"), step=saturday, calendars=[holiday])) == "2026-01-20"
    assert day(opened(served("2026-01-12"), step=saturday | {"roll": "none"}, calendars=[holiday])) == "2026-01-17"


def test_c2_a_count_back_that_lands_on_a_day_off_moves_earlier() -> None:
    back = {"starts_at": "count_back_from_planned", "period": {"n": 60, "unit": "day"}}
    window = opened(happened("sent", "convicted", "2026-01-02"), served(), step=back, planned_on="2026-09-02")
    assert str(window.notice_by) == "2026-07-03"
    window = opened(happened("sent", "convicted", "2026-01-02"), served(), step=back, planned_on="2026-09-03")
    assert str(window.notice_by) == "2026-07-03", "4 July 2026 is a Saturday"


def test_c2_retention_does_not_roll() -> None:
    made = {"collection": [{"value": "2020-01-12", "by": "other"}]}
    assert kept({"days": 6, "from": "collection"}, dates=made) == "2020-01-18", "a Saturday"


@pytest.mark.parametrize(
    ("start", "n", "unit", "last"),
    [
        ("2026-01-31", 1, "month", "2026-03-01"),
        ("2024-01-31", 1, "month", "2024-03-01"),
        ("2024-02-29", 1, "year", "2025-03-01"),
        ("2024-02-29", 4, "year", "2028-02-29"),
        ("2026-08-31", 1, "month", "2026-10-01"),
        ("2026-12-31", 2, "month", "2027-03-01"),
        ("2026-11-30", 1, "month", "2026-12-30"),
    ],
)
def test_c3_a_day_that_the_month_lacks_is_the_first_of_the_next(start: str, n: int, unit: str, last: str) -> None:
    step = {"period": {"n": n, "unit": unit}, "roll": "none"}
    assert day(opened(served(start), step=step)) == last
    made = {"collection": [{"value": start, "by": "other"}]}
    assert kept({f"{unit}s": n, "from": "collection"}, dates=made) == last


def test_c3_counted_back_it_is_the_last_day_of_the_month() -> None:
    back = {"starts_at": "count_back_from_planned", "period": {"n": 1, "unit": "month"}, "roll": "none"}
    window = opened(happened("sent", "convicted", "2026-01-02"), served(), step=back, planned_on="2026-03-31")
    assert str(window.notice_by) == "2026-02-28"


def test_c4_an_instant_is_a_day_in_the_zone_of_the_authority() -> None:
    late = served("2026-01-12T23:30:00-06:00")
    assert day(opened(late, step={"period": {"n": 1, "unit": "day"}}, calendars=[calendar("America/Chihuahua")])) == (
        "2026-01-13"
    )
    assert day(opened(late, step={"period": {"n": 1, "unit": "day"}}, calendars=[calendar("Etc/UTC")])) == "2026-01-14"


@pytest.mark.parametrize(
    ("zone", "start", "opens"),
    [
        ("America/Santiago", "2026-09-04", "2026-09-06T04:00:00+00:00"),
        ("America/Santiago", "2026-04-03", "2026-04-05T04:00:00+00:00"),
        ("Asia/Beirut", "2026-03-27", "2026-03-28T22:00:00+00:00"),
        ("Pacific/Apia", "2011-12-28", "2011-12-30T10:00:00+00:00"),
        ("America/Toronto", "1919-03-29", "1919-03-31T04:30:00+00:00"),
        ("America/St_Johns", "2010-11-05", "2010-11-07T03:30:00+00:00"),
    ],
)
def test_c4_a_day_begins_where_the_day_before_comes_no_more(zone: str, start: str, opens: str) -> None:
    """Midnight is jumped over in Santiago and Beirut, a day is left out in Apia;
    in Toronto the jump began half an hour before midnight, and midnight came twice in St John's."""
    step = {"period": {"n": 1, "unit": "day"}, "roll": "none"}
    window = opened(served(f"{start}T18:00:00Z"), step=step, calendars=[calendar(zone)])
    assert at(window) == opens


def test_c4_an_acknowledgement_before_the_sending_starts_nothing() -> None:
    early = served("2026-01-10", proof="acknowledgement", by="receiver")
    window = opened(early, happened("sent", "convicted", "2026-01-11"))
    assert (at(window), window.anomalies) == (None, ("acknowledged_before_sent:served:convicted",))
    after = opened(happened("sent", "convicted", "2026-01-09"), early)
    assert (day(after), after.anomalies) == ("2026-04-10", ())


def test_c4_a_notice_before_its_rule_allows_one_starts_nothing() -> None:
    rule = notice_rule({}, not_before={"fixed_date": "2026-01-10"})
    case = [{"facts": {"case": "1"}}]
    assert at(opened(served("2026-01-10"), rules=[rule], cases=case)) is None
    assert day(opened(served("2026-01-11"), rules=[rule], cases=case)) == "2026-04-13"
    never = notice_rule({}, not_before="forever")
    assert at(opened(served("2026-01-11"), rules=[never], cases=case)) is None


def test_c5_suspended_days_do_not_count() -> None:
    """Norma Conjunta of Paraná with Brazil's CPP 798-A: 15 days, recess until 20 January."""
    fifteen = {"period": {"n": 15, "unit": "day"}}
    free = opened(served("2026-01-10"), step=fifteen, calendars=[calendar(suspended=[RECESS])])
    assert day(free) == "2026-02-04"
    detained = opened(served("2026-01-10"), step=fifteen, calendars=[calendar(suspended=[RECESS])], cases=PRISONER)
    assert day(detained) == "2026-01-26"
    ignored = opened(
        served("2026-01-10"), step=fifteen | {"suspended": "ignore"}, calendars=[calendar(suspended=[RECESS])]
    )
    assert day(ignored) == "2026-01-26"


def test_c5_of_months_the_suspended_days_are_counted_after_the_end() -> None:
    month = {"period": {"n": 1, "unit": "month"}, "roll": "none"}
    assert day(opened(served("2026-01-10"), step=month, calendars=[calendar(suspended=[RECESS])])) == "2026-02-20"


def test_c5_working_days_are_those_outside() -> None:
    five = {"period": {"n": 5, "unit": "business_day"}}
    assert day(opened(served("2026-01-10"), step=five, calendars=[calendar(suspended=[RECESS])])) == "2026-01-27"


def test_c5_what_the_calendar_does_not_cover_is_never() -> None:
    ninety = opened(served("2026-01-10"), calendars=[calendar(covers_from="2026-01-01", covers_to="2026-04-09")])
    assert (at(ninety), ninety.unmet) == (None, ("no_known_end",))
    assert day(opened(served("2026-01-10"), calendars=[calendar(covers_to="2026-04-10")])) == "2026-04-10"


def test_c6_of_two_rules_or_calendars_the_later_end_stands() -> None:
    shorter, longer = notice_rule({"period": {"n": 30, "unit": "day"}}), notice_rule({}, version=2)
    assert day(opened(served("2026-01-10"), rules=[longer, shorter])) == "2026-04-10"
    assert day(opened(served("2026-01-10"), rules=[shorter, longer])) == "2026-04-10"
    holiday = calendar(version=2, holidays=[{"day": "2026-04-10", "name": "a Friday"}])
    assert day(opened(served("2026-01-10"), calendars=[holiday, calendar()])) == "2026-04-13"


def test_c6_of_two_versions_of_which_one_never_opens_neither_does() -> None:
    never = notice_rule({}, version=2, forbidden=[{}])
    assert at(opened(served("2026-01-10"), rules=[notice_rule({}), never], cases=[{"facts": {"case": "1"}}])) is None
