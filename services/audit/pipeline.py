"""The stages of one session: read → append → sign → keep → publish, each batch through all of them, in order.

While a batch is appended and signed, the next is read and taken apart and the one before is published, so that neither
the database nor this process waits for the other. No stage overtakes: a batch is signed once it has been read back,
published once its head is kept, and appended only when the one before has its head.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from time import monotonic

from services.audit import metrics
from services.audit.append import Appender
from services.audit.consume import Place
from services.audit.intake import Sorted, Taken
from services.audit.publish import Publisher
from services.audit.sign import Sealed, Sealer
from shared.kafka import Columns, Reader, Stream

LOOK_SECONDS = 0.5
LAG_SECONDS = 5.0
SLICE = 250
"""How many messages are taken apart before the database's answers have their turn: about a millisecond."""


class Pipeline:
    """One session's stages. After an error it is done for: what was read and not appended is read again."""

    def __init__(
        self, appender: Appender, sealer: Sealer, publisher: Publisher, place: Place, after: Callable[[str], None]
    ) -> None:
        self._appender, self._sealer, self._publisher = appender, sealer, publisher
        self._after = after
        self.place = place
        self._sending: asyncio.Task[None] | None = None
        self._unsealed: deque[float] = deque()
        self._looked = 0.0
        metrics.UNSEALED.set_function(lambda: monotonic() - self._unsealed[0] if self._unsealed else 0.0)

    async def run(self, reader: Reader, stream: Stream, most: int, silence: float, stop: asyncio.Event) -> None:
        """Take batches of at most `most` messages until told to stop; raises what the first stage to fail raised."""
        reading = asyncio.create_task(self._read(reader, stream, most))
        try:
            while not stop.is_set():
                await self._done(reading)
                parts = reading.result()
                reading = asyncio.create_task(self._read(reader, stream, most))
                if parts:
                    await self.take(parts)
                elif self._sending is None and monotonic() - self._publisher.sent_at > silence:
                    await self._publisher.say_nothing_new(self.place.next)
            await self.sent()
        finally:
            await _end(reading, self._sending)

    async def take(self, parts: Sequence[Sorted], *, place: bool = True) -> None:
        """Append, sign and keep one batch, and have it published."""
        self._after("consumed")
        before = dict(self.place.next)
        new = await self._appender.append(parts, self.place.generation, place=place)
        self._after("appended")
        if place:
            self.place.next |= {part.taken.topic: part.taken.offsets[-1] + 1 for part in parts}
        sealed = await self._sealer.seal(new.entries)
        self._after("signed")
        if sealed:
            self._sealer.keep(sealed[-1].head)
            self._after("kept")
        if self._unsealed:
            self._unsealed.popleft()
        await self.sent()
        self._sending = asyncio.create_task(self._publish(sealed, before, dict(self.place.next)))

    async def sent(self) -> None:
        """Wait until what was handed over last is published."""
        if self._sending is not None:
            await self._sending
            self._sending = None

    async def _read(self, reader: Reader, stream: Stream, most: int) -> list[Sorted]:
        taken = await stream.batch(most, LOOK_SECONDS)
        if taken:
            self._unsealed.append(monotonic())
        parts = []
        for part in _slices(taken):
            parts.append(self._appender.sort(part))
            await asyncio.sleep(0)
        if monotonic() - self._looked > LAG_SECONDS:
            self._looked = monotonic()
            for topic, end in (await reader.end_offsets()).items():
                metrics.LAG.labels(topic).set(end - self.place.next[topic])
        return parts

    async def _publish(self, sealed: Sequence[Sealed], before: Mapping[str, int], after: Mapping[str, int]) -> None:
        if sealed:
            await self._publisher.publish(sealed, before, after)
        else:
            await self._publisher.say_nothing_new(after)
        self._after("published")

    async def _done(self, reading: "asyncio.Task[list[Sorted]]") -> None:
        """Wait for the next batch, and meanwhile for what publishing the last one raises."""
        while not reading.done():
            waiting = {reading, self._sending} if self._sending is not None else {reading}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if self._sending is not None and self._sending.done():
                await self.sent()


def _slices(taken: Sequence[Columns]) -> list[Taken]:
    return [
        Taken(topic, offsets[at : at + SLICE], values[at : at + SLICE])
        for topic, offsets, values in taken
        for at in range(0, len(offsets), SLICE)
    ]


async def _end(*tasks: "asyncio.Task[object] | None") -> None:
    left = [task for task in tasks if task is not None]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
