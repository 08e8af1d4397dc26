"""Notify's database as its own roles, an API over ASGI, and a world whose facts are sealed by hand."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.issuer import DevIssuer
from services.notify.app import create_app
from services.notify.settings import LINK_KEY, PROMISE_KEY, ApiSettings
from services.notify.tables import METADATA
from shared.database import engine
from shared.events import new_id
from shared.keys import make_key
from shared.outside import NOTHING, SEALED_INDEX
from tests.services.notify.world import SENDER, World

PUBLIC_URL = "https://notify.example/base"


@pytest.fixture
async def worker(notify_database: dict[str, str]) -> AsyncIterator[AsyncEngine]:
    """The database as `notify_worker`, emptied before each test by its owner."""
    owner = engine(notify_database["owner"], pool_size=1)
    async with owner.begin() as connection:
        # DELETE, since TRUNCATE makes new files for every table and so costs ten times as much.
        for table in METADATA.tables:
            await connection.exec_driver_sql(f'DELETE FROM "{table}"')
    await owner.dispose()
    pool = engine(notify_database["worker"], pool_size=8)
    yield pool
    await pool.dispose()


@pytest.fixture
async def world(worker: AsyncEngine) -> World:
    """A founded installation."""
    made = World(worker)
    await made.found()
    return made


@pytest.fixture
def app(notify_database: dict[str, str], tmp_path: Path) -> FastAPI:
    """The API as `notify_api`, with keys and an issuer of its own."""
    for name in (LINK_KEY, PROMISE_KEY):
        make_key(tmp_path / "keys" / name)
    (tmp_path / "state").mkdir(exist_ok=True)
    (tmp_path / "state" / SEALED_INDEX).write_text(NOTHING)
    issuer = DevIssuer(tmp_path)
    settings = ApiSettings(
        listen_port=1, database_url=notify_database["api"], issuer="urn:cadena:dev", jwks=str(issuer.jwks),
        keys_dir=tmp_path / "keys", state_dir=tmp_path / "state", public_url=PUBLIC_URL, mail_from=SENDER,
    )  # fmt: skip
    made = create_app(settings)
    made.state.issuer = issuer
    return made


@dataclass
class Client:
    """One account's client: each POST has a key of its own unless it is given one."""

    http: httpx2.AsyncClient
    token: str

    async def get(self, path: str) -> httpx2.Response:
        return await self.http.get(path, headers={"Authorization": f"Bearer {self.token}"})

    async def post(self, path: str, body: Any, key: str | None = None) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key or new_id()}
        return await self.http.post(path, json=body, headers=headers)


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client without a token."""
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://notify") as http:
        yield http
    await app.state.desk.engine.dispose()


@pytest.fixture
def client(app: FastAPI, browser: httpx2.AsyncClient) -> Callable[[str], Client]:
    """The client of the account with that subject."""
    return lambda subject: Client(browser, app.state.issuer.mint(subject, ["notify"], [], 3600))


@pytest.fixture
async def owner(notify_database: dict[str, str]) -> AsyncIterator[AsyncEngine]:
    """The database as its owner, to put it where a test begins."""
    pool = engine(notify_database["owner"], pool_size=2)
    yield pool
    await pool.dispose()
