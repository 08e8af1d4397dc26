import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.figures import Bar, Figure, Measured, Series, percentile


def figure(ours: float, theirs: float | None, bar: Bar | None) -> Figure:
    return Figure("a", "rate", "events/s", ours, "all", theirs, "theirs", bar)


@pytest.mark.parametrize(
    ("ours", "theirs", "bar", "reached"),
    [
        (500.0, 100.0, Bar("ratio at least", 5), True),
        (499.0, 100.0, Bar("ratio at least", 5), False),
        (500.0, None, Bar("ratio at least", 5), None),
        (0.25, None, Bar("at most", 0.25), True),
        (0.2501, None, Bar("at most", 0.25), False),
        (10_000.0, None, Bar("at least", 10_000), True),
        (9_999.0, 1.0, Bar("at least", 10_000), False),
        (1.0, 2.0, None, None),
    ],
)
def test_a_bar_is_met_or_not(ours: float, theirs: float | None, bar: Bar | None, reached: bool | None) -> None:
    assert figure(ours, theirs, bar).reached is reached


def test_what_was_measured_survives_json() -> None:
    measured = Measured(
        (figure(1.5, 2.0, Bar("at most", 3)), figure(1, None, None)),
        (Series("a", "rate", "leaves", "events/s", ((0.0, 1.0), (1.0, 2.0))),),
        ("no Go here",),
    )
    assert Measured.read(json.loads(json.dumps(measured.plain()))) == measured


def test_percentiles_are_values_that_were_measured() -> None:
    hundred = [float(value) for value in range(100, 0, -1)]
    assert percentile(hundred, 0.5) == 50
    assert percentile(hundred, 0.99) == 99
    assert percentile(hundred, 1) == 100
    assert percentile([7.0], 0.01) == 7
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


@given(st.lists(st.floats(allow_nan=False), min_size=1), st.integers(1, 100))
def test_a_percentile_is_the_smallest_that_covers_its_share(values: list[float], share: int) -> None:
    found = percentile(values, share / 100)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= share * len(values)
    below = [value for value in values if value < found]
    assert len(below) * 100 < share * len(values)
