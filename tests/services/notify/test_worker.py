"""The process `worker`, started for real between Kafka, PostgreSQL and a mail server: sealed facts in, mail and facts out."""

import asyncio
import json
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from email import message_from_bytes
from email.message import Message as Mail
from pathlib import Path
from typing import Any, TypeVar

import pytest

from deploy.local.mail import MailSink
from deploy.local.ports import free_ports
from deploy.local.process import Process
from deploy.local.waiting import wait_until
from deploy.local.wiring import kafka_environment
from shared.database import engine
from shared.events import Event
from shared.facts.notices import NoticeAccepted, NoticePlanned
from shared.kafka import KafkaConfig, Message, Producer, reading
from shared.tiles import frame
from tests.services.notify.facts import item, proposal
from tests.services.notify.test_intake import give_and_verify
from tests.services.notify.world import SENDER, World

SECONDS = 60.0
T = TypeVar("T")


class SealedWorld(World):
    """A world whose ledger speaks by audit's topic, as audit would."""

    def __init__(self, database: str, kafka: KafkaConfig, prefix: str) -> None:
        super().__init__(engine(database, pool_size=2))
        self.kafka, self.prefix = kafka, prefix

    async def seal(self, *entries: Event | bytes) -> None:
        raws = [each.to_bytes() if isinstance(each, Event) else each for each in entries]
        batch = self.ledger.seal(raws)
        headers = (
            ("cadena-first", str(batch.first).encode()), ("cadena-head", batch.head.note.encode()),
            ("cadena-generation", b"0"), ("cadena-next", b"{}"),
        )  # fmt: skip
        producer = await Producer.open(self.kafka)
        await producer.send_many(f"{self.prefix}cadena.audit.v1", [Message(frame(raws), headers)])
        await producer.close()

    async def published(self) -> list[Event]:
        """What stands in notify's topic."""
        topic = f"{self.prefix}cadena.notify.v1"
        async with reading(self.kafka, [topic]) as reader:
            end = (await reader.end_offsets())[topic]
            reader.read_from({topic: 0})
            found: list[Event] = []
            while len(found) < end:
                records = (await reader.batch(1000, 1.0)).get(topic, [])
                found += [Event.from_bytes(record.value or b"") for record in records]
            return found


class Office:
    """Notify's worker, its mail server, and a ledger that the test keeps."""

    def __init__(self, folder: Path, databases: dict[str, str], kafka: KafkaConfig, prefix: str) -> None:
        self.runner = asyncio.Runner()
        self.world = self.run(self._world(databases["worker"], kafka, prefix))
        self.owner = self.run(self._engine(databases["owner"]))
        self.sink = MailSink(folder)
        self.port, closed = free_ports(2)
        (folder / "state").mkdir()
        (folder / "log.vkey").write_text(self.world.ledger.vkey)
        environment = {
            "CADENA_LISTEN_PORT": str(self.port), "CADENA_DATABASE_URL": databases["worker"],
            "CADENA_STATE_DIR": str(folder / "state"), **kafka_environment(kafka, prefix),
            "CADENA_LOG_URL": f"http://127.0.0.1:{closed}",
            "CADENA_LOG_VKEY": str(folder / "log.vkey"), "CADENA_SMTP_URL": self.sink.url, "CADENA_MAIL_FROM": SENDER,
        }  # fmt: skip
        argv = [sys.executable, "-m", "services.notify", "worker"]
        self.process = Process("notify worker", argv, folder, env=environment, cwd=Path(__file__).parents[3])

    @staticmethod
    async def _world(database: str, kafka: KafkaConfig, prefix: str) -> SealedWorld:
        return SealedWorld(database, kafka, prefix)

    @staticmethod
    async def _engine(database: str) -> Any:
        return engine(database, pool_size=1)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def start(self) -> None:
        self.process.start()
        self.eventually(lambda: self.ask("healthz")[0] == 200, "the worker to answer")

    def ask(self, path: str) -> tuple[int, str]:
        self.process.demand_running()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def eventually(self, condition: Callable[[], bool], what: str) -> None:
        wait_until(condition, SECONDS, what)

    def mails(self) -> list[Mail]:
        """What the mail server has taken, in order."""
        return [message_from_bytes(path.read_bytes()) for path in sorted(self.sink.folder.glob("*.eml"))]

    def facts(self, kind: str) -> list[Event]:
        return self.run(self.world.own_facts(kind))

    def close(self) -> None:
        self.process.stop()
        self.sink.stop()
        for pool in (self.world.engine, self.owner):
            self.run(pool.dispose())
        self.runner.close()


