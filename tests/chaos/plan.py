"""Who dies where in which round: everything at least once in a run, in an order that the seed decides. PURE."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from shared.failpoint import POINTS, Point

VICTIMS = (
    "custody api", "custody worker", "audit writer", "audit api", "notify api", "notify worker", "kafka", "postgres",
)  # fmt: skip
ACTS = {"api": ("commit", "answer"), "relay": ("produce", "publication"), "intake": ("intake",), "mail": ("mail",)}
LEDGER = ("append", "sign", "head-file", "publish")

T = TypeVar("T")
Hands = Mapping[str, Sequence[Point]]
"""Process → the points at which it dies in this part of the round, one after the other."""


def around(*acts: str) -> tuple[Point, ...]:
    """Before and after each act."""
    return tuple(point for point in POINTS if point.partition("-")[2] in acts)


RECORDING: Hands = {
    "custody api": around(*ACTS["api"]),
    "notify api": around(*ACTS["api"]),
    "custody worker": around(*ACTS["relay"]),
    "notify worker": around(*ACTS["relay"]),
}
"""What can be reached while nothing is sealed."""
READING: Hands = {
    "custody worker": around(*ACTS["intake"]),
    "notify worker": around(*ACTS["intake"], *ACTS["mail"]),
}
"""What a worker reaches that finds sealed entries when it starts."""
SEALING: Hands = {"audit writer": around(*LEDGER)}


@dataclass(frozen=True)
class Round:
    """One round: who is killed wherever it is, after so many deaths at a point; then who dies where, in four parts."""

    victims: tuple[str, ...]
    after: int
    recording: Hands
    sealing: Hands
    reading: Hands
    sealing_again: Hands


def planned(rounds: int, rng: random.Random) -> list[Round]:
    """The rounds of a run; together they have every victim, and every process at every point that it can reach."""
    victims = _deal(VICTIMS, rounds, rng, at_least=2)
    recording, reading = (_dealt(hands, rounds, rng) for hands in (RECORDING, READING))
    sealing = _dealt(SEALING, 2 * rounds, rng)
    return [
        Round(
            tuple(dict.fromkeys(victims[at])), rng.randrange(len(RECORDING)), recording[at], sealing[2 * at],
            reading[at], sealing[2 * at + 1],
        )
        for at in range(rounds)
    ]  # fmt: skip


def waves(hands: Hands) -> list[dict[str, Point]]:
    """Who dies where at the same time: the first point of each process, then the second …"""
    longest = max((len(points) for points in hands.values()), default=0)
    return [{name: points[at] for name, points in hands.items() if at < len(points)} for at in range(longest)]


def wanted() -> set[tuple[str, Point]]:
    """Every process and point that a run must have hit."""
    return {
        (name, point) for part in (RECORDING, READING, SEALING) for name, points in part.items() for point in points
    }


def _dealt(hands: Hands, rounds: int, rng: random.Random) -> list[dict[str, list[Point]]]:
    by_process = {name: _deal(points, rounds, rng) for name, points in hands.items()}
    # "before" first: what was done after the first death leaves less to do before the second.
    return [{name: sorted(dealt[at], reverse=True) for name, dealt in by_process.items()} for at in range(rounds)]


def _deal(cards: Sequence[T], hands: int, rng: random.Random, at_least: int = 1) -> list[list[T]]:
    """`hands` hands of the same number of cards, from shuffled decks one after the other: each card at least once."""
    each = max(at_least, math.ceil(len(cards) / hands))
    dealt: list[T] = []
    while len(dealt) < hands * each:
        dealt += rng.sample(cards, len(cards))
    return [dealt[at * each : (at + 1) * each] for at in range(hands)]
