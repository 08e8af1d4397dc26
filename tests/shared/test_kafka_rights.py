"""What a process is told when the broker denies it something: which user, which right, which topic, and no password."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import uuid4

import pytest

from deploy.kafka.administration import Administration, Refused
from deploy.kafka.rights import Rule
from shared.kafka import (
    READ,
    WRITE,
    KafkaConfig,
    Message,
    NotAllowed,
    Producer,
    TopicMissing,
    check_fact_topic,
    demand_rights,
    ensure_topics,
    fact_topic,
    record_at,
)

PASSWORD = "a password, that no message repeats"


@dataclass
class Somebody:
    """A user of this test's own and a topic, without any right as yet."""

    operator: Administration
    config: KafkaConfig
    topic: str

    @property
    def name(self) -> str:
        return str(self.config.sasl_username)

    def rule(self, operation: str) -> Rule:
        return Rule(f"User:{self.name}", "TOPIC", self.topic, "LITERAL", operation)


@pytest.fixture(scope="module")
def operator(kafka_broker: KafkaConfig) -> Administration:
    return Administration(kafka_broker)


@pytest.fixture
async def somebody(kafka_broker: KafkaConfig, operator: Administration, topic_prefix: str) -> Somebody:
    name = f"{topic_prefix}{uuid4().hex[:8]}"
    operator.set_passwords({name: PASSWORD})
    await ensure_topics(kafka_broker, {name: fact_topic()})
    return Somebody(operator, replace(kafka_broker, sasl_username=name, sasl_password=PASSWORD), name)


async def test_each_missing_right_is_named_with_its_user_and_topic_until_it_is_given(somebody: Somebody) -> None:
    both = {somebody.topic: {READ, WRITE}}
    with pytest.raises(NotAllowed) as nothing:
        await demand_rights(somebody.config, both)
    told = f"user {somebody.name} has not the right READ on topic {somebody.topic}, WRITE on topic {somebody.topic}"
    assert str(nothing.value) == told
    somebody.operator.allow([somebody.rule(READ)])
    with pytest.raises(NotAllowed, match=f"the right WRITE on topic {somebody.topic}$"):
        await demand_rights(somebody.config, both)
    await demand_rights(somebody.config, {somebody.topic: {READ}})
    somebody.operator.allow([somebody.rule(WRITE)])
    await demand_rights(somebody.config, both)
    somebody.operator.forbid([somebody.rule(WRITE)])
    with pytest.raises(NotAllowed, match="WRITE"):
        await demand_rights(somebody.config, both)


async def test_a_topic_that_may_not_be_read_is_not_taken_for_one_that_is_not_there(
    somebody: Somebody, kafka_broker: KafkaConfig
) -> None:
    for topic in (somebody.topic, "nowhere"):
        with pytest.raises(NotAllowed, match=f"READ on topic {topic}"):
            await record_at(somebody.config, topic, 0)
    with pytest.raises(TopicMissing, match="no topic nowhere"):
        await record_at(kafka_broker, "nowhere", 0)


async def test_who_may_read_and_not_write_is_told_so_when_it_sends(somebody: Somebody) -> None:
    somebody.operator.allow([somebody.rule(READ), somebody.rule("DESCRIBE_CONFIGS")])
    await check_fact_topic(somebody.config, somebody.topic)
    with pytest.raises(NotAllowed, match="WRITE"):
        await check_fact_topic(somebody.config, somebody.topic, write=True)
    with pytest.raises(NotAllowed):
        await Producer.open(somebody.config)
    other = f"{somebody.topic}-other"
    somebody.operator.allow([somebody.rule(WRITE)._replace(name=other)])
    producer = await Producer.open(somebody.config)
    try:
        with pytest.raises(NotAllowed):
            await producer.send_many(somebody.topic, [Message(b"x")])
    finally:
        await producer.close()
    assert await record_at(somebody.config, somebody.topic, 0) is None


async def test_a_wrong_password_is_told_as_such_and_not_repeated(somebody: Somebody) -> None:
    wrong = replace(somebody.config, sasl_password=f"not {PASSWORD}")
    for attempt in (demand_rights(wrong, {somebody.topic: {READ}}), record_at(wrong, somebody.topic, 0)):
        with pytest.raises(NotAllowed) as told:
            await attempt
        assert str(told.value) == f"the broker turns user {somebody.name} away: no such user, or another password"
    assert PASSWORD not in repr(wrong)


def test_the_operators_tool_says_at_once_that_it_is_turned_away(kafka_broker: KafkaConfig) -> None:
    with pytest.raises(Refused, match=r"as operator: .*uthentication") as told:
        Administration(replace(kafka_broker, sasl_password=f"not {PASSWORD}")).rules()
    assert PASSWORD not in str(told.value)


async def test_who_is_no_operator_gives_no_rights(somebody: Somebody) -> None:
    own = Administration(somebody.config)
    attempts: list[Callable[[], None]] = [
        lambda: own.allow([somebody.rule(WRITE)]), lambda: own.set_passwords({somebody.name: "new"}),
    ]  # fmt: skip
    for attempt in attempts:
        with pytest.raises(Refused, match="may not administer"):
            attempt()
