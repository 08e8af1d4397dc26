"""The three topics of an installation, and who may do what with them: made before anything writes.

Nothing makes a topic by writing to it, and no process of ours may make one: a lost broker is set up anew by this.
"""

from deploy.kafka.administration import Refused
from deploy.kafka.setup import set_up
from deploy.local.problem import StackProblem
from deploy.local.wiring import Wiring
from shared.kafka import KafkaProblem

ATTEMPTS = 5


def make_topics(wiring: Wiring) -> None:
    """Make topics, users and rights that are missing; raises StackProblem. An event loop may run meanwhile."""
    for attempt in range(ATTEMPTS):
        try:
            set_up(wiring.kafka, wiring.kafka_passwords, wiring.topic_prefix)
        except (KafkaProblem, Refused) as problem:
            # A broker that has just started may not count itself as alive yet.
            if attempt == ATTEMPTS - 1:
                raise StackProblem(f"Kafka was not set up: {problem}") from problem
        else:
            return
