"""Who reads: a linked account, and one read-only snapshot of the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, null, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.custody.rules.world import ActorState
from services.custody.tables import ACCOUNTS, INSTALLATIONS, RESTORATION
from shared.behind import behind_the_log, standing, stands
from shared.outside import SealedIndexGlance
from shared.problems import Problem, not_found
from shared.trouble import TROUBLE, problem_of

_account = ACCOUNTS.table.c
_READER = select(
    _account.id, _account.person, _account.organisation, _account.role, _account.kind,
    select(INSTALLATIONS.table.c.pack_sha256).scalar_subquery().label("pack"), *standing(RESTORATION),
).where(_account.account_digest == bindparam("digest"), _account.status == "open")  # fmt: skip
_NOBODY = select(null().label("id"), *standing(RESTORATION)).where(select(INSTALLATIONS.table.c.id).exists())


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader's person, organisation and role, and the snapshot that it reads. `behind`: the log holds more.

    `pack` is the SHA-256 of the pack in force.
    """

    connection: AsyncConnection
    actor: ActorState
    behind: bool = False
    pack: str | None = None


@asynccontextmanager
async def reading(
    engine: AsyncEngine, account_digest: str, glance: SealedIndexGlance | None = None
) -> AsyncIterator[Reader]:
    """A snapshot for one request. Problem 404 for an account that is linked to nobody, 503 before the founding.

    Behind the log what is there is read as it was; of what is not there, nobody can tell yet: 503 instead of 404.
    """
    behind = False
    try:
        async with engine.connect() as plain:
            connection = await plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            remembered = glance.remembered() if glance else None
            row = (await connection.execute(_READER, {"digest": account_digest})).first()
            row = row or (await connection.execute(_NOBODY)).first()
            behind = row is not None and remembered is not None and stands(row).is_behind(remembered)
            actor = _actor(row)
            yield Reader(connection, actor, behind, row.pack if row is not None else None)
    except Problem as problem:
        raise (behind_the_log() if behind and problem.status == 404 else problem) from None
    except TROUBLE as error:
        trouble = problem_of(error)
        if trouble is None:
            raise
        raise trouble from error


async def clock(reader: Reader) -> datetime:
    """The database's clock."""
    now: datetime = (await reader.connection.execute(select(func.clock_timestamp()))).scalar_one()
    return now


def _actor(row: Any) -> ActorState:
    if row is None:
        raise Problem(
            503, "not-founded", "This installation is not founded yet", "The operator runs the command `found` first.",
            headers={"Retry-After": "30"},
        )  # fmt: skip
    if row.id is None:
        raise not_found()
    return ActorState(row.id, row.person, row.organisation, row.role, row.kind == "service")
