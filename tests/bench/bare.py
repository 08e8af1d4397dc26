"""The handler beside custody's: FastAPI and asyncpg, the same body and the same rows, and nothing else.

No token, no lock, no rule, no canonical form, no digest, no promise, no answer to a retry: what a framework and a
driver cost for five inserts in one transaction, written as their documentation does.

`python -m tests.bench.bare PORT DATABASE_URL` serves it until it is killed.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import orjson
from fastapi import FastAPI, Response

from services.custody.api.samples import NewSample
from shared.health import run, serve

POOL = 10
ORG = uuid4()
COMMAND = "INSERT INTO command (account, key, fingerprint) VALUES ($1, $2, $3)"
SAMPLE = """
    INSERT INTO sample (version, updated_at, id, "case", kind, label, seal, amount, unit, collected_at, collected_latest,
        collected_place, root, registered_by, custodian_org, custodian_person, holders, links, offer, offered_to, proposal,
        retention_rule, retention_version, retention_until)
    VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $13, $10, $2, $11, $11, $11, $12, 1, NULL, NULL, NULL, 'FLAT-20', 1, $13)"""
EVENT = """
    INSERT INTO event (id, type, subject, sequence, time, command, ordinal, sha256, bytes)
    VALUES ($1, 'org.cadena.custody.sample.registered.v1', $2, 1, $3, $4, 0, $5, $6)"""
SEALED = "INSERT INTO sealed_value (event_id, field, value, salt) VALUES ($1, 'collected_place', $2, $3)"
ANSWER = """
    INSERT INTO answer (account, key, status, headers, body, recorded_at) VALUES ($1, $2, 201, $3, $4, $5)"""
EVENT_BYTES, ANSWER_BYTES = 1000, 1250
"""As long as custody's own, on the average of this body."""


def create_app(url: str) -> FastAPI:
    """The app; the pool is opened with it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(url, min_size=POOL, max_size=POOL) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/samples", status_code=201)
    async def register(body: NewSample) -> Response:
        identifier, key, now, token = uuid4(), uuid4(), datetime.now(UTC), uuid4().hex * 2
        event, answer = os.urandom(EVENT_BYTES // 2).hex().encode(), os.urandom(ANSWER_BYTES // 2).hex().encode()
        async with app.state.pool.acquire() as connection, connection.transaction():
            await connection.execute(COMMAND, token, key, os.urandom(32))
            await connection.execute(
                SAMPLE, now, identifier, UUID(body.case), body.kind, body.label, body.seal, body.quantity.amount,
                body.quantity.unit, body.collected_at, "sha256:" + token, ORG, [ORG], now.date(),
            )  # fmt: skip
            await connection.execute(EVENT, identifier, f"sample/{identifier}", now, token, os.urandom(32), event)
            await connection.execute(SEALED, identifier, body.collected_place, os.urandom(32))
            headers = '{"ETag": "\\"1\\"", "Content-Type": "application/json"}'
            await connection.execute(ANSWER, token, key, headers, answer, now)
        return Response(orjson.dumps({"id": str(identifier), "said": answer.decode()}), 201)

    return app


if __name__ == "__main__":
    port, database = int(sys.argv[1]), sys.argv[2]

    async def until_stopped(stop: asyncio.Event) -> None:
        """Serve as custody's API is served."""
        await serve(create_app(database), "127.0.0.1", port, stop)

    run(until_stopped)
