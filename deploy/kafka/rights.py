"""Who may do what at the broker: the one table user × topic → operations. PURE.

A user is one process; an API speaks to no broker and has none. What is not named here nobody may do: the broker denies
what no rule allows. `READ` and `WRITE` imply `DESCRIBE`. An idempotent producer needs no more than `WRITE`.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import NamedTuple

OPERATOR = "operator"
"""The super user: makes topics, users and rules. Its password is for set-up and tools, for no process of ours."""
BROKER = "broker"
"""The broker to itself."""
SOURCES = ("custody", "notify", "audit")
READ, WRITE, DESCRIBE_CONFIGS = "READ", "WRITE", "DESCRIBE_CONFIGS"

RIGHTS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "custody_worker": {
        # It reads its own topic back: what is not there goes out again. `readyz` asks whether all is kept for ever.
        "custody": frozenset({READ, WRITE, DESCRIBE_CONFIGS}),
        "audit": frozenset({READ}),
    },
    "notify_worker": {
        "notify": frozenset({READ, WRITE, DESCRIBE_CONFIGS}),
        "audit": frozenset({READ}),
    },
    "audit_writer": {
        "custody": frozenset({READ, DESCRIBE_CONFIGS}),
        "notify": frozenset({READ, DESCRIBE_CONFIGS}),
        # It reads the last sealed message back, to go on after it.
        "audit": frozenset({READ, WRITE}),
    },
}
"""User → source of a topic → operations."""


class Rule(NamedTuple):
    """One thing that is allowed. `pattern` is `LITERAL`, `PREFIXED`; `kind` is `TOPIC`, `GROUP`, `CLUSTER`, …"""

    principal: str
    kind: str
    name: str
    pattern: str
    operation: str
    permission: str = "ALLOW"
    host: str = "*"

    def __str__(self) -> str:
        return (
            f"{self.principal} from {self.host}: {self.permission} {self.operation} on {self.pattern.lower()} "
            f"{self.kind.lower()} {self.name}"
        )


def user_of(process: str, prefix: str) -> str:
    """The name of a process's user: installations that share brokers have users of their own."""
    return f"{prefix}{process.replace(' ', '_')}"


def topic_of(source: str, prefix: str) -> str:
    """The name of a source's topic."""
    return f"{prefix}cadena.{source}.v1"


def rules(prefix: str) -> frozenset[Rule]:
    """The table as the broker is told it."""
    return frozenset(
        Rule(f"User:{user_of(user, prefix)}", "TOPIC", topic_of(source, prefix), "LITERAL", operation)
        for user, topics in RIGHTS.items()
        for source, operations in topics.items()
        for operation in operations
    )


def concerns(rule: Rule, prefix: str) -> bool:
    """Whether a rule of the broker gives or takes something to our users, or of our topics, or of the whole cluster."""
    users = {f"User:{user_of(user, prefix)}" for user in RIGHTS} | {"User:*"}
    topics = {topic_of(source, prefix) for source in SOURCES}
    if rule.principal in users or rule.kind in ("CLUSTER", "UNKNOWN"):
        return True
    if rule.kind != "TOPIC":
        return False
    if rule.pattern == "PREFIXED":
        return any(topic.startswith(rule.name) for topic in topics)
    return rule.name == "*" or rule.name in topics


def differences(found: frozenset[Rule], prefix: str) -> tuple[list[Rule], list[Rule]]:
    """(missing, excess): what the table has and the broker has not, and the other way round, sorted."""
    wanted = rules(prefix)
    return sorted(wanted - found), sorted(rule for rule in found - wanted if concerns(rule, prefix))


def passwords(secret: str, prefix: str) -> dict[str, str]:
    """A password for each user, derived from the operator's: all who administer these brokers mean the same ones."""
    names = [user_of(user, prefix) for user in RIGHTS]
    return {
        name: hmac.digest(secret.encode(), f"cadena kafka user {name}".encode(), hashlib.sha256).hex()[:40]
        for name in names
    }
