"""The three topics of an installation, and who may do what with them: made before anything writes.

Nothing makes a topic by writing to it, and no process of ours may make one: a lost broker is set up anew by this.
"""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from deploy.kafka.administration import Administration, Refused
from deploy.kafka.rights import rules
from deploy.local.problem import StackProblem
from deploy.local.wiring import Wiring
from shared.kafka import KafkaProblem, ensure_topics, fact_topic, sealed_topic

ATTEMPTS = 5

T = TypeVar("T")


def make_topics(wiring: Wiring) -> None:
    """Make topics, users and rights that are missing; raises StackProblem. May be called while an event loop runs here.

    Brokers that ask for no password have no users and no rights: there, the topics alone.
    """
    wanted = {wiring.topics[source]: fact_topic() for source in ("custody", "notify")}
    wanted[wiring.topics["audit"]] = sealed_topic()
    for attempt in range(ATTEMPTS):
        try:
            _run(ensure_topics(wiring.kafka, wanted))
            if wiring.kafka_passwords:
                operator = Administration(wiring.kafka)
                operator.set_passwords(wiring.kafka_passwords)
                operator.allow(rules(wiring.topic_prefix))
        except (KafkaProblem, Refused) as problem:
            # A broker that has just started may not count itself as alive yet.
            if attempt == ATTEMPTS - 1:
                raise StackProblem(f"Kafka was not set up: {problem}") from problem
        else:
            return


def _run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end in a thread with a loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
