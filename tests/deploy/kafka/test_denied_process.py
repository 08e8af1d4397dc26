"""A process that Kafka denies something says what, stays up and red, and goes to work when it is given (the writer's)."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.kafka.administration import Administration
from deploy.kafka.rights import Rule, rules, topic_of, user_of
from deploy.local.waiting import wait_until
from shared.kafka import KafkaConfig
from tests.conftest import Templates
from tests.services.audit.rig import Rig, event
from tests.services.audit.test_process import WriterProcess

PASSWORD = "that no line of a log repeats"
SECONDS = 60.0


@pytest.fixture
def writer(
    database_templates: Templates, kafka_broker: KafkaConfig, topic_prefix: str, tmp_path: Path
) -> Iterator[tuple[Rig, WriterProcess]]:
    """A ledger whose facts the operator has put there, and a writer that comes as a user that is not made yet."""
    for urls in database_templates.copy("audit"):
        rig = Rig(urls, kafka_broker, topic_prefix, tmp_path)
        asyncio.run(rig.send(rig.founding, event()))
        own = replace(kafka_broker, sasl_username=user_of("audit writer", topic_prefix), sasl_password=PASSWORD)
        process = WriterProcess(replace(rig, operator=own))
        try:
            yield rig, process
        finally:
            process.process.kill()


def test_it_names_user_right_and_topic_and_works_once_all_is_given(writer: tuple[Rig, WriterProcess]) -> None:
    rig, process = writer
    operator, user = Administration(rig.operator), user_of("audit writer", rig.prefix)

    def says(sentence: str) -> None:
        def told() -> bool:
            process.process.demand_running()
            return sentence in process.process.log.read_text()

        wait_until(told, SECONDS, f"the log to say: {sentence}")
        status, body = process.ask("readyz")
        assert status == 503
        assert "NotAllowed" in body
        assert process.ask("healthz")[0] == 200

    process.process.start()
    says(f"the broker turns user {user} away: no such user, or another password")
    operator.set_passwords({user: PASSWORD})
    sealed = topic_of("audit", rig.prefix)
    says(f"user {user} has not the right READ on topic {sealed}, WRITE on topic {sealed}")
    own = {rule for rule in rules(rig.prefix) if rule.principal == f"User:{user}"}
    last = Rule(f"User:{user}", "TOPIC", topic_of("custody", rig.prefix), "LITERAL", "READ")
    operator.allow(own - {last})
    says(f"user {user} has not the right READ on topic {last.name}")
    operator.allow([last])
    wait_until(lambda: process.ready() and process.metric("cadena_audit_size") == 2, SECONDS, "both facts to be sealed")
    assert PASSWORD not in process.process.log.read_text()
