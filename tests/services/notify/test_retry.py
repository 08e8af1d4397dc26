"""Waiting between attempts, and reading reply codes."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.retry import FIRST, LONGEST, delay, is_permanent


def test_waits_double_from_five_seconds_to_a_day() -> None:
    assert [delay(n, 0.0).total_seconds() for n in (1, 2, 3, 4)] == [5, 10, 20, 40]
    assert delay(100, 0.0) == timedelta(hours=24)


@given(st.integers(1, 10**6), st.floats(0, 1, exclude_max=True))
def test_every_wait_lies_between_half_the_first_and_the_longest(attempt: int, spread: float) -> None:
    assert FIRST / 2 <= delay(attempt, spread) <= LONGEST


@pytest.mark.parametrize(
    ("code", "permanent"),
    [(250, False), (421, False), (450, False), (499, False), (500, True), (550, True), (600, False)],
)
def test_only_the_5yz_class_is_for_good(code: int, permanent: bool) -> None:
    assert is_permanent(code) is permanent
