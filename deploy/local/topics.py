"""The three topics of an installation, made before anything writes: nothing makes one by writing to it."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from deploy.local.problem import StackProblem
from deploy.local.wiring import Wiring
from shared.kafka import KafkaConfig, KafkaProblem, ensure_topics, fact_topic, sealed_topic

ATTEMPTS = 5

T = TypeVar("T")


def make_topics(wiring: Wiring) -> None:
    """Make the topics that are missing; raises StackProblem. May be called while an event loop runs here."""
    wanted = {wiring.topics[source]: fact_topic() for source in ("custody", "notify")}
    wanted[wiring.topics["audit"]] = sealed_topic()
    for attempt in range(ATTEMPTS):
        try:
            _run(ensure_topics(KafkaConfig(wiring.kafka), wanted))
        except KafkaProblem as problem:
            # A broker that has just started may not count itself as alive yet.
            if attempt == ATTEMPTS - 1:
                raise StackProblem(f"Kafka did not make the topics: {problem}") from problem
        else:
            return


def _run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end in a thread with a loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
