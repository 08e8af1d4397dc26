"""`make prove-clocks`: 100,000 random questions for both clock engines. Exit 1 at the first date on which they differ.

ARGS="--cases 1000 --seed 7" asks fewer, or repeats a run. A difference is told with the smallest question that still
shows it, in the JSON that `python -m services.custody clock` reads.
"""

import argparse
import json
import os
import secrets
import time
from concurrent.futures import ProcessPoolExecutor
from random import Random

from tests.clocks.shrinking import smallest, told
from tests.services.custody.policy.questions import question

CASES = 100_000
CHUNK = 500


def main() -> int:
    """Ask and tell."""
    parser = argparse.ArgumentParser(prog="make prove-clocks", description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    began, done = time.monotonic(), 0
    chunks = [(asked.seed, first, min(first + CHUNK, asked.cases)) for first in range(0, asked.cases, CHUNK)]
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        for (_, first, last), differing in zip(chunks, workers.map(_differing, chunks), strict=True):
            if differing is not None:
                workers.shutdown(wait=False, cancel_futures=True)
                return _tell(asked.seed, differing)
            done += last - first
            if done % 5000 < CHUNK:
                print(f"{done:,} of {asked.cases:,} questions, {time.monotonic() - began:.0f} s", flush=True)
    print(f"{done:,} questions: both engines found the same dates")
    return 0


def _drawn(seed: int, number: int) -> Random:
    return Random(f"{seed}/{number}")


def _differing(chunk: tuple[int, int, int]) -> int | None:
    """The number of the first question of a chunk on which the engines differ."""
    seed, first, last = chunk
    return next((number for number in range(first, last) if told(question(_drawn(seed, number)))), None)


def _tell(seed: int, number: int) -> int:
    least = smallest(question(_drawn(seed, number)))
    print(f"question {number} of seed {seed}; the first engine's date, and the second's:")
    print(json.dumps(told(least), indent=1))
    print(json.dumps(least, indent=1))
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
