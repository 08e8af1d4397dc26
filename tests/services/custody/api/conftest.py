"""One founded installation and one running app for each module; its tests run in the loop of the app."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.services.custody.api.office import House, Office, build, opened


@pytest.fixture(scope="module")
def house(custody_database: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> House:
    folder: Path = tmp_path_factory.mktemp("custody")
    return asyncio.run(build(custody_database, folder))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(house: House) -> AsyncIterator[Office]:
    async with opened(house) as office:
        yield office
