import json
import sys
import threading
import time

import pytest

from shared.kafka import KafkaConfig
from tests.bench.producing import CHUNK, Orders, client, turns

KAFKA = KafkaConfig("127.0.0.1:9", "SASL_PLAINTEXT", "operator", "secret")
ORDERS = Orders(KAFKA, "topic", 350, 100)


def test_orders_survive_the_way_to_the_program() -> None:
    assert Orders.read(ORDERS.line()) == ORDERS
    assert ORDERS.line().count("\n") == 1
    assert json.loads(ORDERS.line())["kafka"]["sasl_password"] == "secret"


def test_the_library_is_told_what_the_configuration_says() -> None:
    told = client(KAFKA)
    assert told["sasl.mechanism"] == "SCRAM-SHA-256"
    assert (told["sasl.username"], told["sasl.password"]) == ("operator", "secret")
    assert set(client(KafkaConfig("a:1"))) == {"bootstrap.servers", "security.protocol"}


def test_at_a_steady_rate_none_goes_before_it_is_due_and_all_go() -> None:
    orders, began, sent = Orders(KAFKA, "topic", 350, 200, rate=1000), time.monotonic(), 0
    for count in turns(orders, began):
        sent += count
        assert (sent - 1) / 1000 <= time.monotonic() - began
    assert sent == 200


def test_as_fast_as_it_can_is_in_whole_chunks() -> None:
    assert list(turns(Orders(KAFKA, "topic", 350, 2 * CHUNK + 1), 0)) == [CHUNK, CHUNK, 1]


class Lines:
    """A standard input whose lines come when the test says so."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.more, self.over = threading.Condition(), False

    def say(self, line: str | None) -> None:
        with self.more:
            self.over |= line is None
            self.lines += [line] if line is not None else []
            self.more.notify_all()

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        with self.more:
            self.more.wait_for(lambda: self.lines or self.over)
            if not self.lines:
                raise StopIteration
            return self.lines.pop(0)


def test_a_lead_is_never_exceeded(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Lines()
    monkeypatch.setattr(sys, "stdin", heard)
    going = turns(Orders(KAFKA, "topic", 350, 1000, lead=300), 0)
    assert next(going) == 300
    heard.say("250")
    assert next(going) == 250
    heard.say(None)
    assert sum(going) == 450
