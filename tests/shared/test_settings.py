"""A process that is told something wrong names the variable and does not start."""

import pytest
from pydantic_settings import SettingsConfigDict

from shared.settings import KafkaSettings, read


class Strict(KafkaSettings):
    model_config = SettingsConfigDict(env_prefix="CADENA_TEST_", frozen=True)


def test_each_missing_or_wrong_variable_is_named_and_no_value_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CADENA_TEST_SECURITY_PROTOCOL", "hunter2")
    with pytest.raises(SystemExit) as ended:
        read(Strict)
    sentence = str(ended.value)
    assert "CADENA_TEST_BOOTSTRAP_SERVERS: Field required" in sentence
    assert "CADENA_TEST_SECURITY_PROTOCOL" in sentence
    assert "hunter2" not in sentence


def test_what_is_right_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CADENA_TEST_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    assert read(Strict).bootstrap_servers == "127.0.0.1:9092"
