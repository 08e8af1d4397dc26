"""Custody founded on a database of the module's own; each test connects anew, as custody_api."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.services.custody.scene import Scene


@pytest.fixture(scope="module")
def founded(custody_database: dict[str, str]) -> Scene:
    """The scene, founded and populated once a module."""
    scene = Scene(custody_database["api"])

    async def populate() -> None:
        scene.open(pool_size=1)
        await scene.found()
        await scene.engine.dispose()

    asyncio.run(populate())
    return scene


@pytest.fixture
async def scene(founded: Scene) -> AsyncIterator[Scene]:
    """The founded scene, connected in the test's loop."""
    founded.open()
    yield founded
    await founded.engine.dispose()
