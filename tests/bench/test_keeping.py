"""What part (g) says of two runs; and what is seeded is spread over years, in cases of ten."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from tests.bench.keeping import Kept
from tests.bench.keeping_judged import measured_keeping
from tests.bench.seeding import DAYS, a_case, an_id, an_item

SMALL = Kept(100, 1.0, 2.0, 75, 1.0, 0.5, 50, 0.1, 0.2, 1.0, 90, 2**27)
LARGE = replace(SMALL, items=1000, sweep=20.0, again=10.0, review=5.0, reviewed=500, due=4.0, unknown=2.0, preview=10.0)


def test_rates_are_of_the_largest_size_and_growth_is_of_the_time_for_one_item() -> None:
    figures = {figure.name: figure for figure in measured_keeping([SMALL, LARGE]).figures}
    assert figures["sweep, all that can change"].ours == 50
    assert figures["sweep, all that can change: growth"].ours == pytest.approx(1)
    assert figures["sweep, all that can change: growth"].reached is True
    assert figures["reviews opened"].ours == 100
    assert figures["report of what is due: growth"].ours == pytest.approx(4)
    assert figures["report of what is due: growth"].reached is False


def test_what_is_seeded_lies_in_cases_of_ten_under_ids_in_order() -> None:
    row = {
        "id": 0, "root": 0, "case": 0, "label": "", "collected_at": datetime(2001, 3, 14, tzinfo=UTC),
        "collected_latest": date(2001, 3, 14), "retention_until": None, "kind": "swab",
    }  # fmt: skip
    items = [an_item(row, number) for number in range(25)]
    assert len({item["id"] for item in items}) == len({item["label"] for item in items}) == 25
    assert sorted(item["id"] for item in items) == [item["id"] for item in items]
    assert [item["case"] for item in items].count(an_id(1, 0)) == 10
    assert a_case({"id": 0, "folio": ""}, 2)["id"] == items[24]["case"]
    assert all((row["collected_latest"] - item["collected_latest"]).days < DAYS for item in items)
    assert {item["kind"] for item in items} == {"swab"}
