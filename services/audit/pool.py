"""A few connections of the driver's own kind, kept between requests: a statement costs its round trip and no more."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from services.audit.store import Connection

WAIT_SECONDS = 10.0


class Pool:
    """At most `most` connections, the one used last first. A connection on which anything failed is not kept."""

    def __init__(self, opened: Callable[[], Awaitable[Connection]], most: int) -> None:
        self._open = opened
        self._free = asyncio.Semaphore(most)
        self._idle: list[Connection] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """One connection; TimeoutError if none comes free in time, or what the driver raises if none can be opened."""
        async with asyncio.timeout(WAIT_SECONDS):
            await self._free.acquire()
        try:
            connection = await self._taken()
            try:
                yield connection
            except BaseException:
                connection.terminate()
                raise
            self._idle.append(connection)
        finally:
            self._free.release()

    async def close(self) -> None:
        """Close what is idle, at the end."""
        while self._idle:
            await self._idle.pop().close()

    async def _taken(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return await self._open()
