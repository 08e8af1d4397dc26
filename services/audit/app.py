"""Composition root of audit's API: settings → engine, log, directory, authenticator → routes and probes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.types import Lifespan

from services.audit.api import proofs, tiles
from services.audit.directory import Directory
from services.audit.errors import LedgerDamaged
from services.audit.metrics import alarm
from services.audit.pool import Pool
from services.audit.queries import Log
from services.audit.settings import ApiSettings
from shared import database, health, problems
from shared.auth import Authenticator
from shared.operations import describe
from shared.traffic import Traffic
from shared.trouble import TROUBLE, problem_of

AUDIENCE = "audit"


def api_app(settings: ApiSettings) -> FastAPI:
    """The read API over one database."""
    url = settings.database_url.get_secret_value()
    engine = database.engine(url, pool_size=1, application_name="cadena audit api: probes")
    pool = Pool(lambda: database.connect(url, application_name="cadena audit api"), settings.pool_size)

    authenticator = Authenticator(settings, AUDIENCE)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with authenticator:
            yield
        await pool.close()
        await engine.dispose()

    async def migrated() -> None:
        await database.demand_migrated(engine, Path(__file__).parent)

    app = routes(lifespan)
    app.state.log = Log(pool)
    app.state.directory = Directory(app.state.log, settings.custody_source)
    app.state.authenticator = authenticator
    app.include_router(health.router({"database": migrated, "issuer": authenticator.demand_keys}))
    return app


def routes(lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """The routes and their document alone, which need no settings."""
    app = FastAPI(
        title="Cadena audit", version="1", lifespan=lifespan, docs_url=None, redoc_url=None, redirect_slashes=False,
        description="The published log: heads, tiles and proofs for anyone, entries for auditors and peers.",
    )  # fmt: skip
    app.include_router(tiles.routes)
    app.include_router(proofs.routes)
    describe(app)
    problems.install(app)
    app.add_exception_handler(LedgerDamaged, _on_damage)
    for trouble in TROUBLE:
        app.add_exception_handler(trouble, _on_trouble)
    app.add_middleware(Traffic)
    return app


async def _on_damage(_request: Request, error: Exception) -> Response:
    """What is not stored whole is not there: the verifier, which sees the same, names it."""
    alarm("ledger-damaged", str(error))
    return problems.problem_response(problems.not_found())


async def _on_trouble(_request: Request, error: Exception) -> Response:
    """A database that is busy or away; what is a mistake of ours stays one."""
    problem = problem_of(error)
    if problem is None:
        raise error
    return problems.problem_response(problem)
