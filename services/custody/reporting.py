"""The operator's reports as rows, read from one snapshot; nothing of a person is in them but ids of what is unknown."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.custody.law import law_in_force
from services.custody.policy.retention import Law
from services.custody.queries.reports import by_rules, due_by_month, without_a_day
from services.custody.rules.case_facts import facts_of
from services.custody.tables import INSTALLATIONS
from shared.database import engine

Row = dict[str, Any]


@asynccontextmanager
async def reading(url: str) -> AsyncIterator[AsyncConnection]:
    """One repeatable-read snapshot, without a limit of time for a statement."""
    pool = engine(url, pool_size=1, statement_seconds=0, application_name="custody report")
    try:
        async with pool.connect() as plain:
            yield await plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    finally:
        await pool.dispose()


async def due_rows(connection: AsyncConnection, first: date | None, last: date) -> AsyncIterator[Row]:
    """Holder, month, rule: how many items end, and on which day the first."""
    for row in await connection.execute(due_by_month(first, last)):
        yield {
            "holder": row.name, "organisation": row.custodian_org, "month": row.month.isoformat()[:7],
            "rule": row.retention_rule, "version": row.retention_version, "items": row.many,
            "first": row.first.isoformat(),
        }  # fmt: skip


async def unknown_rows(connection: AsyncConnection) -> AsyncIterator[Row]:
    """Case, items without a last day, what is not known; an empty list: the law names no day."""
    law, now = await _law(connection)
    async for case, items in without_a_day(connection):
        yield {"case": case.id, "folio": case.folio, "items": items, "missing": list(law.missing(facts_of(case), now))}


async def unverified_rows(connection: AsyncConnection) -> AsyncIterator[Row]:
    """Rule and version: items, and how many of them have a last day by it."""
    law, _ = await _law(connection)
    for row in await connection.execute(by_rules(law.unverified())):
        yield {
            "rule": row.retention_rule, "version": row.retention_version, "items": row.many, "with_a_day": row.dated,
        }  # fmt: skip


async def _law(connection: AsyncConnection) -> tuple[Law, datetime]:
    """The law in force and the database's clock. Problem 503 if this release does not have that pack."""
    pack = (await connection.execute(select(INSTALLATIONS.table.c.pack_sha256))).scalar_one_or_none()
    return law_in_force(pack), await clock(connection)


async def clock(connection: AsyncConnection) -> datetime:
    """The database's clock."""
    now: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    return now
