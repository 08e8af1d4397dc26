"""Ids: UUIDv7 of now, which ascend in every thread of a process and never come twice."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122, UUID

import pytest

from shared.ids import chance, new_id
from shared.text import canonical_uuid


def test_an_id_is_a_uuid_of_version_7_in_its_one_spelling_and_of_now() -> None:
    before, made, after = time.time_ns() // 1_000_000, new_id(), time.time_ns() // 1_000_000
    assert canonical_uuid(made) == made
    assert (UUID(made).version, UUID(made).variant) == (7, RFC_4122)
    assert before <= UUID(made).int >> 80 <= after + 1


def test_ids_of_one_process_ascend_and_stay_with_the_clock() -> None:
    made = [new_id() for _ in range(50_000)]
    assert made == sorted(set(made))
    assert UUID(made[-1]).int >> 80 <= time.time_ns() // 1_000_000 + 1


def test_a_clock_that_goes_back_takes_no_id_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    first = new_id()
    monkeypatch.setattr("shared.ids.time_ns", lambda: 1)
    second, third = new_id(), new_id()
    assert first < second < third


def test_threads_share_one_order() -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: [new_id() for _ in range(2_000)], range(8)))
    assert all(few == sorted(few) for few in made)
    heads = [each[:18] for few in made for each in few]  # time and count, without chance
    assert len(set(heads)) == len(heads)


def test_chance_is_given_out_once_of_any_length() -> None:
    drawn = [chance(length) for length in (8, 32, 8192, 9000, 1, 8) * 50]
    assert {len(each) for each in drawn} == {8, 32, 8192, 9000, 1}
    longer = [each for each in drawn if len(each) > 1]
    assert len(set(longer)) == len(longer)


def test_a_forked_process_draws_chance_of_its_own() -> None:
    chance(1)  # what is drawn ahead is there to be inherited
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, chance(32))
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 64) != chance(32)
    os.close(read)
    os.close(write)
