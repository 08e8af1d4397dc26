"""Topics: made with one partition, and their configuration read back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.kafka.client import (
    CALL_SECONDS,
    RETRY_MILLISECONDS,
    KafkaConfig,
    KafkaProblem,
    KafkaUnavailable,
    deadline,
    end,
)
from shared.kafka.rights import DESCRIBE_CONFIGS, READ, WRITE, demand_rights

FOREVER = "-1"
SEALED_RETENTION_MS = str(30 * 24 * 3600 * 1000)


@contextlib.asynccontextmanager
async def _administration(config: KafkaConfig, doing: str) -> AsyncIterator[Any]:
    client = AIOKafkaAdminClient(**config.arguments())
    try:
        async with deadline(CALL_SECONDS, doing):
            await client.start()
            yield client
    finally:
        await end(client.close())


async def ensure_topics(config: KafkaConfig, topics: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Make those topics that are not there, name → configuration, with one partition; returns the names made.

    Returns once each has a leader. One replica for each broker, three at most. Raises KafkaUnavailable with the
    broker's own word for a refusal.
    """
    await demand_rights(config, {})  # tells a wrong password as such
    async with _administration(config, f"making {', '.join(topics)}") as client:
        brokers = len((await client.describe_cluster())["brokers"])
        wanted = [NewTopic(name, 1, min(3, brokers), topic_configs=dict(given)) for name, given in topics.items()]
        # The client does not raise what the broker says of a single topic.
        made = []
        for name, code, *message in (await client.create_topics(wanted)).topic_errors:
            error = for_code(code)
            if code == 0:
                made.append(name)
            elif error is not TopicAlreadyExistsError:
                raise KafkaUnavailable(f"making {name}: {error.__name__}: {message}")
        while not all(map(_led, await client.describe_topics(list(topics)))):  # noqa: ASYNC110  the broker tells no one
            await asyncio.sleep(RETRY_MILLISECONDS / 1000)
        return made


def _led(topic: Mapping[str, Any]) -> bool:
    return bool(topic["partitions"]) and all(partition["leader"] >= 0 for partition in topic["partitions"])


def fact_topic() -> dict[str, str]:
    """The configuration of a topic of facts: nothing in it is ever deleted."""
    return {"retention.ms": FOREVER, "retention.bytes": FOREVER, "cleanup.policy": "delete"}


def sealed_topic() -> dict[str, str]:
    """The configuration of the topic of sealed entries: kept for 30 days; who comes later reads the published log."""
    return {"retention.ms": SEALED_RETENTION_MS, "retention.bytes": FOREVER, "cleanup.policy": "delete"}


async def check_fact_topic(config: KafkaConfig, topic: str, *, write: bool = False) -> None:
    """For `readyz`: raises KafkaProblem unless the topic has one partition and keeps its messages for ever.

    NotAllowed if our user may not read it, or, with `write`, not write to it.
    """
    await demand_rights(config, {topic: {READ, DESCRIBE_CONFIGS} | ({WRITE} if write else set())})
    async with _administration(config, f"asking for the configuration of {topic}") as client:
        partitions = (await client.describe_topics([topic]))[0]["partitions"]
        answers = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    values = {entry[0]: entry[1] for answer in answers for resource in answer.resources for entry in resource[4]}
    if len(partitions) != 1:
        raise KafkaProblem(f"{topic} has {len(partitions)} partitions, not one")
    for name, wanted in fact_topic().items():
        if values.get(name) != wanted:
            raise KafkaProblem(f"{topic} has {name}={values.get(name)}, not {wanted}")
