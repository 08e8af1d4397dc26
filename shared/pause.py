"""Waiting that ends when the process is told to stop: the one way in which a loop lets time pass."""

import asyncio
import contextlib


async def pause(stop: asyncio.Event, seconds: float) -> bool:
    """Wait for that time, at most until told to stop; True if told."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
    return stop.is_set()
