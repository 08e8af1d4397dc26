"""Sending: in order, acknowledged by all replicas, with the place of each message."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Self

from aiokafka import AIOKafkaProducer

from shared.kafka.client import CALL_SECONDS, KafkaConfig, Message, Session, deadline, end

SEND_SECONDS = 10.0


class Producer:
    """An idempotent producer, `acks=all`. One that failed is closed and another opened: it may never recover."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._sessions: dict[str, Session] = {}

    @classmethod
    async def open(cls, config: KafkaConfig) -> Self:
        """Connect; raises KafkaUnavailable."""
        client = AIOKafkaProducer(
            enable_idempotence=True, acks="all", max_batch_size=512 * 1024, max_request_size=1_048_576,
            **config.arguments(),
        )  # fmt: skip
        producer = cls(client)
        try:
            async with deadline(CALL_SECONDS, "connecting a producer"):
                await client.start()
        except BaseException:
            await producer.close()
            raise
        return producer

    async def send_many(self, topic: str, messages: Sequence[Message]) -> list[int]:
        """Send in order; the offset of each message, -1 for one that the broker took without saying where.

        Raises KafkaUnavailable if any was not acknowledged within ten seconds: then any of them may be in the topic or
        not, and this producer is done for.
        """
        sent: list[tuple[int, asyncio.Future[Any]]] = []
        async with deadline(SEND_SECONDS, f"sending {len(messages)} messages to {topic}"):
            try:
                for batch in self._batches(messages):
                    sent.append((batch.record_count(), await self._client.send_batch(batch, topic, partition=0)))
                placed = await asyncio.gather(*(future for _, future in sent), return_exceptions=True)
            finally:
                for _, future in sent:
                    future.cancel()
            offsets: list[int] = []
            for place, (count, _) in zip(placed, sent, strict=True):
                if isinstance(place, BaseException):
                    raise place
                offsets += [place.offset + at if place.offset >= 0 else -1 for at in range(count)]
        self._sessions.setdefault(topic, Session(self._client.client, [topic]))
        return offsets

    def _batches(self, messages: Sequence[Message]) -> Iterator[Any]:
        """Whole batches of the library's making: a future for each message would cost more than the message."""
        batch = self._client.create_batch()
        for message in messages:
            given = {"timestamp": None, "key": None, "value": message.value, "headers": list(message.headers)}
            if batch.append(**given) is None:
                yield batch
                batch = self._client.create_batch()
                batch.append(**given)
        batch.close()
        if batch.record_count():
            yield batch

    def connected(self) -> bool:
        """Whether the connections of the messages sent so far have held; if not, what is there now must be checked."""
        return all(session.holds() for session in self._sessions.values())

    async def close(self) -> None:
        """Close within five seconds; what was not acknowledged is given up rather than waited for."""
        self._client._closed = True
        self._client._message_accumulator._closed = True
        await end(self._client._sender.close(), self._client.client.close())
