"""How the six processes are run: probes, metrics that move, logs that say nothing of anyone, and an orderly end."""

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.stack import Stack
from deploy.local.waiting import wait_until
from deploy.local.wiring import PROCESSES
from shared.kafka import reading
from tests.e2e.ledger import Ledger, claims, until
from tests.e2e.mailbox import Mailbox
from tests.e2e.matter import Matter, proposal_body, receipts, sample_body
from tests.e2e.outside import Outside, at_once, command_of

STOP_SECONDS = 12.0
KAFKA_SECONDS = 60.0
RACERS = 8
MEASURED: dict[str, dict[str, str | None]] = {
    "custody worker": {
        "cadena_unpublished_age_seconds": "custody", "cadena_unsealed_age_seconds": "custody",
        "cadena_sealed_log_lag_messages": "audit",
    },
    "notify worker": {
        "cadena_unpublished_age_seconds": "notify", "cadena_unsealed_age_seconds": "notify",
        "cadena_sealed_log_lag_messages": "audit", "cadena_notify_oldest_due_seconds": None,
    },
    "audit writer": {"cadena_audit_consumer_lag": "custody", "cadena_audit_unsealed_age_seconds": None},
    "custody api": {"cadena_http_answers_total": None},
    "audit api": {"cadena_http_answers_total": None},
    "notify api": {"cadena_http_answers_total": None},
}  # fmt: skip
"""Process → what must be measured there → the service whose topic it is measured for, if any."""


