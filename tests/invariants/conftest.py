"""A ledger for each test; and one that grew over every border of a tile, which tests read and leave as it is."""

import asyncio
import secrets
from collections.abc import Iterator

import pytest

from deploy.local.issuer import DevIssuer
from shared.kafka import KafkaConfig
from tests.conftest import Templates
from tests.invariants.growth import Growth
from tests.services.audit.conftest import rig
from tests.services.audit.rig import Rig
from tests.tamper.conftest import filled
from tests.tamper.conftest import ledger as tampered
from tests.tamper.ledger import Ledger

__all__ = ["filled", "rig", "tampered"]


@pytest.fixture
def ledger(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """The test's own ledger with its readers, empty."""
    return Ledger(rig, DevIssuer(tmp_path_factory.mktemp("issuer")))


@pytest.fixture(scope="session")
def grown(
    database_templates: Templates, kafka_broker: KafkaConfig, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Growth]:
    """A ledger of 70,000 real facts, and what was served of it at each border on the way."""
    for urls in database_templates.copy("audit"):
        rig = Rig(urls, kafka_broker, f"t{secrets.token_hex(4)}.", tmp_path_factory.mktemp("grown"))
        made = Growth(Ledger(rig, DevIssuer(tmp_path_factory.mktemp("issuer"))))
        asyncio.run(made.grow())
        yield made
