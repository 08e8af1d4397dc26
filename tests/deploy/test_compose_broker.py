"""The broker of docker-compose.yml, started here by its own script and properties, and set up by its own one-shot."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.kafka.administration import Administration
from deploy.kafka.rights import Rule
from deploy.local.jars import ensure_jars
from deploy.local.kafka import answers, java, walls
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.process import Process
from deploy.local.waiting import wait_until
from deploy.setup.secrets import write
from shared.kafka import READ, WRITE, KafkaConfig, NotAllowed, check_fact_topic, demand_rights

ROOT = Path(__file__).parents[2]
PROPERTIES = ROOT / "deploy" / "kafka" / "server.properties"


@dataclass
class Composed:
    """The running broker, its secrets, and the command of `kafka-setup`."""

    process: Process
    secrets: Path
    port: int

    def start(self) -> None:
        self.process.start()
        wait_until(lambda: answers(LOOPBACK, self.port), 90, f"the broker; see {self.process.log}")

    def as_user(self, name: str) -> KafkaConfig:
        password = (self.secrets / f"kafka_{name}_password").read_text().strip()
        return KafkaConfig(f"{LOOPBACK}:{self.port}", "SASL_PLAINTEXT", name, password)

    def set_up(self, *arguments: str, operator: str | None = None) -> subprocess.CompletedProcess[str]:
        (self.secrets / "cadena_kafka_sasl_password").unlink(missing_ok=True)
        (self.secrets / "cadena_kafka_sasl_password").write_text(
            operator or str(self.as_user("operator").sasl_password)
        )
        environment = os.environ | {
            "CADENA_KAFKA_BOOTSTRAP_SERVERS": f"{LOOPBACK}:{self.port}", "CADENA_SECRETS_DIR": str(self.secrets),
            "CADENA_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "CADENA_KAFKA_SASL_USERNAME": "operator",
        }  # fmt: skip
        argv = [sys.executable, "-m", "deploy.kafka", *arguments]
        return subprocess.run(argv, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def composed(tmp_path: Path) -> Iterator[Composed]:
    secrets, port, controller = tmp_path / "secrets", *free_ports(2)
    write(secrets)
    config = tmp_path / "server.properties"
    text = PROPERTIES.read_text().replace("9092", str(port)).replace("9093", str(controller))
    text = text.replace("CLIENTS://kafka:", f"CLIENTS://{LOOPBACK}:").replace(
        "CLIENTS://0.0.0.0:", f"CLIENTS://{LOOPBACK}:"
    )
    config.write_text(text.replace("/run/secrets", str(secrets)).replace("/var/lib/kafka/data", str(tmp_path)))
    programs = tmp_path / "kafka" / "bin"
    programs.mkdir(parents=True)
    for name, main in (("kafka-storage.sh", "kafka.tools.StorageTool"), ("kafka-server-start.sh", "kafka.Kafka")):
        classpath = ":".join(str(jar) for jar in ensure_jars())
        options = "-Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        (programs / name).write_text(f'#!/bin/sh\nexec {java()} {options} -cp {classpath} {main} "$@"\n')
        (programs / name).chmod(0o700)
    environment = {
        "PATH": os.environ["PATH"], "KAFKA_HOME": str(programs.parent), "CADENA_SECRETS_DIR": str(secrets),
        "CADENA_KAFKA_CONFIG": str(config), "TMPDIR": str(tmp_path),
    }  # fmt: skip
    script = ROOT / "deploy" / "kafka" / "start.sh"
    made = Composed(Process("broker", ["/bin/sh", str(script)], tmp_path, env=environment), secrets, port)
    try:
        made.start()
        yield made
    finally:
        made.process.stop()


async def test_it_lets_in_whom_set_up_has_made_and_set_up_finds_what_is_too_much(composed: Composed) -> None:
    worker, topic = composed.as_user("custody_worker"), "cadena.custody.v1"
    with pytest.raises(NotAllowed, match="turns user custody_worker away"):
        await demand_rights(worker, {topic: {READ}})
    first = composed.set_up(str(composed.secrets))
    assert (first.returncode, first.stderr) == (0, ""), first
    await check_fact_topic(worker, topic, write=True)
    with pytest.raises(NotAllowed, match=r"WRITE on topic cadena\.notify\.v1"):
        await demand_rights(worker, {"cadena.notify.v1": {WRITE}})

    composed.process.kill()
    composed.start()
    assert composed.set_up(str(composed.secrets)).returncode == 0, "again, on what is there"
    await check_fact_topic(worker, topic, write=True)

    planted = Rule("User:notify_worker", "TOPIC", topic, "LITERAL", "WRITE")
    missing = Rule("User:audit_writer", "TOPIC", topic, "LITERAL", "READ")
    operator = Administration(composed.as_user("operator"))
    operator.allow([planted])
    operator.forbid([missing])
    checked = composed.set_up("--check")
    assert checked.returncode == 1
    assert checked.stdout.splitlines() == [
        f"kafka: MISSING  {missing}",
        f"kafka: TOO MUCH {planted}; nobody of ours needs that: take it away, or know why it is there",
    ]
    refused = composed.set_up(str(composed.secrets), operator="another")
    assert refused.returncode == 1
    assert "turns user operator away" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert composed.set_up().returncode == 2


def test_it_has_the_walls_of_the_local_broker() -> None:
    lines = [line for line in PROPERTIES.read_text().splitlines() if line and not line.startswith("#")]
    there = dict(line.split("=", 1) for line in lines)
    assert walls("${dir:/run/secrets:kafka_broker_password}").items() <= there.items()
