"""Custody's API, put together: settings → engine, promises, tokens → routes, probes, document."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import Lifespan

from services.custody.api import ROUTERS
from services.custody.api.exports import Library
from services.custody.api.recording import Desk
from services.custody.settings import ApiSettings
from services.custody.tables import INSTALLATIONS
from shared import health, problems
from shared.auth import Authenticator
from shared.database import demand_migrated, engine
from shared.direct import add_routes
from shared.keys import load_key
from shared.operations import describe
from shared.outside import SealedIndexGlance
from shared.promise_helper import HelpedPromiser
from shared.published_log import PublishedLog
from shared.traffic import SaysBehind, Traffic

ABOUT = """Who holds a biological sample, for how long it must be kept, and what is proposed for it.

Each POST carries a new `Idempotency-Key`; the same one again repeats the answer and records nothing.
What is recorded is answered with one signed promise for each event: keep them.
A 409, and a 403 to one who has standing, is a recorded fact too.
"""


class NotFounded(RuntimeError):
    """There is no installation yet; the operator runs `python -m services.custody found FILE`."""


def create_app(settings: ApiSettings) -> FastAPI:
    """The app of the process `api`. Raises KeyUnusable without a promise key; the database is opened later."""
    pool = engine(
        settings.database_url.get_secret_value(), pool_size=settings.pool_size, application_name="custody api"
    )

    authenticator = Authenticator(settings, "custody")
    promiser = HelpedPromiser(load_key(settings.keys_dir / "custody-promise.pem"))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with authenticator, PublishedLog(settings.log_url) as published:
            app.state.library = Library(published, lambda: settings.vkey)
            yield
        promiser.close()
        await pool.dispose()

    app = routes(lifespan)
    app.state.authenticator = authenticator
    app.state.desk = Desk(pool, promiser, SealedIndexGlance(settings.state_dir))
    app.include_router(health.router({**_probes(pool), "issuer": authenticator.demand_keys}))
    return app


def routes(lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """The routes and their document alone, which need no settings: what docs/openapi/custody.json is made of."""
    app = FastAPI(
        title="Cadena custody", description=ABOUT, version="1", lifespan=lifespan, redirect_slashes=False,
        docs_url=None, redoc_url=None,
    )  # fmt: skip
    for router in ROUTERS:
        add_routes(app, router)
    describe(app)
    problems.install(app)
    app.add_middleware(SaysBehind)
    app.add_middleware(Traffic)
    return app


def _probes(pool: AsyncEngine) -> Mapping[str, health.Probe]:
    async def migrated() -> None:
        await demand_migrated(pool, Path(__file__).parent)

    async def founded() -> None:
        async with pool.connect() as connection:
            if (await connection.execute(select(INSTALLATIONS.table.c.id))).first() is None:
                raise NotFounded("not founded yet: run `python -m services.custody found FILE`")

    return {"database": migrated, "founded": founded}
