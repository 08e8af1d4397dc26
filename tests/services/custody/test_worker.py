"""The process `worker`, as it is started for real: facts go out, what the ledger holds comes back (G1)."""

import asyncio
import json
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from deploy.local.ports import free_ports
from deploy.local.process import Process
from deploy.local.waiting import wait_until
from deploy.local.wiring import kafka_environment
from shared.kafka import KafkaConfig, Producer, reading
from tests.services.custody.scene import Scene
from tests.shared.sealed_topics import Log

SECONDS = 60.0


class Worker:
    """The process, and what it is asked over HTTP."""

    def __init__(self, folder: Path, database: str, kafka: KafkaConfig, prefix: str, vkey: str) -> None:
        self.port, closed = free_ports(2)
        (folder / "state").mkdir()
        (folder / "log.vkey").write_text(vkey)
        environment = {
            "CADENA_LISTEN_PORT": str(self.port), "CADENA_DATABASE_URL": database,
            "CADENA_STATE_DIR": str(folder / "state"), **kafka_environment(kafka, prefix),
            "CADENA_LOG_URL": f"http://127.0.0.1:{closed}",
            "CADENA_LOG_VKEY": str(folder / "log.vkey"),
        }  # fmt: skip
        argv = [sys.executable, "-m", "services.custody", "worker"]
        self.process = Process("custody worker", argv, folder, env=environment, cwd=Path(__file__).parents[3])

    def ask(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def start(self) -> None:
        self.process.start()
        wait_until(self._alive, SECONDS, "the worker to answer")

    def _alive(self) -> bool:
        self.process.demand_running()
        return self.ask("healthz")[0] == 200


class Fixture:
    """One founded custody, its topics, a ledger that the test keeps, and the worker between them."""

    def __init__(self, scene: Scene, worker: Worker, kafka: KafkaConfig, prefix: str, log: Log) -> None:
        self.scene, self.worker, self.log = scene, worker, log
        self.kafka, self.prefix = kafka, prefix

    def act(self, *samples: str) -> list[bytes]:
        """Register samples; the bytes of all events so far, in order of recording."""

        async def record() -> list[bytes]:
            self.scene.open(pool_size=2)
            for label in samples:
                await self.scene.do("lab", self.scene.sample(label=label))
            async with self.scene.engine.connect() as connection:
                rows = (await connection.execute(text("SELECT bytes FROM event ORDER BY seq"))).scalars().all()
            await self.scene.engine.dispose()
            return [bytes(row) for row in rows]

        return asyncio.run(record())

    def published(self) -> list[bytes]:
        """What stands in custody's topic."""

        async def read() -> list[bytes]:
            topic = f"{self.prefix}cadena.custody.v1"
            async with reading(self.kafka, [topic]) as reader:
                end = (await reader.end_offsets())[topic]
                reader.read_from({topic: 0})
                found: list[bytes] = []
                while len(found) < end:
                    found += [record.value or b"" for record in (await reader.batch(1000, 1.0)).get(topic, [])]
                return found

        return asyncio.run(read())

    def seal(self, entries: list[bytes]) -> None:
        """Append to the ledger, sign a head, and send the sealed message."""
        first = len(self.log.entries)
        self.log.entries += entries
        self.log.heads.append(len(self.log.entries))
        message = self.log.message(first, len(self.log.entries))

        async def send() -> None:
            producer = await Producer.open(self.kafka)
            await producer.send_many(f"{self.prefix}cadena.audit.v1", [message])
            await producer.close()

        asyncio.run(send())

    def sealed(self) -> int:
        """How many of custody's events are marked as sealed."""

        async def count() -> int:
            self.scene.open(pool_size=1)
            async with self.scene.engine.connect() as connection:
                found: int = (await connection.execute(text("SELECT count(*) FROM sealed"))).scalar_one()
            await self.scene.engine.dispose()
            return found

        return asyncio.run(count())


@pytest.fixture(scope="module")
def custody(
    founded: Scene, custody_database: dict[str, str], kafka_broker: KafkaConfig, topics: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Fixture]:  # fmt: skip
    log = Log()
    worker = Worker(tmp_path_factory.mktemp("worker"), custody_database["worker"], kafka_broker, topics, log.vkey)
    worker.start()
    yield Fixture(founded, worker, kafka_broker, topics, log)
    worker.process.stop()


def eventually(condition: Callable[[], bool], what: str) -> None:
    wait_until(condition, SECONDS, what)


def test_1_g1_every_fact_goes_out_once_in_order_and_is_marked_when_the_ledger_holds_it(custody: Fixture) -> None:
    events = custody.act("W-1", "W-2")
    eventually(lambda: len(custody.published()) >= len(events), "all facts in the topic")
    assert custody.published() == events
    assert custody.sealed() == 0
    custody.seal(events)
    eventually(lambda: custody.sealed() == len(events), "all facts sealed")


def test_2_it_is_ready_while_it_can_do_its_work_and_measures_it(custody: Fixture) -> None:
    eventually(lambda: custody.worker.ask("readyz")[0] == 200, "the worker to be ready")
    assert json.loads(custody.worker.ask("readyz")[1])["probes"].keys() == {
        "database",
        "topic",
        "sealed_log",
        "restoration",
    }
    for name in ("cadena_unpublished_age_seconds", "cadena_sealed_log_size", "cadena_sealed_log_lag_messages",
                 "cadena_unsealed_age_seconds", "cadena_custody_sealed_events_total"):  # fmt: skip
        eventually(lambda name=name: f"\n{name}" in custody.worker.ask("metrics")[1], f"the measure {name}")  # type: ignore[misc]


def test_3_g1_killed_and_started_again_it_goes_on_where_it_was(custody: Fixture) -> None:
    custody.worker.process.kill()
    events = custody.act("W-3", "W-4")
    custody.worker.start()
    eventually(lambda: set(custody.published()) == set(events), "what was recorded meanwhile")
    assert custody.published() == events
    custody.worker.process.kill()
    custody.seal(events[len(custody.log.entries) :])
    custody.worker.start()
    eventually(lambda: custody.sealed() == len(events), "what was sealed meanwhile")


def test_4_asked_to_stop_it_ends_with_zero_and_in_time(custody: Fixture) -> None:
    custody.worker.process.signal(signal.SIGTERM)
    eventually(lambda: custody.worker.process.pid is None, "the worker to end")
    assert custody.worker.process.exit_code == 0, custody.worker.process.tail()
