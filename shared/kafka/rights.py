"""What our user may do with a topic, asked of the broker before it is tried.

A library that is denied something says too little (a topic that may not be read looks like one that is not there), or
tries for ever. The broker says it in one answer: Metadata with `topic_authorized_operations` (KIP-430).
"""

from collections.abc import Collection, Mapping
from typing import Any

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    KafkaError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    UnsupportedSaslMechanismError,
    for_code,
)
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

from shared.kafka.client import CALL_SECONDS, KafkaConfig, KafkaUnavailable, NotAllowed, TopicMissing, deadline

READ, WRITE, DESCRIBE_CONFIGS = "READ", "WRITE", "DESCRIBE_CONFIGS"
_BITS = {READ: 3, WRITE: 4, DESCRIBE_CONFIGS: 10}
"""Place in the broker's bit field."""
_TURNED_AWAY = (SaslAuthenticationFailed, UnsupportedSaslMechanismError)


class _Answer(Response):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", Array(("node_id", Int32), ("host", String()), ("port", Int32), ("rack", String()))),
        ("cluster_id", String()),
        ("controller_id", Int32),
        ("topics", Array(
            ("error_code", Int16), ("name", String()), ("is_internal", Boolean),
            ("partitions", Array(
                ("error_code", Int16), ("index", Int32), ("leader", Int32), ("leader_epoch", Int32),
                ("replicas", Array(Int32)), ("isr", Array(Int32)), ("offline", Array(Int32)),
            )),
            ("operations", Int32),
        )),
        ("cluster_operations", Int32),
    )  # fmt: skip


class _Question(RequestStruct):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        ("topics", Array(String())), ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean), ("include_topic_authorized_operations", Boolean),
    )  # fmt: skip


class _Asking(Request[_Question]):  # type: ignore[misc]
    API_KEY = 3

    def __init__(self, topics: Collection[str]) -> None:
        self._topics = list(topics)

    def build(self, request_struct_class: type[_Question]) -> _Question:
        return request_struct_class(self._topics, False, False, True)


async def demand_rights(config: KafkaConfig, wanted: Mapping[str, Collection[str]]) -> None:
    """Raise NotAllowed naming our user, and each right that it lacks on each topic; topic → operations wanted.

    TopicMissing for a topic that is not there (who may do nothing with it is told NotAllowed, there or not), and
    KafkaUnavailable. A broker without rules allows everything.
    """
    who, found = config.sasl_username or "ANONYMOUS", await _rights(config, wanted)
    lacking = [
        f"{operation} on topic {topic}"
        for topic, operations in wanted.items()
        for operation in sorted(operations)
        if not found[topic] >> _BITS[operation] & 1
    ]
    if lacking:
        raise NotAllowed(f"user {who} has not the right {', '.join(lacking)}")


async def _rights(config: KafkaConfig, topics: Collection[str]) -> dict[str, int]:
    async with deadline(CALL_SECONDS, f"asking what may be done with {', '.join(topics)}"):
        connection = await _connect(config)
        try:
            answer = await connection.send(_Asking(topics))
        finally:
            connection.close()
    found: dict[str, int] = {}
    for code, name, _, _, operations in answer.topics:
        error = for_code(code)
        if error is UnknownTopicOrPartitionError:
            raise TopicMissing(f"there is no topic {name}")
        found[name] = 0 if error is TopicAuthorizationFailedError else operations
    return found


async def _connect(config: KafkaConfig) -> Any:
    """A connection to the first broker that answers; NotAllowed if it turns our user away."""
    given = config.arguments()
    given["max_idle_ms"] = given.pop("connections_max_idle_ms")
    hosts = collect_hosts(given.pop("bootstrap_servers"))
    del given["retry_backoff_ms"]
    failure: Exception = KafkaUnavailable("no broker is named")
    for host, port, _ in hosts:
        try:
            return await create_conn(host, port, **given)
        except _TURNED_AWAY as error:
            raise NotAllowed(
                f"the broker turns user {config.sasl_username} away: no such user, or another password"
            ) from error
        except (KafkaError, OSError, TimeoutError) as error:
            failure = error
    raise failure
