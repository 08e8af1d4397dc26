"""What the operator does at the broker: users and rules. The services' own client has no such calls.

confluent-kafka is a dependency of set-up and tools only; no process of ours imports it.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from confluent_kafka.admin._scram import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

from deploy.kafka.rights import Rule
from shared.kafka import KafkaConfig

CALL_SECONDS = 15.0
ITERATIONS = 4096
"""The least that Kafka takes: the passwords are random, so that guessing them is hopeless at any price of a guess."""


class Refused(Exception):
    """The broker did not do it; the message says what, without any password."""


class Administration:
    """The operator's connection."""

    def __init__(self, operator: KafkaConfig) -> None:
        self._operator = operator
        self._turned_away = ""
        given: dict[str, Any] = {
            "bootstrap.servers": operator.bootstrap_servers, "security.protocol": operator.security_protocol,
            "sasl.mechanism": operator.sasl_mechanism, "sasl.username": operator.sasl_username or "",
            "sasl.password": operator.sasl_password or "", "error_cb": self._note,
        }  # fmt: skip
        self._client = AdminClient(given, logger=_SILENT)

    def set_passwords(self, passwords: Mapping[str, str]) -> None:
        """Make these users, or give them these passwords; raises Refused."""
        how = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, ITERATIONS)
        changes: list[Any] = [
            UserScramCredentialUpsertion(name, how, secret.encode()) for name, secret in passwords.items()
        ]
        self._all(
            "setting the users' passwords",
            self._client.alter_user_scram_credentials(changes, request_timeout=CALL_SECONDS).values(),
        )

    def allow(self, rules: Iterable[Rule]) -> None:
        """Give these rights; what is given already stays. Returns when they hold; raises Refused."""
        given = set(rules)
        bindings = [AclBinding(*_arguments(rule)) for rule in given]
        if bindings:
            self._all("giving rights", self._client.create_acls(bindings, request_timeout=CALL_SECONDS).values())
            self._until("giving rights", lambda: given <= self.rules())

    def forbid(self, rules: Iterable[Rule]) -> None:
        """Take exactly these rights away. Returns when they are gone; raises Refused."""
        taken = set(rules)
        filters = [AclBindingFilter(*_arguments(rule)) for rule in taken]
        if filters:
            self._all("taking rights", self._client.delete_acls(filters, request_timeout=CALL_SECONDS).values())
            self._until("taking rights", lambda: not taken & self.rules())

    def rules(self) -> frozenset[Rule]:
        """Every rule of the brokers; none for one who may not ask, since the library hides that. Raises Refused."""
        anything: Any = None
        every = AclBindingFilter(
            ResourceType.ANY, anything, ResourcePatternType.ANY, anything, anything, AclOperation.ANY,
            AclPermissionType.ANY,
        )  # fmt: skip
        (found,) = self._all("asking for the rights", [self._client.describe_acls(every, request_timeout=CALL_SECONDS)])
        return frozenset(
            Rule(
                one.principal, _name(one.restype), one.name, one.resource_pattern_type.name, one.operation.name,
                one.permission_type.name, one.host,
            )
            for one in found
        )  # fmt: skip

    def _all(self, doing: str, futures: Iterable[Any]) -> list[Any]:
        asked = list(futures)
        while not all(future.done() for future in asked) and not self._turned_away:
            self._client.poll(0.05)
        why = self._turned_away
        if not why:
            try:
                return [future.result() for future in asked]
            except KafkaException as error:
                denied = error.args[0].code() == KafkaError.CLUSTER_AUTHORIZATION_FAILED
                why = "this user may not administer the brokers" if denied else error.args[0].str()
        raise Refused(f"{doing} as {self._operator.sasl_username or 'nobody'}: {why}")

    def _until(self, doing: str, true: Callable[[], bool]) -> None:
        """The controller answers before the brokers know it."""
        end = monotonic() + CALL_SECONDS
        while not true():
            if monotonic() > end:
                raise Refused(f"{doing} as {self._operator.sasl_username or 'nobody'}: the brokers did not follow")

    def _note(self, error: KafkaError) -> None:
        """The library tries for ever with a password that was refused."""
        if error.code() == KafkaError._AUTHENTICATION:
            self._turned_away = error.str()


_CLUSTER = {"CLUSTER": ResourceType.BROKER}
"""The one kind that the library has another word for than the broker."""


def _arguments(rule: Rule) -> tuple[Any, ...]:
    return (
        _CLUSTER.get(rule.kind) or ResourceType[rule.kind], rule.name, ResourcePatternType[rule.pattern],
        rule.principal, rule.host, AclOperation[rule.operation], AclPermissionType[rule.permission],
    )  # fmt: skip


def _name(kind: ResourceType) -> str:
    return next((name for name, one in _CLUSTER.items() if one is kind), kind.name)


_SILENT = logging.Logger("deploy.kafka")
"""The library's log lines repeat each failed attempt; the last one is in our own error."""
_SILENT.addHandler(logging.NullHandler())
