"""A writer that dies at each point at which it can: in the middle of a transaction, right after it, before it is told."""

import asyncio
from contextlib import suppress

import pytest

from services.audit import append, publish, sign
from shared.failpoint import Point
from tests.services.audit.rig import DEADLINE_SECONDS, Killed, Rig

POINTS: tuple[Point, ...] = (
    "before-append", "after-append", "before-sign", "after-sign", "before-head-file", "after-head-file",
    "before-publish", "after-publish",
)  # fmt: skip
"""Every point of the writer's, in its order."""


async def dies(rig: Rig, point: Point) -> None:
    """Run a writer to its death at this point: nothing after it runs, and the server sees its connections end.

    `make chaos` does the same to the process by SIGKILL.
    """
    reached = False

    def reach(now: Point) -> None:
        nonlocal reached
        if now == point:
            reached = True
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        for module in (append, sign, publish):
            patch.setattr(module, "reach", reach)
        with suppress(Killed):
            await asyncio.wait_for(rig.writer().run(asyncio.Event()), DEADLINE_SECONDS)
    assert reached, f"the writer has no point {point}"
