"""Dates worked out by hand, found by both engines."""

import pytest

from tests.services.custody.policy.comparing import first
from tests.services.custody.policy.second import solve
from tests.vectors.clocks import Vector, vectors


def compared(vector: Vector, found: dict[str, str | None]) -> dict[str, str | None]:
    return {name: found[name] for name in vector.expected}


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector.name)
def test_the_second_engine_finds_what_was_worked_out(vector: Vector) -> None:
    assert compared(vector, solve(vector.question)) == vector.expected, vector.counting


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector.name)
def test_the_engine_finds_what_was_worked_out(vector: Vector) -> None:
    assert compared(vector, first(vector.question)) == vector.expected, vector.counting


def test_each_vector_is_named_once_and_expects_something() -> None:
    names = [vector.name for vector in vectors()]
    assert len(set(names)) == len(names) >= 20
    assert all(vector.expected and vector.source and vector.counting for vector in vectors())
