"""Notify's API, put together: settings → engine, promises, links, tokens → routes, pages, probes, document."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import Lifespan

from services.notify import store
from services.notify.api import ROUTERS
from services.notify.links import AddressLinks
from services.notify.pages import verify
from services.notify.post import Post
from services.notify.record import Desk
from services.notify.settings import LINK_KEY, PROMISE_KEY, ApiSettings
from shared import health, problems
from shared.auth import Authenticator
from shared.database import demand_migrated, engine
from shared.keys import load_key, public_text
from shared.operations import describe
from shared.outside import SealedIndexGlance
from shared.promise import Promiser
from shared.traffic import SaysBehind, Traffic

ABOUT = """Where a party reads, whom it is told of, and what became of each message.

An address is given by the party itself and used once it was confirmed by the link that was sent there.
A notice that a mail server accepted is not service: that is an act of a person.
"""


class NotFounded(RuntimeError):
    """Leaf 0 has not been read yet: the installation is not founded, or notify's worker has not come that far."""


class OtherKeys(RuntimeError):
    """This process has keys that the installation was not founded with."""


def create_app(settings: ApiSettings) -> FastAPI:
    """The app of the process `api`. Raises KeyUnusable without its keys; the database is opened later."""
    pool = engine(settings.database_url.get_secret_value(), pool_size=settings.pool_size, application_name="notify api")

    authenticator = Authenticator(settings, "notify")

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with authenticator:
            yield
        await pool.dispose()

    promise_key, link_key = (load_key(settings.keys_dir / name) for name in (PROMISE_KEY, LINK_KEY))
    links = AddressLinks(settings.notify_source, link_key)
    post = Post(settings.origin, settings.mail_from, settings.public_url, links)
    app = routes(lifespan)
    app.state.authenticator = authenticator
    app.state.desk = Desk(
        pool, settings.notify_source, Promiser(promise_key), post, SealedIndexGlance(settings.state_dir)
    )
    own = public_text(promise_key.public_key()), public_text(link_key.public_key())
    app.include_router(health.router({**_probes(pool, *own), "issuer": authenticator.demand_keys}))
    return app


def routes(lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """The routes, pages and document alone, which need no settings."""
    app = FastAPI(
        title="Cadena notify", description=ABOUT, version="1", lifespan=lifespan, redirect_slashes=False,
        docs_url=None, redoc_url=None,
    )  # fmt: skip
    for router in (*ROUTERS, verify.routes):
        app.include_router(router)
    describe(app)
    problems.install(app)
    app.add_middleware(SaysBehind)
    app.add_middleware(Traffic)
    return app


def _probes(pool: AsyncEngine, promise_key: str, link_key: str) -> Mapping[str, health.Probe]:
    """A migrated database that has read leaf 0, which names the keys that we sign with."""

    async def migrated() -> None:
        await demand_migrated(pool, Path(__file__).parent)

    async def founded() -> None:
        async with pool.connect() as connection:
            named = await store.keys_of_leaf_0(connection)
        if named is None:
            raise NotFounded("leaf 0 has not been read yet: the installation must be founded first")
        if named != (promise_key, link_key):
            raise OtherKeys("leaf 0 names other keys: nobody could check what is signed with these")

    return {"database": migrated, "founded": founded}


async def serve_api(settings: ApiSettings, stop: asyncio.Event) -> None:
    """Serve the API until `stop` is set."""
    await health.serve(create_app(settings), settings.listen_host, settings.listen_port, stop)