@pytest.fixture(scope="module")
def office(
    notify_database: dict[str, str], kafka_broker: KafkaConfig, topics: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("office"), notify_database, kafka_broker, topics)
    made.sink.start()
    made.start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def case(office: Office) -> tuple[str, str]:
    """Counsel with a verified address, and the case."""

    async def prepare() -> tuple[str, str]:
        await office.world.found()
        ana = await office.world.account("ana", "defence")
        return ana, await office.world.case(ana)

    ana, made = office.run(prepare())
    office.run(give_and_verify(office.world, office.owner, ana))
    return ana, made


def propose(office: Office, case: tuple[str, str]) -> str:
    ana, number = case
    subject, _ = office.run(office.world.propose(proposal(item(number, office.world.lab), recipients={ana: number})))
    return subject


def test_1_a_sealed_proposal_becomes_counsels_mail_and_two_facts_in_notifys_topic(
    office: Office, case: tuple[str, str]
) -> None:
    subject = propose(office, case)
    office.eventually(lambda: len(office.facts("notice.accepted")) == 1, "the notice to be accepted")
    [mail] = office.mails()
    [planned], [accepted] = office.facts("notice.planned"), office.facts("notice.accepted")
    fact = planned.fact()
    assert isinstance(fact, NoticePlanned)
    assert fact.proposal == subject
    assert accepted.fact() == NoticeAccepted(attempt=1)
    assert mail["Message-ID"] == f"<{(planned.subject or '').removeprefix('notice/')}@{SENDER.partition('@')[2]}>"
    recorded = office.facts("notify")
    office.eventually(lambda: office.run(office.world.published()) == recorded, "every fact in the topic, in order")


def test_2_it_is_ready_and_measures_what_waits(office: Office, case: tuple[str, str]) -> None:
    office.eventually(lambda: office.ask("readyz")[0] == 200, "the worker to be ready")
    assert json.loads(office.ask("readyz")[1])["probes"].keys() == {"database", "topic", "sealed_log", "restoration"}
    for name in ("cadena_notify_attempts_total", "cadena_notify_deliveries_waiting", "cadena_notify_entries_total",
                 "cadena_unpublished_age_seconds", "cadena_sealed_log_size"):  # fmt: skip
        assert f"\n{name}" in office.ask("metrics")[1]


def test_3_g1_killed_while_a_proposal_is_sealed_it_tells_counsel_once_when_it_is_back(
    office: Office, case: tuple[str, str]
) -> None:
    office.process.kill()
    propose(office, case)
    office.start()
    office.eventually(lambda: len(office.facts("notice.accepted")) == 2, "the second notice to be accepted")
    assert len(office.mails()) == 2
    recorded = office.facts("notify")
    office.eventually(lambda: len(office.run(office.world.published())) >= len(recorded), "every fact in the topic")
    assert {fact.id for fact in office.run(office.world.published())} == {fact.id for fact in recorded}


def test_4_without_a_mail_server_the_notice_waits_and_goes_out_when_it_is_back(
    office: Office, case: tuple[str, str]
) -> None:
    office.sink.stop()
    propose(office, case)
    postponed = "SELECT 1 FROM attempt WHERE outcome = 'postponed'"
    office.eventually(lambda: len(office.run(office.world.rows(postponed))) > 0, "an attempt that came to nothing")
    assert office.run(office.world.rows("SELECT 1 FROM delivery WHERE state = 'due'"))
    office.sink.start()
    office.eventually(lambda: len(office.facts("notice.accepted")) == 3, "the third notice to be accepted")
    assert len({mail["Message-ID"] for mail in office.mails()}) == len(office.mails()) == 3


def test_5_asked_to_stop_it_ends_with_zero_and_no_address_stands_in_its_log(office: Office) -> None:
    office.process.signal(signal.SIGTERM)
    office.eventually(lambda: office.process.pid is None, "the worker to end")
    assert office.process.exit_code == 0, office.process.tail()
    assert "ana@example.org" not in office.process.log.read_text()
