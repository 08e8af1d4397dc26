"""A producer as a program of its own: `python -m tests.bench.producing`, told by a line of JSON on standard input.

It makes events and sends them to one topic, idempotent and with `acks=all`: as fast as it can, at a steady rate (open
loop), or never more than `lead` ahead of the numbers that the following lines of its input say. It prints a line of
JSON when it begins, `{"began": <monotonic seconds>}`, and one at its end, `{"sent": …, "seconds": …, "behind": …}`.
"""

import json
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Self

from confluent_kafka import KafkaError, Message, Producer

from shared.kafka import KafkaConfig
from tests.bench.events import Maker

TICK_SECONDS = 0.002
CONNECT_SECONDS = 30.0
FLUSH_SECONDS = 60.0
AHEAD_POLL_SECONDS = 0.002
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Orders:
    """What to send. With `rate`, event i is due at `began + i / rate`; with `lead`, following lines say how far all is."""

    kafka: KafkaConfig
    topic: str
    size: int
    count: int
    rate: float | None = None
    lead: int | None = None

    def line(self) -> str:
        """As the program reads them; it holds a password, so it is no argument of a command."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def read(cls, line: str) -> Self:
        """From what `line` gave."""
        said = json.loads(line)
        return cls(**said | {"kafka": KafkaConfig(**said["kafka"])})


class NotSent(RuntimeError):
    """The broker did not take an event."""


class Filler:
    """One topic's producer; `send` returns at once, `end` when all is acknowledged."""

    def __init__(self, kafka: KafkaConfig, topic: str, linger_ms: int) -> None:
        self._topic, self._failed = topic, ""
        self._producer = Producer(
            client(kafka)
            | {
                "enable.idempotence": True, "acks": "all", "linger.ms": linger_ms,
                "batch.size": 900_000, "queue.buffering.max.messages": 200_000,
                "log_level": 3,
            }
        )  # fmt: skip
        self._producer.list_topics(topic, CONNECT_SECONDS)

    def send(self, events: Sequence[bytes]) -> None:
        """Hand events over; waits while too many are under way. NotSent once the broker refused one."""
        for event in events:
            while True:
                try:
                    self._producer.produce(self._topic, event, partition=0, on_delivery=self._delivered)
                    break
                except BufferError:
                    self._producer.poll(0.1)
        self._producer.poll(0)
        self._demand()

    def end(self) -> None:
        """Wait until all is acknowledged."""
        if self._producer.flush(FLUSH_SECONDS):
            raise NotSent(f"the broker did not take all within {FLUSH_SECONDS:g} s")
        self._demand()

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._failed = str(error)

    def _demand(self) -> None:
        if self._failed:
            raise NotSent(self._failed)


def client(kafka: KafkaConfig) -> dict[str, str | int | bool]:
    """How this library is told what `KafkaConfig` says."""
    told: dict[str, str | int | bool] = {
        "bootstrap.servers": kafka.bootstrap_servers, "security.protocol": kafka.security_protocol,
    }  # fmt: skip
    if kafka.sasl_username and kafka.sasl_password:
        told |= {
            "sasl.mechanism": kafka.sasl_mechanism, "sasl.username": kafka.sasl_username,
            "sasl.password": kafka.sasl_password,
        }  # fmt: skip
    return told


def fill(kafka: KafkaConfig, topic: str, first: Sequence[bytes], size: int, count: int) -> None:
    """Put `first`, then `count` events of `size` bytes, on a topic as fast as they can be made."""
    filler = Filler(kafka, topic, linger_ms=20)
    filler.send(first)
    for events in Maker(size).chunks(count):
        filler.send(events)
    filler.end()


def turns(orders: Orders, began: float) -> Iterator[int]:
    """How many events to send next, yielded when they are due; `count` in all."""
    sent = 0
    told = _Told() if orders.lead is not None else None
    while sent < orders.count:
        if orders.rate is not None:
            due = int((time.monotonic() - began) * orders.rate) + 1 - sent
            pause = TICK_SECONDS
        else:
            due = CHUNK if told is None else min(CHUNK, told.size + (orders.lead or 0) - sent)
            pause = AHEAD_POLL_SECONDS
        if due <= 0:
            time.sleep(pause)
            continue
        due = min(due, orders.count - sent)
        sent += due
        yield due
        if orders.rate is not None:
            time.sleep(pause)


class _Told:
    """The newest number that came in on standard input, read beside; the end of input lets everything go."""

    def __init__(self) -> None:
        self.size = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in sys.stdin:
            self.size = int(line)
        self.size = sys.maxsize


def carry_out(orders: Orders) -> dict[str, float]:
    """Send it all; what the last line says. `behind` is by how much the slowest turn of a steady rate was late."""
    filler, maker = Filler(orders.kafka, orders.topic, linger_ms=2 if orders.rate else 20), Maker(orders.size)
    began = time.monotonic()
    print(json.dumps({"began": began}), flush=True)
    sent, behind = 0, 0.0
    for count in turns(orders, began):
        if orders.rate is not None:
            behind = max(behind, time.monotonic() - began - sent / orders.rate)
        filler.send(maker.take(count))
        sent += count
    filler.end()
    return {"sent": sent, "seconds": time.monotonic() - began, "behind": behind}


if __name__ == "__main__":
    print(json.dumps(carry_out(Orders.read(sys.stdin.readline()))), flush=True)
