"""Fixtures of the ledger's tests: each test has a ledger of its own."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.kafka import KafkaConfig
from tests.conftest import Templates
from tests.services.audit.rig import Rig


@pytest.fixture
def rig(database_templates: Templates, kafka_broker: KafkaConfig, tmp_path: Path) -> Iterator[Rig]:
    """An empty ledger; its topics are made when first needed."""
    for urls in database_templates.copy("audit"):
        yield Rig(urls, kafka_broker, f"t{secrets.token_hex(4)}.", tmp_path)
