"""What another pack would change of an item: no day that stands becomes earlier (G10)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.custody.policy.changing import change
from shared.facts.samples import Retention


def kept(until: date | None, rule: str = "OLD") -> Retention:
    return Retention(rule=rule, version=1, until=until)


D1, D2 = date(2030, 1, 1), date(2040, 1, 1)


@pytest.mark.parametrize(
    ("was", "computed", "why", "until"),
    [
        (D1, D2, "later", D2),
        (D2, D1, "kept_longer", D2),
        (D1, D1, "other_rule", D1),
        (None, D1, "kept_longer", None),
        (D1, None, "day_unknown", None),
        (None, None, "other_rule", None),
    ],
)
def test_why_and_what_would_stand(was: date | None, computed: date | None, why: str, until: date | None) -> None:
    found = change(kept(was), kept(computed, "NEW"))
    assert found is not None
    assert (found.why, found.becomes.until) == (why, until)
    assert (found.rule_alone is not None) == (why == "kept_longer")


def test_the_same_is_no_change() -> None:
    assert change(kept(D1), kept(D1)) is None


Until = st.none() | st.dates(date(2020, 1, 1), date(2060, 1, 1))


@given(Until, Until)
def test_g10_no_standing_end_becomes_nearer(was: date | None, computed: date | None) -> None:
    found = change(kept(was), kept(computed, "NEW"))
    assert found is not None
    assert found.becomes.until is None or (was is not None and found.becomes.until >= was)
