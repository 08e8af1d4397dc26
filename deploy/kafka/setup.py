"""Setting an installation up at its brokers: topics, users, rights. Each step is harmless when repeated."""

import asyncio
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from deploy.kafka.administration import Administration
from deploy.kafka.rights import rules, topic_of
from shared.kafka import KafkaConfig, ensure_topics, fact_topic, sealed_topic

T = TypeVar("T")


def topics(prefix: str) -> dict[str, dict[str, str]]:
    """Every topic with its configuration."""
    return {
        topic_of("custody", prefix): fact_topic(),
        topic_of("notify", prefix): fact_topic(),
        topic_of("audit", prefix): sealed_topic(),
    }


def set_up(operator: KafkaConfig, passwords: Mapping[str, str], prefix: str) -> None:
    """Make what is missing, and give each user its password; raises KafkaProblem, Refused.

    Without passwords, for brokers that ask nobody, the topics alone. May be called while an event loop runs here.
    """
    _run(ensure_topics(operator, topics(prefix)))
    if passwords:
        administration = Administration(operator)
        administration.set_passwords(passwords)
        administration.allow(rules(prefix))


def _run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end in a thread with a loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
