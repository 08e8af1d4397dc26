"""One relay at a time: a lock on a connection of its own, which beats, and what a newcomer makes of its holder.

A holder of another role is a stranger, and named. One of our own role is a twin: it is waited for while its connection
says something now and then, and its backend is ended when it does not, as that of a process that stands still or whose
network is gone. That costs nothing but a repetition: what a zombie publishes again is dropped by audit.
"""

import asyncio
from typing import Any

import asyncpg
import structlog
from prometheus_client import Counter, Gauge

from shared.advisory import Holder, Strangers, holders
from shared.pause import pause

LOOK_SECONDS = 0.5
STRANGER_SECONDS = 10.0
BEAT_SECONDS = 3.0
SILENT_SECONDS = 20.0
PATIENCE_SECONDS = 2 * BEAT_SECONDS
"""For how long a twin must be seen silent: a server that stood still itself has let nobody speak."""
STATEMENT_SECONDS = 10.0

LOCK_STRANGERS = Gauge("cadena_relay_lock_strangers", "ALARM: other roles that hold the relay's lock", ["topic"])
ENDED = Counter(
    "cadena_relay_silent_twins_ended_total", "Relays that held the lock in silence and were ended", ["topic"]
)

_SILENT = """
    SELECT pid FROM pg_stat_activity
    WHERE pid = ANY($1) AND greatest(state_change, query_start) < clock_timestamp() - $2 * interval '1 second'
    ORDER BY pid LIMIT 1"""

log = structlog.get_logger()


class RelayLock:
    """The lock of one topic's relay, held for as long as `connection` lives."""

    def __init__(self, connection: "asyncpg.Connection[Any]", topic: str) -> None:
        self._connection, self._topic = connection, topic
        LOCK_STRANGERS.labels(topic).set(0)

    async def take(self, stop: asyncio.Event) -> bool:
        """Become the one relay; False if told to stop before."""
        strangers, clock = Strangers(STRANGER_SECONDS), asyncio.get_running_loop().time
        suspect: tuple[int, float] | None = None
        key = await self._connection.fetchval("SELECT hashtextextended($1, 0)", f"relay {self._topic}")
        while not await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", key):
            held = await self.holders(key)
            for role in strangers.fresh(held, clock()):
                log.error("another role holds the relay's lock: nothing is published", topic=self._topic, role=role)
            LOCK_STRANGERS.labels(self._topic).set(len(strangers.named))
            silent = await self._connection.fetchval(_SILENT, [one.pid for one in held if one.ours], SILENT_SECONDS)
            if silent is None or suspect is None or suspect[0] != silent:
                suspect = None if silent is None else (silent, clock())
            elif clock() - suspect[1] > PATIENCE_SECONDS:
                log.error("ending a silent relay", topic=self._topic, backend=silent)
                await self._connection.execute("SELECT pg_terminate_backend($1)", silent)
                ENDED.labels(self._topic).inc()
                suspect = None
            if await pause(stop, LOOK_SECONDS):
                return False
        LOCK_STRANGERS.labels(self._topic).set(0)
        return True

    async def holders(self, key: int) -> list[Holder]:
        """Who holds the lock: another relay, or a login that has no business with it."""
        return await holders(self._connection, key)

    async def beat(self) -> None:
        """Say something now and then until cancelled; raises what the lost connection raises."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            await self._connection.execute("SELECT 1")
