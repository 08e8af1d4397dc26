"""What producer, reader and administration have in common: configuration, errors, deadlines, lost connections."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from aiokafka import TopicPartition
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from aiokafka.helpers import create_ssl_context

from shared.settings import KafkaSettings

CALL_SECONDS = 10.0
CLOSE_SECONDS = 5.0
RETRY_MILLISECONDS = 200

Headers = Sequence[tuple[str, bytes]]


class KafkaProblem(Exception):
    """Kafka did not do what was asked; the message says what, and may be shown to an operator."""


class KafkaUnavailable(KafkaProblem):
    """No broker answered in time, the connection was lost, or the topic is not there: worth another try."""


class TopicMissing(KafkaUnavailable):
    """The brokers answer, and know no topic of that name: it was never made, or went with a lost disk."""


class NotAllowed(KafkaUnavailable):
    """Our user lacks a right, or is turned away: the operator's to mend, and then worth another try."""


class OffsetOutOfRange(KafkaProblem):
    """The topic does not reach back, or does not reach on, to the offset asked for: it is not the topic we knew."""


class Record(Protocol):
    """One message as it was read."""

    topic: str
    offset: int
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class Message:
    """One message to send. No key: a topic has one partition."""

    value: bytes
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class KafkaConfig:
    """Where the brokers are and who we are to them."""

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    sasl_mechanism: str = "SCRAM-SHA-256"

    @classmethod
    def of(cls, settings: KafkaSettings) -> Self:
        """What a process's settings say."""
        password = settings.sasl_password.get_secret_value() if settings.sasl_password else None
        return cls(settings.bootstrap_servers, settings.security_protocol, settings.sasl_username, password)

    def arguments(self) -> dict[str, Any]:
        """Arguments that all clients of the library take."""
        given: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
            "request_timeout_ms": int(CALL_SECONDS * 1000),
            "retry_backoff_ms": RETRY_MILLISECONDS,
            "connections_max_idle_ms": None,
        }
        if self.security_protocol == "SASL_SSL":
            given["ssl_context"] = create_ssl_context()
        if self.security_protocol != "PLAINTEXT":
            given["sasl_mechanism"] = self.sasl_mechanism
            given["sasl_plain_username"] = self.sasl_username
            given["sasl_plain_password"] = self.sasl_password
        return given


@contextlib.asynccontextmanager
async def deadline(seconds: float, doing: str) -> AsyncIterator[None]:
    """Turn whatever goes wrong within into a KafkaProblem, and too long a silence into KafkaUnavailable."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except OffsetOutOfRangeError as error:
        raise OffsetOutOfRange(f"{doing}: {error}") from error
    except UnknownTopicOrPartitionError as error:
        raise TopicMissing(f"{doing}: {error}") from error
    except (TopicAuthorizationFailedError, ClusterAuthorizationFailedError) as error:
        raise NotAllowed(f"{doing}: the broker does not allow it to this user: {error}") from error
    except TimeoutError as error:
        raise KafkaUnavailable(f"{doing}: no answer within {seconds:g} s") from error
    except (KafkaError, OSError) as error:
        raise KafkaUnavailable(f"{doing}: {type(error).__name__}: {error}") from error


class Session:
    """The connections to the leaders of some topics, as they were when first seen: a new one is another session.

    A broker that comes back may come back empty, and the library connects again without a word; so whoever must check
    its place after each reconnect asks here whether there was one.
    """

    def __init__(self, client: Any, topics: Sequence[str]) -> None:
        self._client = client
        self._partitions = [TopicPartition(topic, 0) for topic in topics]
        self._seen: dict[str, Any] = {}

    def holds(self) -> bool:
        """Whether every connection seen so far is still the one in use and open."""
        for partition in self._partitions:
            leader = self._client.cluster.leader_for_partition(partition)
            current = next((link for key, link in self._client._conns.items() if key[0] == leader), None)
            if current is not None and current.connected():
                current = self._seen.setdefault(partition.topic, current) is current
            else:
                current = partition.topic not in self._seen
            if not current:
                return False
        return True


async def end(*closings: Coroutine[Any, Any, None]) -> None:
    """Let the parts of a client close one after the other, each for five seconds, whatever they raise."""
    for closing in closings:
        # In a task of its own, for the library lets the cancellation of its own tasks through.
        task = asyncio.ensure_future(closing)
        await asyncio.wait({task}, timeout=CLOSE_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
