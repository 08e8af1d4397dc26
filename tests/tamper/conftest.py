"""One ledger for all that is done to it; every case leaves it as it was."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator

import pytest

from deploy.local.issuer import DevIssuer
from shared.kafka import KafkaConfig
from tests.conftest import Templates
from tests.services.audit.rig import Rig
from tests.tamper.ledger import Ledger


@pytest.fixture(scope="session")
def filled(
    database_templates: Templates, kafka_broker: KafkaConfig, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ledger]:
    for urls in database_templates.copy("audit"):
        rig = Rig(urls, kafka_broker, f"t{secrets.token_hex(4)}.", tmp_path_factory.mktemp("tampered"))
        made = Ledger(rig, DevIssuer(tmp_path_factory.mktemp("issuer")))
        asyncio.run(made.fill())
        yield made


@pytest.fixture
async def ledger(filled: Ledger) -> AsyncIterator[Ledger]:
    """The sound ledger; whatever a test does to its tables is undone."""
    yield filled
    await filled.restore()
