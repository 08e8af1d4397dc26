"""Requests at a steady rate, whatever comes back when: each is charged from the moment at which it was due.

HTTP/1.1 over kept connections, spoken by hand: a client's own milliseconds would be counted as the server's.
"""

import asyncio
import selectors
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

REQUEST_SECONDS = 30.0
T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """asyncio.run on a loop whose timers are exact: select(2) waits for microseconds, epoll for whole milliseconds,
    rounded up, by which each request would go out late.
    """
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        return runner.run(main)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a body."""

    status: int
    body: bytes


class Connection:
    """One kept connection; one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, url: str) -> Self:
        """To the server of a URL."""
        parts = urlsplit(url)
        return cls(*await asyncio.open_connection(parts.hostname, parts.port))

    async def ask(self, request: bytes) -> Answer:
        """Send a whole request and read the whole answer, whose length the server says; TimeoutError after 30 s."""
        async with asyncio.timeout(REQUEST_SECONDS):
            self._writer.write(request)
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = 0
            for line in head.split(b"\r\n")[1:]:
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            return Answer(int(head[9:12]), await self._reader.readexactly(length))

    def close(self) -> None:
        """Close it at once."""
        self._writer.close()


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def connections(url: str, count: int) -> AsyncIterator[list[Connection]]:
    """So many connections, closed at the end of the block."""
    opened = [await Connection.open(url) for _ in range(count)]
    try:
        yield opened
    finally:
        for one in opened:
            one.close()


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of one request; all in monotonic seconds."""

    due: float
    done: float
    answer: Answer


async def at_rate(
    connections: Sequence[Connection], make: Callable[[int], bytes], rate: float, count: int
) -> list[Asked]:
    """Request i is due `i / rate` after the begin and goes out then, or as soon as a connection is free."""
    began, asked, waiting = time.monotonic(), list[Asked](), iter(range(count))

    async def work(connection: Connection) -> None:
        for number in waiting:
            due = began + number / rate
            early = due - time.monotonic()
            if early > 0:
                await asyncio.sleep(early)
            answer = await connection.ask(make(number))
            asked.append(Asked(due, time.monotonic(), answer))

    async with asyncio.TaskGroup() as group:
        for connection in connections:
            group.create_task(work(connection))
    return asked


async def as_fast(connections: Sequence[Connection], make: Callable[[int], bytes], count: int) -> list[Asked]:
    """A closed loop: each connection sends its next request when its last one was answered."""
    return await at_rate(connections, make, float("inf"), count)
