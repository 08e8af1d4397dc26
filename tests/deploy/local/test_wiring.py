"""Each process is told all that its settings ask for, and no other service's secret."""

from dataclasses import replace
from pathlib import Path

import pytest

import services.audit.settings as audit
import services.custody.settings as custody
import services.notify.settings as notify
from deploy.local.cast import (
    FOUNDING,
    INSTALLATION,
    MEMBERS,
    ORGANISATIONS,
    SHOWN,
    audiences,
    founders,
    organisation_id,
)
from deploy.local.databases import ROLES
from deploy.local.issuer import ISSUER
from deploy.local.wiring import PROCESSES, SPEAK_TO_KAFKA, Wiring
from deploy.setup.founding import completed
from services.custody.found import Founding
from services.custody.rules.account import ROLE_KINDS
from shared.kafka import KafkaConfig
from shared.settings import CommonSettings, KafkaSettings

SETTINGS: dict[str, type[CommonSettings]] = {
    "custody api": custody.ApiSettings,
    "custody worker": custody.WorkerSettings,
    "audit writer": audit.WriterSettings,
    "audit api": audit.ApiSettings,
    "notify api": notify.ApiSettings,
    "notify worker": notify.WorkerSettings,
}
WIRING = Wiring(
    state=Path("/state"),
    ports={name: 20_000 + number for number, name in enumerate(PROCESSES)},
    databases={
        service: {role: f"postgresql://{service}_{role}:pw@/{service}?host=%2Ftmp%2Fx" for role in roles}
        for service, roles in ROLES.items()
    },
    kafka=KafkaConfig("127.0.0.1:9999", "SASL_PLAINTEXT", "operator", "secret"),
    topic_prefix="t.",
    smtp_url="smtp://127.0.0.1:2525",
    jwks=Path("/state/issuer/jwks.json"),
)


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_reads_its_settings_from_what_it_is_told(process: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in WIRING.environment(process).items():
        monkeypatch.setenv(name, text)
    read = SETTINGS[process]()
    assert read.listen_port == WIRING.ports[process]
    if process in SPEAK_TO_KAFKA:
        assert KafkaSettings().custody_topic == WIRING.topics["custody"]
        assert KafkaConfig.of(KafkaSettings()) == WIRING.kafka_as(process)


def test_who_speaks_to_kafka_does_so_as_itself_and_nobody_is_told_more() -> None:
    known = {"operator": "secret"} | WIRING.kafka_passwords
    assert set(known) == {"operator", "t.custody_worker", "t.notify_worker", "t.audit_writer"}
    assert len(set(known.values())) == 4
    for process in PROCESSES:
        told = set(WIRING.environment(process).values())
        own = {f"t.{process.replace(' ', '_')}"} & set(known)
        assert {name for name, password in known.items() if password in told} == own
        assert own == ({WIRING.kafka_as(process).sasl_username} if process in SPEAK_TO_KAFKA else set())


def test_brokers_without_passwords_are_spoken_to_without() -> None:
    plain = replace(WIRING, kafka=KafkaConfig("127.0.0.1:9999"))
    assert plain.kafka_passwords == {}
    assert plain.environment("audit writer")["CADENA_KAFKA_SECURITY_PROTOCOL"] == "PLAINTEXT"
    assert "CADENA_KAFKA_SASL_PASSWORD" not in plain.environment("audit writer")


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_gets_its_own_login_and_keys_only(process: str) -> None:
    told = WIRING.environment(process)
    service, role = PROCESSES[process]
    logins = {text.partition("//")[2].partition(":")[0] for text in told.values() if text.startswith("postgresql:")}
    assert logins == {f"{service}_{role}"}
    assert told["CADENA_KEYS_DIR"] == f"/state/keys/{service}"
    assert told["CADENA_LISTEN_HOST"] == "127.0.0.1"


def test_the_founding_document_is_one_that_custody_takes() -> None:
    public = {
        "audit": {
            "origin": "cadena.example/demo",
            "log_vkey": "cadena.example/demo+530a903d+AZk1VnFdx1Z8jb8oz2ZkfcaU2TkZgyTE8Fx/P7mvDaFV",
            "cosigner_vkey": "cadena.example/demo/cosigner+530a903d+AZk1VnFdx1Z8jb8oz2ZkfcaU2TkZgyTE8Fx/P7mvDaFV",
        },
        "custody": {"source": "urn:cadena:demo:custody", "promise_key": "A" * 43},
        "notify": {"source": "urn:cadena:demo:notify", "promise_key": "B" * 43, "link_key": "C" * 43},
    }
    taken = Founding.model_validate(completed(founders(ISSUER), INSTALLATION, public))
    assert [one.id for one in taken.organisations] == [organisation_id(key) for key in FOUNDING]


def test_every_account_has_a_role_that_its_organisation_may_give() -> None:
    for key, member in MEMBERS.items():
        assert ORGANISATIONS[member.organisation].kind in ROLE_KINDS[member.role], key  # type: ignore[index]
    assert set(SHOWN) <= set(MEMBERS)
    assert [key for key in SHOWN if "audit" in audiences(MEMBERS[key])] == ["auditor", "oversight"]
