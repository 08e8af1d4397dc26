"""What the environment names is used as it is, and is never ours to start, kill or empty."""

from pathlib import Path

import pytest

from deploy.local.backends import Backends
from deploy.local.problem import StackProblem
from shared.kafka import KafkaConfig


def test_given_backends_are_used_and_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+asyncpg://boss:pw@db.example:5432/postgres")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "kafka.example:9092")
    monkeypatch.setenv("SMTP_URL", "smtp://mail.example:25")
    given = Backends(tmp_path)
    assert given.admin_url == "postgresql://boss:pw@db.example:5432/postgres"
    assert given.kafka_operator == KafkaConfig("kafka.example:9092")
    assert given.smtp_url == "smtp://mail.example:25"
    assert (given.kafka_data, given.mail_folder, given.processes) == (None, None, {})
    assert all("given by" in line for line in given.describe())
    given.start()
    given.stop()
    with pytest.raises(StackProblem, match="not ours"):
        given.lose_kafka()


def test_what_is_not_given_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "SMTP_URL"):
        monkeypatch.setenv(name, "")
    ours = Backends(tmp_path)
    try:
        assert set(ours.processes) == {"postgres", "kafka", "mail"}
        assert ours.kafka_data == tmp_path / "kafka"
        assert not any("given by" in line for line in ours.describe())
    finally:
        ours.stop()
