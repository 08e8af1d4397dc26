"""The table as rules, and what of the broker's rules concerns us."""

import pytest

from deploy.kafka.rights import RIGHTS, Rule, concerns, differences, passwords, rules


def test_the_table_becomes_one_rule_for_each_right() -> None:
    made = rules("p.")
    assert len(made) == sum(len(operations) for topics in RIGHTS.values() for operations in topics.values())
    assert Rule("User:p.audit_writer", "TOPIC", "p.cadena.audit.v1", "LITERAL", "WRITE") in made
    assert {rule.permission for rule in made} == {"ALLOW"}
    assert not {rule.principal for rule in made} & {rule.principal for rule in rules("q.")}


def test_nobody_but_its_own_process_writes_to_a_topic() -> None:
    writers = {(rule.name, rule.principal) for rule in rules("") if rule.operation == "WRITE"}
    assert writers == {
        ("cadena.custody.v1", "User:custody_worker"),
        ("cadena.notify.v1", "User:notify_worker"),
        ("cadena.audit.v1", "User:audit_writer"),
    }


OURS = Rule("User:x", "TOPIC", "p.cadena.custody.v1", "LITERAL", "READ")


@pytest.mark.parametrize(
    ("rule", "is_ours"),
    [
        (OURS, True),
        (OURS._replace(name="*"), True),
        (OURS._replace(name="p.", pattern="PREFIXED"), True),
        (OURS._replace(name="", pattern="PREFIXED"), True),
        (OURS._replace(kind="CLUSTER", name="kafka-cluster", operation="ALTER"), True),
        (OURS._replace(name="elsewhere", principal="User:p.custody_worker"), True),
        (OURS._replace(name="elsewhere", principal="User:*"), True),
        (OURS._replace(name="q.cadena.custody.v1"), False),
        (OURS._replace(name="q.", pattern="PREFIXED"), False),
        (OURS._replace(kind="GROUP", name="g"), False),
    ],
)
def test_a_rule_concerns_us_by_user_topic_or_cluster(rule: Rule, is_ours: bool) -> None:
    assert concerns(rule, "p.") is is_ours
    assert differences(rules("p.") | {rule}, "p.") == ([], [rule] if is_ours else [])


def test_what_is_missing_is_named() -> None:
    one = next(iter(rules("p.")))
    assert differences(rules("p.") - {one}, "p.") == ([one], [])


def test_passwords_differ_by_user_installation_and_operator() -> None:
    made = [*passwords("s", "").values(), *passwords("s", "p.").values(), *passwords("t", "").values()]
    assert len(set(made)) == 9
    assert passwords("s", "p.") == passwords("s", "p.")
