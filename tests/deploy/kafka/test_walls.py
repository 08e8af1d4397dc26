"""Every user × topic × act, tried on a real broker: what is allowed is exactly the table below, all else is denied."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)

from deploy.kafka.administration import Administration, Refused
from deploy.kafka.rights import Rule, differences, passwords, rules, topic_of, user_of
from deploy.local.kafka import Kafka
from shared.kafka import KafkaConfig, ensure_topics, fact_topic
from tests.deploy.kafka.acts import Acts

DENIED = (TopicAuthorizationFailedError, ClusterAuthorizationFailedError, GroupAuthorizationFailedError)
SECONDS = 20.0
ALLOWED = {
    ("custody_worker", "custody"): {"produce", "produce idempotently", "consume", "describe", "describe config"},
    ("custody_worker", "audit"): {"consume", "describe"},
    ("notify_worker", "notify"): {"produce", "produce idempotently", "consume", "describe", "describe config"},
    ("notify_worker", "audit"): {"consume", "describe"},
    ("audit_writer", "custody"): {"consume", "describe", "describe config"},
    ("audit_writer", "notify"): {"consume", "describe", "describe config"},
    ("audit_writer", "audit"): {"produce", "produce idempotently", "consume", "describe"},
}
USERS = ("custody_worker", "notify_worker", "audit_writer", "somebody")
TOPICS = ("custody", "notify", "audit", "another")
"""`another` is custody's topic of another installation on the same brokers; `somebody` has a password and no rule."""


@dataclass
class World:
    """Two installations on one broker of this module's own."""

    operator: KafkaConfig
    administration: Administration
    users: dict[str, KafkaConfig]
    topics: dict[str, str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Any:
    broker = Kafka(tmp_path_factory.mktemp("walls"))
    try:
        broker.start()
        yield _made(broker.operator)
    finally:
        broker.stop()


def _made(operator: KafkaConfig) -> World:
    administration = Administration(operator)
    known = passwords("secret", "a.") | {"somebody": secrets.token_urlsafe()}
    administration.set_passwords(known)
    administration.allow(rules("a.") | rules("b."))
    topics = {source: topic_of(source, "a.") for source in TOPICS[:3]} | {"another": topic_of("custody", "b.")}
    asyncio.run(ensure_topics(operator, dict.fromkeys(topics.values(), fact_topic())))
    users = {
        user: replace(operator, sasl_username=name, sasl_password=known[name])
        for user, name in [(user, user_of(user, "a.")) for user in USERS[:3]] + [("somebody", "somebody")]
    }
    return World(operator, administration, users, topics)


async def tried(world: World, users: tuple[str, ...] = USERS) -> tuple[dict[tuple[str, str], set[str]], int]:
    """(user, topic) → acts that succeed, and how many were tried; anything but success or a denial is an error."""
    found: dict[tuple[str, str], set[str]] = {}
    count = 0
    for user in users:
        async with Acts(world.users[user]) as can:
            for topic, name in world.topics.items():
                for what, act in can.items():
                    count += 1
                    try:
                        async with asyncio.timeout(SECONDS):
                            await act(name)
                    except DENIED:
                        continue
                    found.setdefault((user, topic), set()).add(what)
    return found, count


async def _filled(world: World) -> None:
    """A message in each topic, so that reading has something to find."""
    async with AIOKafkaProducer(**world.operator.arguments()) as producer:
        for topic in world.topics.values():
            await producer.send_and_wait(topic, b"there", partition=0)


async def test_g12_each_user_may_do_with_each_topic_exactly_what_the_table_says(world: World) -> None:
    await _filled(world)
    found, count = await tried(world)
    allowed = sum(map(len, found.values()))
    print(
        f"{count} acts tried as {len(USERS)} users on {len(TOPICS)} topics: {allowed} allowed, {count - allowed} denied"
    )
    assert found == ALLOWED
    assert count == len(USERS) * len(TOPICS) * 10


async def test_a_rule_too_many_is_found_by_trying_and_by_asking(world: World) -> None:
    await _filled(world)
    planted = Rule("User:a.notify_worker", "TOPIC", "a.cadena.custody.v1", "LITERAL", "WRITE")
    assert differences(world.administration.rules(), "a.") == ([], [])
    world.administration.allow([planted])
    try:
        found, _ = await tried(world, ("notify_worker",))
        excess = {key: acts for key, acts in found.items() if acts - ALLOWED.get(key, set())}
        assert excess == {("notify_worker", "custody"): {"produce", "produce idempotently", "describe"}}
        assert differences(world.administration.rules(), "a.") == ([], [planted])
        assert str(planted) == ("User:a.notify_worker from *: ALLOW WRITE on literal topic a.cadena.custody.v1")
    finally:
        world.administration.forbid([planted])


async def test_no_user_administers_or_joins_a_group(world: World) -> None:
    for user, config in world.users.items():
        own = Administration(config)
        attempts: list[Callable[[], None]] = [
            partial(own.allow, [Rule("User:*", "TOPIC", "*", "LITERAL", "ALL")]),
            partial(own.forbid, rules("a.")),
            partial(own.set_passwords, {str(config.sasl_username): "another"}),
            partial(own.set_passwords, {"operator": "another"}),
        ]
        for attempt in attempts:
            with pytest.raises(Refused, match="may not administer"):
                attempt()
        consumer = AIOKafkaConsumer(**config.arguments(), group_id=f"group of {user}")
        consumer.subscribe([world.topics["audit"]])
        try:
            with pytest.raises(DENIED):
                async with asyncio.timeout(SECONDS):
                    await consumer.start()
        finally:
            await consumer.stop()
    assert differences(world.administration.rules(), "a.") == ([], [])


async def test_who_has_no_password_sees_nothing(world: World) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=world.operator.bootstrap_servers, request_timeout_ms=2000)
    with pytest.raises(Exception, match=r"(?i)bootstrap|connection|timeout"):
        async with asyncio.timeout(SECONDS):
            await admin.start()
    await admin.close()
