"""Promises of a batch, signed by a process of their own: half of what a registration costs is its signature.

The helper is started with the first large batch. It ends with the end of its input: when this process ends, however it
ends. One that fails, or takes too long, is given up, and its work done here; the next batch starts another one.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import orjson
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared import jws
from shared.events import Event
from shared.promise import SEALED_WITHIN, Promiser

MANY = 100
"""Fewer are signed here, before another process would have heard of them."""
SECONDS = 5.0
_LONGEST_LINE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Helper:
    """A process that signs, and the pipes to it."""

    process: Process
    asks: asyncio.StreamWriter
    answers: asyncio.StreamReader


class HelpedPromiser(Promiser):
    """A promiser whose helper signs beside it."""

    def __init__(self, key: Ed25519PrivateKey, within: timedelta = SEALED_WITHIN) -> None:
        super().__init__(key, within)
        self.helper: _Helper | None = None
        self._turn = asyncio.Lock()

    async def promise_all(self, recorded: Sequence[tuple[Event, bytes]]) -> list[str]:
        """`promise` for each: by the helper where they are many."""
        if len(recorded) >= MANY:
            asked = orjson.dumps([self.claims(event, raw) for event, raw in recorded])
            try:
                async with self._turn, asyncio.timeout(SECONDS):
                    promises = await self._signed(asked)
                if len(promises) == len(recorded):
                    return promises
                raise ValueError("a promise is missing")
            except (OSError, EOFError, ValueError, TimeoutError) as error:
                structlog.get_logger().warning("signing helper given up", reason=type(error).__name__)
        return await super().promise_all(recorded)

    async def _signed(self, asked: bytes) -> list[str]:
        """The helper's answer. Whoever is interrupted gives the helper up: it would answer the next one with this."""
        helper = self.helper or await self._start()
        answer = b""
        try:
            helper.asks.write(asked + b"\n")
            await helper.asks.drain()
            answer = await helper.answers.readuntil()
        finally:
            if not answer:
                self.close()
        signed: list[str] = orjson.loads(answer)
        return signed

    async def _start(self) -> _Helper:
        """A helper with an empty environment, which has been told the key."""
        # Not by name: it needs nothing of this package, whose modules must not stand before others of their names.
        command = [sys.executable, "-P", str(Path(jws.__file__))]
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env={}, limit=_LONGEST_LINE)
        if process.stdin is None or process.stdout is None:
            raise OSError("a process without pipes")
        self.helper = helper = _Helper(process, process.stdin, process.stdout)
        helper.asks.write(orjson.dumps({"seed": self.seed.hex(), "header": self.header}) + b"\n")
        return helper

    def close(self) -> None:
        """End the helper."""
        helper, self.helper = self.helper, None
        if helper is not None and helper.process.returncode is None:
            helper.process.kill()
