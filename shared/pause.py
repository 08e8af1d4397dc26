"""Waiting that ends when the process is told to stop: the one way in which a loop lets time pass."""

import asyncio
import contextlib
from collections.abc import Awaitable


async def pause(stop: asyncio.Event, seconds: float) -> bool:
    """Wait for that time, at most until told to stop; True if told."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
    return stop.is_set()


async def either(*parts: Awaitable[None]) -> None:
    """Run parts side by side until one ends; the others are cancelled, and its error rises."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
