"""What a client can do with a topic, sent as it is: one that behaves asks who leads a topic first, and would never come
to be denied what it then does not send.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import NoError, for_code
from aiokafka.protocol.admin import DeleteRecordsRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from shared.kafka import KafkaConfig

Act = Callable[[str], Awaitable[None]]


class Acts:
    """One user's connections to a broker alone in its cluster; each act raises what the broker said."""

    def __init__(self, config: KafkaConfig) -> None:
        self._config = config
        self._admin = AIOKafkaAdminClient(**config.arguments())

    async def __aenter__(self) -> dict[str, Act]:
        await self._admin.start()
        self._node = self._admin._client.get_random_node()
        return {
            "produce": self._produce, "produce idempotently": self._produce_idempotently, "consume": self._consume,
            "describe": self._describe, "describe config": self._describe_config, "alter config": self._alter_config,
            "create": self._create, "add partitions": self._add_partitions, "delete records": self._delete_records,
            "delete": self._delete,
        }  # fmt: skip

    async def __aexit__(self, *_: object) -> None:
        await self._admin.close()

    async def _produce(self, topic: str) -> None:
        await self._send(ProduceRequest(None, -1, 5000, [(topic, [(0, _batch())])]), 1)

    async def _produce_idempotently(self, topic: str) -> None:
        async with AIOKafkaProducer(**self._config.arguments(), enable_idempotence=True) as producer:
            await producer.send_and_wait(topic, b"tried", partition=0)

    async def _consume(self, topic: str) -> None:
        await self._send(FetchRequest(100, 1, 1 << 20, 0, [(topic, [(0, 0, 1 << 20)])]), 1)

    async def _delete_records(self, topic: str) -> None:
        await self._send(DeleteRecordsRequest([(topic, [(0, 1)])], 5000), 2)

    async def _describe(self, topic: str) -> None:
        (found,) = await self._admin.describe_topics([topic])
        _demand(found["error_code"])

    async def _describe_config(self, topic: str) -> None:
        _demand_resources(await self._admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)]))

    async def _alter_config(self, topic: str) -> None:
        shorter = ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "1000"})
        _demand_resources(await self._admin.alter_configs([shorter]))

    async def _create(self, topic: str) -> None:
        _demand((await self._admin.create_topics([NewTopic(f"{topic}.x", 1, 1)])).topic_errors[0][1])

    async def _add_partitions(self, topic: str) -> None:
        _demand((await self._admin.create_partitions({topic: NewPartitions(2)})).topic_errors[0][1])

    async def _delete(self, topic: str) -> None:
        _demand((await self._admin.delete_topics([topic])).topic_error_codes[0][1])

    async def _send(self, request: Any, place: int) -> None:
        """Send it; `place` is where in its partition's answer the error code stands."""
        answer = await self._admin._client.send(self._node, request)
        _demand(answer.topics[0][1][0][place])


def _demand(code: int) -> None:
    error = for_code(code)
    if error is not NoError:
        raise error


def _demand_resources(answers: Any) -> None:
    _demand(answers[0].resources[0][0])


def _batch() -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=0, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1,
        batch_size=1000,
    )  # fmt: skip
    builder.append(0, timestamp=0, key=None, value=b"tried", headers=[])
    return bytes(builder.build())
