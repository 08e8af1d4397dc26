"""The plan of a run leaves nobody out, whatever its seed and length."""

import random

import pytest

from shared.failpoint import POINTS
from tests.chaos.plan import VICTIMS, around, planned, wanted, waves


@pytest.mark.parametrize("rounds", [1, 2, 3, 5, 40])
def test_each_victim_and_each_process_at_each_of_its_points_has_its_turn(rounds: int) -> None:
    for seed in range(20):
        plan = planned(rounds, random.Random(seed))
        assert len(plan) == rounds
        assert {name for each in plan for name in each.victims} == set(VICTIMS)
        parts = [part for each in plan for part in (each.recording, each.sealing, each.reading, each.sealing_again)]
        struck = {pair for part in parts for wave in waves(part) for pair in wave.items()}
        assert struck == wanted()


def test_every_point_is_somebodys() -> None:
    assert {point for _, point in wanted()} == set(POINTS)
    assert len(wanted()) == 30


def test_a_seed_repeats_its_plan() -> None:
    assert planned(5, random.Random(7)) == planned(5, random.Random(7)) != planned(5, random.Random(8))


def test_in_one_part_a_process_dies_before_an_act_and_then_after_it() -> None:
    hands = {"a": around("mail"), "b": around("intake", "mail")}
    assert [sorted(wave) for wave in waves(hands)] == [["a", "b"], ["a", "b"], ["b"], ["b"]]
    (only,) = planned(1, random.Random(1))
    for points in only.reading.values():
        assert [point.partition("-")[0] for point in points] == sorted(
            (p.partition("-")[0] for p in points), reverse=True
        )
