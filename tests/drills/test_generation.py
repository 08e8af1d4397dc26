"""Kafka is not what it was (design 3.10, 3.12): audit raises the generation, the relays publish again by rule, once."""

import asyncio
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.problem import StackProblem
from shared.kafka import KafkaProblem, reading
from tests.drills.yard import Yard


async def delete_topics(yard: Yard, *topics: str) -> None:
    """On a live broker, while writer and relays hold connections."""
    client = AIOKafkaAdminClient(**yard.stack.wiring.kafka.arguments())
    await client.start()
    try:
        await client.delete_topics(list(topics))
    finally:
        await client.close()


async def length(yard: Yard, topic: str) -> int:
    async with reading(yard.stack.wiring.kafka, [topic]) as reader:
        return (await reader.end_offsets())[topic] - (await reader.beginning_offsets())[topic]


def test_g1_a_topic_deleted_and_made_again_on_a_live_broker_loses_and_doubles_nothing(
    yard: Yard, tmp_path: Path
) -> None:
    yard.until(yard.mayhem.is_ready, "everything to be ready")
    yard.sealed()
    before = yard.metric("audit writer", "cadena_audit_generation")
    topic = yard.stack.wiring.topics["custody"]
    with yard.frozen("audit writer"):
        risk = [yard.sample() for _ in range(8)]
        yard.published()
        asyncio.run(delete_topics(yard, topic))
        yard.until(lambda: make_again(yard), "the topic to be gone and made again")
    risk += [yard.sample("lab_2") for _ in range(4)]
    yard.until(lambda: yard.log.look() and yard.log.missing(risk) == 0, "everything to be sealed")
    yard.until(lambda: yard.metric("audit writer", "cadena_audit_generation") == before + 1, "a new generation")
    yard.until(yard.mayhem.is_ready, "everything to be ready again")
    assert yard.metric("audit writer", "cadena_audit_alarms_total", alarm="kafka-generation") >= 1
    assert yard.metric("custody worker", "cadena_unsealable_events", topic=topic) == 0
    assert asyncio.run(length(yard, topic)) <= 2 * len(risk)
    yard.all_is_well(tmp_path / "promises")


def make_again(yard: Yard) -> bool:
    """The operator's set-up, which finds the topic missing or still going."""
    try:
        yard.stack.make_topics()
        return asyncio.run(length(yard, yard.stack.wiring.topics["custody"])) < 8
    except (StackProblem, KafkaProblem):  # a topic that is being deleted is there for some calls and not for others
        return False
