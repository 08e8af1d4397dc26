"""Waiting for a condition with a deadline, never for a length of time."""

import time
from collections.abc import Callable
from typing import TypeVar

from deploy.local.problem import StackProblem

POLL_SECONDS = 0.05

T = TypeVar("T")


def wait_until(predicate: Callable[[], T | None], seconds: float, what: str, poll: float = POLL_SECONDS) -> T:
    """The first truthy answer of `predicate`, asked every `poll` seconds.

    Raises StackProblem naming `what` when none came within `seconds`; what `predicate` raises goes straight through.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = predicate()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise StackProblem(f"Waited {seconds:g} s in vain: {what}.")
        time.sleep(poll)