@pytest.mark.parametrize("process", PROCESSES)
def test_every_process_answers_its_probes(process: str, outside: Outside) -> None:
    assert outside.probe(process, "/healthz").status_code == 200
    ready = outside.probe(process, "/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert set(ready.json()["probes"].values()) == {"ok"}


@pytest.mark.parametrize("process", PROCESSES)
def test_a_probe_is_no_line_in_the_log(process: str, outside: Outside) -> None:
    log = outside.stack.process(process).log

    def silent() -> bool:
        before = log.stat().st_size
        outside.probe(process, "/readyz")
        return log.stat().st_size == before

    until(silent, f"a probe of {process} to pass without a line in its log")


@pytest.mark.parametrize("process", PROCESSES)
def test_every_process_measures_what_an_operator_asks(process: str, outside: Outside) -> None:
    assert outside.probe(process, "/metrics").headers["content-type"].startswith("text/plain")
    if process.endswith("api"):
        assert outside.probe(process, "/v1/nothing-of-that-name").status_code == 404
    for name, service in MEASURED[process].items():
        labels = {} if service is None else {"topic": outside.stack.wiring.topics[service]}
        until(lambda: name in said_by(outside, process, **labels), f"{process} to measure {name}")  # noqa: B023
        assert measured(outside, process, name, **labels) >= 0


def test_an_age_rises_while_nothing_is_sealed(outside: Outside, ledger: Ledger) -> None:
    topic = outside.stack.wiring.topics["custody"]

    def age() -> float:
        return measured(outside, "custody worker", "cadena_unsealed_age_seconds", topic=topic)

    ledger.settle()
    until(lambda: age() == 0, "nothing to be unsealed")
    with frozen(outside.stack, "audit writer"):
        late = outside.do("custody", "court", "/v1/persons", {"name": "Nadie"})
        until(lambda: age() > 1, "the age of what is unsealed to rise")
        event = claims(late["promises"][0])["event"]
        assert ledger.proof(event) is None
    ledger.until_sealed(late["promises"])
    until(lambda: age() == 0, "nothing to be unsealed")


def test_without_kafka_custody_records_and_its_worker_says_that_it_is_not_ready(
    outside: Outside, ledger: Ledger
) -> None:
    assert "kafka" in outside.stack.backends.processes, (
        "KAFKA_BOOTSTRAP_SERVERS names a broker that is not ours to stop"
    )
    with frozen(outside.stack, "kafka"):
        late = outside.do("custody", "court", "/v1/persons", {"name": "Nadie"})
        assert outside.probe("custody worker", "/readyz").status_code == 503
        assert outside.probe("custody worker", "/healthz").status_code == 200
        assert outside.probe("custody api", "/readyz").status_code == 200
    ledger.until_sealed(late["promises"])
    until(lambda: outside.probe("custody worker", "/readyz").status_code == 200, "custody's worker to be ready")


class Planted:
    """Words that occur nowhere else, put wherever a caller can put one."""

    def __init__(self, outside: Outside) -> None:
        mark = uuid4().hex[:8]
        self.free = {
            name: f"Zanate {mark} {name}"
            for name in ("name", "source", "place", "reason", "courier", "note", "discrepancy", "explanation", "wrong")
        }
        self.codes = {name: f"Z{mark}-{name}" for name in ("folio", "label", "seal", "reference")}
        self.address = f"zanate.{mark}@example.org"
        self.outside = outside
        self.link = ""

    def plant(self) -> list[str]:
        """All of it, also in requests that fail; the commands of the refusals."""
        outside, free = self.outside, self.free
        matter = Matter(outside, self.codes["folio"], free["name"])
        counsel = outside.hire("defence", "public_defender", free["name"])
        matter.appoint(counsel)
        outside.once_known("notify", counsel, "/v1/parties", {"address": self.address})
        self.link = Mailbox(outside.stack, self.address).until_linked()
        assert outside.open_link(self.link).status_code == 200
        told = {"label": self.codes["label"], "seal": self.codes["seal"], "collected_place": free["place"]}
        sample = matter.register(**told)
        change = {"changes": {"seal": self.codes["seal"] + "2"}, "reason": free["reason"]}
        outside.do("custody", "lab", f"/v1/samples/{sample['id']}/amendments", change, match='"1"')
        offer = matter.offer([sample["id"]], courier=free["courier"], note=free["note"])
        taken = receipts([sample])
        taken["receipts"][0]["discrepancy"] = free["discrepancy"]
        outside.do("custody", "custodian", f"/v1/offers/{offer['id']}:accept", taken, match='"1"')
        proposal = matter.propose([sample["id"]], explanation=free["explanation"])
        Mailbox(outside.stack, self.address).until_noticed(proposal["id"])
        return self.fail(matter, sample["id"], told)

    def fail(self, matter: Matter, sample: str, told: dict[str, str]) -> list[str]:
        """The same words in what is refused, and in what is wrong."""
        outside, keys = self.outside, [str(uuid4()), str(uuid4())]
        taken = outside.send("custody", "lab", "/v1/samples", sample_body(matter.case, **told), key=keys[0])
        assert taken.status_code == 409
        race = sample_body(matter.case, **told | {"label": self.codes["label"] + "-R"})
        answers = at_once([lambda: outside.send("custody", "lab", "/v1/samples", race)] * RACERS)
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * (RACERS - 1)
        body = proposal_body([sample], explanation=self.free["explanation"])
        assert outside.send("custody", "custodian", "/v1/proposals", body, key=keys[1]).status_code == 403
        wrong = self.free["wrong"]
        for service, path, bad in (
            ("custody", "/v1/samples", {wrong: wrong}),
            ("custody", "/v1/samples", sample_body(matter.case, label=wrong)),
            ("custody", "/v1/samples", wrong.encode()),
            ("custody", f"/v1/samples/{wrong.replace(' ', '-')}/amendments", {}),
            ("notify", "/v1/parties", {"address": f"{self.address} {wrong}"}),
            ("notify", f"/v1/parties/{uuid4()}:verify?token={wrong.replace(' ', '-')}", {}),
        ):
            assert outside.send(service, "lab", path, bad).status_code in (400, 404, 422)
        return [command_of("lab", keys[0]), command_of("custodian", keys[1])]

    @property
    def secrets(self) -> list[str]:
        """What may stand neither in a log nor in an event."""
        link = self.link.rpartition("token=")[2]
        texts = [text.partition(" ")[2] for text in self.free.values()]
        return [*self.outside.tokens(), link, self.address, *texts, *(text.replace(" ", "-") for text in texts)]


@pytest.fixture(scope="module")
def planted(outside: Outside) -> tuple[Planted, list[str]]:
    one = Planted(outside)
    return one, one.plant()


async def test_no_event_names_anyone(planted: tuple[Planted, list[str]], outside: Outside, ledger: Ledger) -> None:
    one, _ = planted
    ledger.settle()
    leaves = b"\n".join(leaf.raw for leaf in ledger.leaves())
    assert one.codes["label"].encode() in leaves, "the search finds what is there"
    assert found(one.secrets, leaves) == []
    for topic in outside.stack.wiring.topics.values():
        messages = await everything(outside.stack, topic)
        assert one.codes["label"].encode() in messages or topic == outside.stack.wiring.topics["notify"]
        assert found(one.secrets, messages) == []


@pytest.mark.usefixtures("planted")
def test_sigterm_ends_every_process_in_order(outside: Outside, ledger: Ledger) -> None:
    stack, matter = outside.stack, Matter(outside)
    answered: list[str] = []

    def keep_calling() -> None:
        with contextlib.suppress(httpx2.HTTPError):
            while (
                answer := outside.send("custody", "lab", "/v1/samples", sample_body(matter.case))
            ).status_code == 201:
                answered.extend(answer.json()["promises"])

    with ThreadPoolExecutor(4) as callers, put_back(stack):
        calling = [callers.submit(keep_calling) for _ in range(4)]
        until(lambda: len(answered) >= 8, "callers to be at work")
        began = time.monotonic()
        for process in stack.services.values():
            process.signal(signal.SIGTERM)
        ended = {name: wait_for_end(stack, name, began) for name in stack.services}
        for call in calling:
            call.result()
    assert ended == dict.fromkeys(PROCESSES, 0)
    ledger.until_sealed(answered)


def test_logs_are_json_and_tell_nothing_of_anyone(planted: tuple[Planted, list[str]], outside: Outside) -> None:
    one, refused = planted
    secrets = [*one.secrets, *one.codes.values()]
    for name in PROCESSES:
        lines = [json.loads(line) for line in outside.stack.process(name).log.read_text().splitlines()]
        assert lines, f"{name} logged nothing"
        assert {line["process"] for line in lines} == {name}
        assert all({"event", "level", "timestamp"} <= set(line) for line in lines)
    custody = [json.loads(line) for line in outside.stack.process("custody api").log.read_text().splitlines()]
    assert set(refused) <= {line.get("command") for line in custody}
    logs = sorted(Path(outside.stack.state / "logs").glob("*.log"))
    assert {path.stem for path in logs} >= {name.replace(" ", "-") for name in PROCESSES}
    for path in logs:
        assert found(secrets, path.read_bytes()) == [], path.name


def found(secrets: list[str], text: bytes) -> list[str]:
    """Which of the words are in the bytes, also as JSON would write them."""
    return [
        word for word in secrets
        if word.encode() in text or json.dumps(word)[1:-1].encode() in text or word.lower().encode() in text.lower()
    ]  # fmt: skip


def measured(outside: Outside, process: str, name: str, **labels: str) -> float:
    """One sample of a process's metrics; there must be one."""
    return said_by(outside, process, **labels)[name]


def said_by(outside: Outside, process: str, **labels: str) -> dict[str, float]:
    """What a process measures under these labels: name → value."""
    families = text_string_to_metric_families(outside.probe(process, "/metrics").text)
    return {
        sample.name: sample.value
        for family in families
        for sample in family.samples
        if labels.items() <= sample.labels.items()
    }


@contextmanager
def frozen(stack: Stack, name: str) -> Iterator[None]:
    """A process stands still meanwhile."""
    stack.process(name).signal(signal.SIGSTOP)
    try:
        yield
    finally:
        stack.process(name).signal(signal.SIGCONT)


@contextmanager
def put_back(stack: Stack) -> Iterator[None]:
    """All six run again afterwards."""
    try:
        yield
    finally:
        stack.start_services()
        stack.wait_ready(120)
        stack.write_stack_json()


def wait_for_end(stack: Stack, name: str, began: float) -> int | None:
    """The exit code of a process that was asked to stop; None if it is not over in time."""
    process = stack.process(name)
    wait_until(lambda: process.pid is None, max(0.0, began + STOP_SECONDS - time.monotonic()), f"{name} to end")
    return process.exit_code


async def everything(stack: Stack, topic: str) -> bytes:
    """Every message of a topic, keys and headers too."""
    messages: list[bytes] = []
    async with reading(stack.wiring.kafka, [topic]) as reader, asyncio.timeout(KAFKA_SECONDS):
        end = (await reader.end_offsets())[topic]
        reader.read_from(await reader.beginning_offsets())
        offset = -1
        while offset < end - 1:
            for record in (await reader.batch(1000, 1.0)).get(topic, []):
                offset = record.offset
                messages.append(_flat(record))
    return b"\n".join(messages)


def _flat(record: Any) -> bytes:
    headers = b"\n".join(name.encode() + b": " + value for name, value in record.headers)
    return b"\n".join([record.key or b"", headers, record.value or b""])
