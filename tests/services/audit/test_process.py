"""Audit's commands as processes: keys, the writer's probes and its ends."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.ports import free_ports
from deploy.local.process import Process
from deploy.local.waiting import wait_until
from deploy.local.wiring import kafka_environment
from services.audit.keys import COSIGNER, LOG
from tests.services.audit.rig import ORIGIN, Rig, event, founding

HERE = Path(__file__).parents[3]
SECONDS = 60.0


class WriterProcess:
    """`python -m services.audit writer`, and what it is asked over HTTP."""

    def __init__(self, rig: Rig, name: str = "audit writer", **more: str) -> None:
        """`more` are variables beyond those that every writer needs."""
        (self.port,) = free_ports(1)
        environment = {
            "CADENA_INSTALLATION": "test", "CADENA_ORIGIN": ORIGIN, "CADENA_LISTEN_PORT": str(self.port),
            "CADENA_DATABASE_URL": rig.urls["writer"], "CADENA_KEYS_DIR": str(rig.folder / "keys"),
            "CADENA_STATE_DIR": str(rig.folder / "state"), **kafka_environment(rig.operator, rig.prefix), **more,
        }  # fmt: skip
        argv = [sys.executable, "-m", "services.audit", "writer"]
        self.process = Process(name, argv, rig.folder, env=environment, cwd=HERE)

    def ask(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def ready(self) -> bool:
        self.process.demand_running()
        return self.ask("readyz")[0] == 200

    def metric(self, name: str) -> float:
        lines = [line for line in self.ask("metrics")[1].splitlines() if line.startswith(f"{name} ")]
        return float(lines[0].rpartition(" ")[2]) if lines else -1

    def end(self) -> tuple[int | None, str]:
        """How it ends by itself, and what it said last."""
        wait_until(lambda: self.process.pid is None, SECONDS, "the writer to end")
        return self.process.exit_code, self.process.tail()


@pytest.fixture
def writer(rig: Rig) -> Iterator[WriterProcess]:
    made = WriterProcess(rig)
    yield made
    made.process.kill()


def test_the_writer_serves_its_probes_seals_and_ends_when_asked(rig: Rig, writer: WriterProcess) -> None:
    asyncio.run(rig.send(rig.founding, event(), b"noise"))
    writer.process.start()
    wait_until(lambda: writer.ready() and writer.metric("cadena_audit_size") == 3, SECONDS, "three entries sealed")
    assert writer.ask("healthz")[0] == 200
    assert writer.metric("cadena_audit_appended_total") == 3
    assert writer.metric("cadena_audit_duplicates_total") == 1, "the founding event, read again behind itself"
    assert writer.metric("cadena_audit_foreign_total") == 1
    assert writer.metric('cadena_audit_alarms_total{alarm="foreign"}') == 1
    assert writer.metric("cadena_audit_unsealed_age_seconds") == 0
    assert writer.metric("cadena_audit_generation") == 1
    writer.process.signal(signal.SIGTERM)
    code, _ = writer.end()
    assert code == 0
    lines = [json.loads(line) for line in writer.process.log.read_text().splitlines()]
    assert {line["process"] for line in lines} == {"audit writer"}
    assert [line["alarm"] for line in lines if line["level"] == "error"] == ["foreign"]
    asyncio.run(rig.demand_whole())


def test_a_killed_writer_goes_on_where_it_was(rig: Rig, writer: WriterProcess) -> None:
    asyncio.run(rig.send(rig.founding, event()))
    writer.process.start()
    wait_until(lambda: writer.ready() and writer.metric("cadena_audit_size") == 2, SECONDS, "two entries sealed")
    writer.process.kill()
    asyncio.run(rig.send(event()))
    writer.process.start()
    wait_until(lambda: writer.ready() and writer.metric("cadena_audit_size") == 3, SECONDS, "the third entry sealed")
    assert writer.metric("cadena_audit_epoch") == 2
    assert len(asyncio.run(rig.demand_whole())) == 3


@pytest.mark.parametrize("cause", ["another log", "set back", "keys gone", "head file of others"])
def test_g8_a_writer_that_may_not_write_ends_with_a_sentence(rig: Rig, writer: WriterProcess, cause: str) -> None:
    if cause == "another log":
        asyncio.run(rig.send(founding("other.example/log+00000000+AAAA", rig.keys.cosigner.key.vkey)))
        sentence = "names the log other.example"
    elif cause == "set back":
        asyncio.run(rig.seal(rig.founding, size=1))
        asyncio.run(rig.execute("TRUNCATE head"))
        sentence = "was set back"
    elif cause == "keys gone":
        (rig.folder / "keys" / LOG).unlink()
        sentence = "the command `keys` makes it"
    else:
        (rig.folder / "state").mkdir()
        (rig.folder / "state" / "head").write_text("noise")
        sentence = "is not a head of"
    writer.process.start()
    code, said = writer.end()
    assert code == 2
    assert sentence in said
    assert "Traceback" not in said


def test_keys_makes_what_is_missing_and_prints_the_public_halves(tmp_path: Path) -> None:
    environment = os.environ | {"CADENA_ORIGIN": ORIGIN, "CADENA_KEYS_DIR": str(tmp_path / "keys")}
    argv = [sys.executable, "-m", "services.audit", "keys"]
    said = [subprocess.run(argv, env=environment, cwd=HERE, check=True, capture_output=True).stdout for _ in range(2)]
    assert said[0] == said[1]
    public = json.loads(said[0])
    assert set(public) == {"origin", "log_vkey", "cosigner_vkey"}
    assert public["log_vkey"].startswith(f"{ORIGIN}+")
    assert public["cosigner_vkey"].startswith(f"{ORIGIN}/cosigner+")
    for name in (LOG, COSIGNER):
        assert stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) == 0o600
