"""Who reads: a linked account, and one read-only snapshot of the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.custody.rules.world import ActorState
from services.custody.tables import ACCOUNTS, INSTALLATIONS
from shared.problems import Problem, not_found
from shared.trouble import TROUBLE, problem_of


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader's person, organisation and role, and the snapshot that it reads."""

    connection: AsyncConnection
    actor: ActorState


@asynccontextmanager
async def reading(engine: AsyncEngine, account_digest: str) -> AsyncIterator[Reader]:
    """A snapshot for one request. Problem 404 for an account that is linked to nobody, 503 before the founding."""
    try:
        async with engine.connect() as plain:
            connection = await plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield Reader(connection, await _actor(connection, account_digest))
    except TROUBLE as error:
        problem = problem_of(error)
        if problem is None:
            raise
        raise problem from error


async def _actor(connection: AsyncConnection, account_digest: str) -> ActorState:
    account = ACCOUNTS.table.c
    row = (
        await connection.execute(
            select(account.id, account.person, account.organisation, account.role, account.kind).where(
                account.account_digest == account_digest, account.status == "open"
            )
        )
    ).first()
    if row is not None:
        return ActorState(row.id, row.person, row.organisation, row.role, row.kind == "service")
    if (await connection.execute(select(INSTALLATIONS.table.c.id))).first() is None:
        raise Problem(
            503, "not-founded", "This installation is not founded yet", "The operator runs the command `found` first.",
            headers={"Retry-After": "30"},
        )  # fmt: skip
    raise not_found()
