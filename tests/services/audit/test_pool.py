"""The read API's connections: kept between requests, never more than so many, and none that failed."""

import asyncio

import pytest

from services.audit import pool as pools
from services.audit.pool import Pool


class Link:
    """Stands in for a driver's connection."""

    def __init__(self) -> None:
        self.closed = False

    def is_closed(self) -> bool:
        return self.closed

    def terminate(self) -> None:
        self.closed = True

    async def close(self) -> None:
        self.closed = True


class Opener:
    def __init__(self) -> None:
        self.opened: list[Link] = []

    async def __call__(self) -> Link:
        self.opened.append(Link())
        return self.opened[-1]


async def test_a_connection_is_used_again() -> None:
    opener = Opener()
    pool = Pool(opener, 2)
    for _ in range(3):
        async with pool.connection() as link:
            assert link is opener.opened[0]
    await pool.close()
    assert [link.closed for link in opener.opened] == [True]


async def test_one_that_failed_or_that_the_server_closed_is_replaced() -> None:
    opener = Opener()
    pool = Pool(opener, 1)
    with pytest.raises(ValueError, match="a query"):
        async with pool.connection():
            raise ValueError("a query")
    assert opener.opened[0].closed
    async with pool.connection() as second:
        pass
    second.closed = True
    async with pool.connection() as third:
        assert third is opener.opened[2]


async def test_no_more_than_so_many_are_open_and_waiting_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "WAIT_SECONDS", 0.05)
    opener = Opener()
    pool = Pool(opener, 2)
    async with pool.connection(), pool.connection():
        with pytest.raises(TimeoutError):
            async with pool.connection():
                raise AssertionError("a third")
        waiting = asyncio.create_task(_taken(pool))
        await asyncio.sleep(0)
    assert await waiting in opener.opened
    assert len(opener.opened) == 2


async def test_one_that_cannot_be_opened_leaves_its_place_free() -> None:
    async def refused() -> Link:
        raise OSError("no server")

    pool = Pool(refused, 1)
    for _ in range(3):
        with pytest.raises(OSError, match="no server"):
            async with pool.connection():
                pass


async def _taken(pool: Pool) -> Link:
    async with pool.connection() as link:
        return link  # type: ignore[no-any-return]
