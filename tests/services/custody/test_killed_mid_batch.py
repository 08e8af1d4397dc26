"""A session that is ended at any moment of a batch: each call is answered, or is a 503 that keeps every key free (G1)."""

import asyncio
import random

import asyncpg
from sqlalchemy import text

from services.custody.answer import Request
from services.custody.batch import record_batch
from shared.events import new_id
from shared.problems import Problem
from tests.services.custody.scene import Scene, principal

CALLS, ITEMS = 24, 200
SESSIONS = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1 AND usename = 'custody_api'"
)


async def test_g1_sessions_that_end_at_any_moment_of_a_batch_lose_nothing(scene: Scene, postgres_server: str) -> None:
    rng, away, made = random.Random(4), 0, 0
    told: set[tuple[int, str]] = set()
    async with scene.engine.connect() as connection:
        database = (await connection.execute(text("SELECT current_database()"))).scalar_one()
    killer = await asyncpg.connect(postgres_server)
    for _ in range(CALLS):
        batch = [
            (Request(principal("lab"), key, key.encode(), command), command)
            for key, command in ((new_id(), scene.sample()) for _ in range(ITEMS))
        ]
        call = asyncio.create_task(record_batch(scene.engine, scene.promiser, batch))
        await asyncio.wait([call], timeout=rng.uniform(0, 0.1))
        await killer.fetchval(SESSIONS, database)
        while True:
            try:
                answers, _ = await call
                break
            except Problem as problem:
                away += 1
                told.add((problem.status, problem.code))
                call = asyncio.create_task(record_batch(scene.engine, scene.promiser, batch))
        made += len(answers)
        assert {answer.status for answer in answers} == {201}
    await killer.close()
    assert away > CALLS / 10
    assert told == {(503, "database-away")}
    await scene.engine.dispose()
    async with scene.engine.connect() as connection:
        kept = (await connection.execute(text("SELECT count(*) FROM sample"))).scalar_one()
    assert kept == made == CALLS * ITEMS
