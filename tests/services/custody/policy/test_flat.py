from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.custody.policy.flat import FLAT, Rule, add_years, later
from shared.facts.samples import Retention


@pytest.mark.parametrize(
    ("day", "years", "expected"),
    [
        (date(2004, 2, 29), 20, date(2024, 2, 29)),
        (date(2004, 2, 29), 1, date(2005, 3, 1)),
        (date(2080, 2, 29), 20, date(2100, 3, 1)),
        (date(2005, 2, 28), 3, date(2008, 2, 28)),
        (date(1999, 12, 31), 20, date(2019, 12, 31)),
    ],
)
def test_a_period_in_years_ends_on_the_same_day_or_the_day_after_where_there_is_none(
    day: date, years: int, expected: date
) -> None:
    assert add_years(day, years) == expected


def test_the_day_of_collection_is_a_day_of_utc() -> None:
    west = timezone(timedelta(hours=-6))
    assert FLAT.retention(datetime(2010, 5, 31, 23, 0, tzinfo=west)).until == date(2030, 6, 1)
    assert FLAT.retention(datetime(2010, 5, 31, 23, 0, tzinfo=UTC)).until == date(2030, 5, 31)


def test_the_flat_rule_keeps_twenty_years_and_says_which_rule_it_is() -> None:
    retention = FLAT.retention(datetime(2010, 5, 31, tzinfo=UTC))
    assert retention == Retention(rule="flat", version=1, until=date(2030, 5, 31))


def test_the_pack_of_leaf_0_is_the_rule_by_its_content() -> None:
    pack = FLAT.pack()
    assert (pack.id, pack.version) == ("flat", 1)
    assert pack.sha256 == "dd90f6984a219653cf90dc185c78e576dcb63d9c108b82e62f86eb53016f6b00"
    assert Rule("flat", 1, 10).pack().sha256 != pack.sha256


retentions = st.builds(
    Retention,
    rule=st.sampled_from(["flat", "other"]),
    version=st.integers(1, 3),
    until=st.dates(max_value=date(2999, 1, 1)),
)


@given(retentions, retentions)
def test_g2_the_later_of_two_retentions_holds_and_the_standing_one_in_case_of_doubt(
    standing: Retention, computed: Retention
) -> None:
    kept = later(standing, computed)
    assert kept.until == max(standing.until, computed.until)
    assert kept in (standing, computed)
    if standing.until == computed.until:
        assert kept == standing
