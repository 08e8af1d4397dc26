"""One writer at a time: an advisory lock for liveness, an epoch for safety.

A newcomer ends the holder's backend only when that is a writer's too and its heartbeat is old; a writer that is no
longer of the newest epoch commits nothing. Any login of the database can take the lock: another role that holds it is
an alarm with its name, and the newcomer waits. A row that only writers may lock would need a transaction without end.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from services.audit import metrics
from services.audit.errors import Fenced
from services.audit.store import Connection
from shared.advisory import Holder, Strangers, holders
from shared.pause import pause

LOCK = (0x6361, 0x6C6F67)
LOOK_SECONDS = 0.25
PATIENCE_SECONDS = 1.0
"""How long a holder that has just come may go without its first beat, and another role may hold the lock unnamed."""

log = structlog.get_logger()


class Fence:
    """This writer's claim to the ledger: the connection that holds the lock, and the epoch it took."""

    def __init__(self, connection: Connection, epoch: int) -> None:
        self.connection, self.epoch = connection, epoch

    async def demand(self, size: int) -> None:
        """Within a transaction: Fenced unless ours is the newest epoch and nothing is stored at or beyond `size`."""
        row = await self.connection.fetchrow(
            "SELECT (SELECT max(epoch) FROM epoch) AS epoch, EXISTS (SELECT FROM fragment WHERE first >= $1)"
            " OR EXISTS (SELECT FROM bundle WHERE n >= $1 / 256) AS beyond", size,
        )  # fmt: skip
        if row["epoch"] != self.epoch or row["beyond"]:
            raise Fenced(f"another writer has appended or taken over: epoch {row['epoch']}, ours is {self.epoch}")

    async def demand_epoch(self) -> None:
        """Within a transaction: Fenced unless ours is the newest epoch."""
        newest = await self.connection.fetchval("SELECT max(epoch) FROM epoch")
        if newest != self.epoch:
            raise Fenced(f"another writer has taken over: epoch {newest}, ours is {self.epoch}")


async def take(connection: Connection, old_seconds: float, stop: asyncio.Event) -> Fence | None:
    """Wait for the lock, ending a silent holder, and open an epoch; None if told to stop before."""
    suspect: tuple[int, float] | None = None
    strangers, loop = Strangers(PATIENCE_SECONDS), asyncio.get_running_loop()
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", *LOCK):
        if stop.is_set():
            return None
        held = await holders(connection, LOCK)
        for role in strangers.fresh(held, loop.time()):
            metrics.alarm("lock-held-by-stranger", "another role holds the writer's lock: it waits", role=role)
        holder = await _silent_twin(connection, held, old_seconds)
        if holder is None:
            suspect = None
        elif suspect is None or suspect[0] != holder:
            suspect = (holder, loop.time())
        elif loop.time() - suspect[1] > PATIENCE_SECONDS:
            log.error("ending a silent writer", alarm="writer-silent", backend=holder)
            await connection.execute("SELECT pg_terminate_backend($1)", holder)
        await pause(stop, LOOK_SECONDS)
    epoch = await connection.fetchval(
        "INSERT INTO epoch (epoch) SELECT coalesce(max(epoch), 0) + 1 FROM epoch RETURNING epoch"
    )
    await _beat(connection, epoch)
    return Fence(connection, epoch)


async def _silent_twin(connection: Connection, held: Sequence[Holder], old_seconds: float) -> int | None:
    """The writer among those who held the lock a moment ago, if the heartbeat is old now."""
    old = await connection.fetchval(
        "SELECT beat_at < clock_timestamp() - $1 * interval '1 second' FROM heartbeat", old_seconds
    )
    return next((one.pid for one in held if one.ours), None) if old else None


async def _beat(connection: Connection, epoch: int) -> None:
    beaten = await connection.execute(
        "UPDATE heartbeat SET beat_at = clock_timestamp(), epoch = $1 WHERE epoch <= $1", epoch
    )
    if beaten != "UPDATE 1":
        raise Fenced(f"a writer of a later epoch than {epoch} is at work")


class Heart:
    """Beats on a connection of its own, so that a long COPY does not look like death."""

    def __init__(self, connection: Any, fence: Fence, seconds: float) -> None:
        self._connection, self._fence, self._seconds = connection, fence, seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Beat until told to stop; raises Fenced, or what the lost connection raised."""
        while not stop.is_set():
            await _beat(self._connection, self._fence.epoch)
            if self._fence.connection.is_closed():
                raise Fenced("the connection that holds the ledger's lock is gone")
            await pause(stop, self._seconds)
