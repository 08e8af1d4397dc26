"""Each house rule finds the breach that it is there for, and the tree holds none."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.lint.rules import breaches

PLANTED = [
    (
        "services/custody/api/samples.py",
        "async def f(c):\n    await c.commit()\n",
        "owns? a transaction|own a transaction",
    ),
    (
        "services/notify/plan.py",
        "import datetime\nfrom datetime import datetime\nx = datetime.now()\n",
        "time is an argument",
    ),
    ("services/custody/record.py", "import os\nx = os.environ['A']\n", "environment"),
    ("services/audit/writer.py", "from aiokafka import AIOKafkaConsumer\n", "aiokafka"),
    ("shared/kafka/topics.py", "from confluent_kafka.admin import AdminClient\n", "confluent_kafka"),
    ("services/audit/writer.py", "from shared.kafka import ensure_topics\n", "set-up"),
    ("services/custody/rules/sample.py", "from fastapi import Request\n", "edge"),
    ("shared/events.py", "x = 1\n" * 401, "401 lines"),
]


@pytest.mark.parametrize(("path", "source", "sentence"), PLANTED)
def test_a_planted_breach_is_found(path: str, source: str, sentence: str) -> None:
    found = list(breaches(Path(path), source))
    assert len(found) == 1
    assert any(part in found[0] for part in sentence.split("|"))


def test_the_tree_keeps_the_house_rules() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "deploy.lint"], capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    assert run.returncode == 0, run.stdout
