"""The worker's two clocks in one loop: items computed anew, then reviews of what will end. Never while restoring."""

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from services.custody.loops.due import Reviewing
from services.custody.loops.retention import Recomputing
from shared.pause import pause
from shared.problems import Problem

IDLE_SECONDS, DUE_SECONDS = 2.0, 300.0

log = structlog.get_logger()


class Keeping:
    """`may_act` is False while it is not known what the log holds already: then nothing is recorded."""

    def __init__(self, engine: AsyncEngine, source: str, leads: tuple[int, ...], may_act: Callable[[], bool]) -> None:
        self._recomputing, self._reviewing = Recomputing(engine, source), Reviewing(engine, source, leads)
        self._may_act = may_act

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop; a database in trouble is waited for."""
        clock = asyncio.get_running_loop().time
        reviewed = -DUE_SECONDS
        while not stop.is_set():
            worked = False
            try:
                if self._may_act():
                    worked = await self._recomputing.step()
                    if not worked and clock() - reviewed >= DUE_SECONDS:
                        worked = await self._reviewing.step()
                        reviewed = reviewed if worked else clock()
            except Problem as problem:
                log.warning("keeping waits", problem=problem.code, detail=problem.detail)
            if not worked and await pause(stop, IDLE_SECONDS):
                return
