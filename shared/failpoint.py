"""Named points at which a process can be told to die, so that a test shows what is left when it dies just there.

`before-X` is the last moment at which X is not done: all that leads to it has happened. `after-X` is the first at which
it is done and nobody was told. Dying is SIGKILL to oneself: no handler runs, no buffer is flushed, no connection is
closed in order. Nothing is armed but by shared.settings.FailPointSettings, which a real installation refuses.
"""

import asyncio
import os
import signal
from dataclasses import dataclass
from typing import Literal, get_args

Point = Literal[
    "before-commit", "after-commit",  # of a command's transaction
    "before-answer", "after-answer",  # to the caller of a command
    "before-produce", "after-produce",  # of facts to their topic
    "before-publication", "after-publication",  # the rows that say where in the topic they are
    "before-append", "after-append",  # of a batch to the ledger
    "before-sign", "after-sign",  # the rows of a head and its tiles
    "before-head-file", "after-head-file",  # the last head outside the database
    "before-publish", "after-publish",  # of sealed entries
    "before-intake", "after-intake",  # of a sealed batch into a service's database
    "before-mail", "after-mail",  # of a message to the mail server
]  # fmt: skip
POINTS: tuple[Point, ...] = get_args(Point)
WRITTEN_SECONDS = 0.05
"""What an event loop needs at most to hand to the kernel what was written."""


@dataclass(slots=True)
class _Armed:
    """The point at which this process dies, and how often it is passed before."""

    point: str = ""
    passes: int = 0


_armed = _Armed()


def parse(text: str) -> tuple[str, int]:
    """`name` or `name:nth` (from 1) → name and nth; `("", 1)` for the empty text. ValueError for anything else."""
    name, colon, nth = text.partition(":")
    if text and name not in POINTS:
        raise ValueError(f"there is no such fail point; there are {', '.join(POINTS)}")
    if colon and not (nth.isdecimal() and nth.isascii() and 1 <= int(nth) <= 1_000_000):
        raise ValueError("after the colon stands which time the point is reached, from 1")
    return name, int(nth) if colon else 1


def arm(text: str) -> None:
    """Die at a point, written as for `parse`; the empty text disarms."""
    _armed.point, nth = parse(text)
    _armed.passes = nth - 1


def reach(point: Point) -> None:
    """Say that a point is reached. Once a batch or a command, never once an event."""
    if point == _armed.point:
        _die_or_pass(point)


async def reach_when_written(point: Point) -> None:
    """The same, once what was written to a socket before has left this process."""
    if point == _armed.point:
        await asyncio.sleep(WRITTEN_SECONDS)
        _die_or_pass(point)


def marker(point: str) -> str:
    """The line on standard error by which a test knows that a process died at this point and not somehow."""
    return f"died at the fail point {point}"


def _die_or_pass(point: Point) -> None:
    if _armed.passes:
        _armed.passes -= 1
        return
    os.write(2, f"{marker(point)}\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)
