"""The open loop against a server that stalls: whoever was due meanwhile is charged for it."""

import asyncio
import selectors
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.bench.openloop import as_fast, at_rate, connections, request, run

ASK = request("GET", "/", {"X-Name": "value"})
STALL_SECONDS = 0.3


class Server:
    """Answers each request with its number, and stalls all for once at one of them."""

    def __init__(self, stall_at: int | None = None, status: int = 200) -> None:
        self.asked: list[bytes] = []
        self.stall_at, self.status = stall_at, status
        self.free = asyncio.Event()
        self.free.set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                writer.close()
                return
            self.asked.append(head)
            if len(self.asked) == self.stall_at:
                self.free.clear()
                asyncio.get_running_loop().call_later(STALL_SECONDS, self.free.set)
            await self.free.wait()
            body = b"%d" % len(self.asked)
            writer.write(b"HTTP/1.1 %d OK\r\nContent-Length: %d\r\n\r\n" % (self.status, len(body)) + body)


async def test_a_stall_is_charged_to_all_who_were_due_in_it() -> None:
    server = Server(stall_at=10)
    async with server.serving() as url, connections(url, 2) as opened:
        asked = await at_rate(opened, lambda _: ASK, rate=200, count=60)
    late = [one.done - one.due for one in asked]
    # Two requests waited on the wire; those due behind them had no connection, and waited just as truly.
    assert sum(taken > STALL_SECONDS / 2 for taken in late) >= 0.4 * STALL_SECONDS * 200
    assert max(late) >= STALL_SECONDS * 0.9


async def test_each_is_asked_once_and_none_before_it_is_due() -> None:
    server = Server()
    made: list[int] = []
    async with server.serving() as url, connections(url, 4) as opened:
        asked = await at_rate(opened, lambda number: made.append(number) or ASK, rate=500, count=50)  # type: ignore[func-returns-value]
    assert sorted(made) == list(range(50))
    assert len(server.asked) == len(asked) == 50
    assert all(one.done >= one.due for one in asked)
    dues = sorted(one.due for one in asked)
    assert [round((due - dues[0]) * 500) for due in dues] == list(range(50))


async def test_a_closed_loop_asks_as_often_as_it_is_told() -> None:
    server = Server(status=409)
    async with server.serving() as url, connections(url, 3) as opened:
        asked = await as_fast(opened, lambda _: ASK, 30)
    assert {one.answer.status for one in asked} == {409}
    assert sorted(int(one.answer.body) for one in asked) == list(range(1, 31))


async def test_a_server_that_hangs_up_is_an_error() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server, connections(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", 1) as opened:
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await opened[0].ask(ASK)


def test_it_runs_on_a_loop_that_does_not_round_its_timers_up_to_milliseconds() -> None:
    async def selector() -> object:
        return getattr(asyncio.get_running_loop(), "_selector")  # noqa: B009  the loop has no word for it

    assert isinstance(run(selector()), selectors.SelectSelector)
