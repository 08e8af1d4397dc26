"""What is due and where, what is kept only because something is unknown, and what is kept by an unverified rule.

The first three are for the operator, over all items; the others for a reader, over what they have standing to see.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, cast, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.custody.queries.reader import Reader
from services.custody.queries.visibility import cases as visible_cases
from services.custody.queries.visibility import samples as visible
from services.custody.representation import representation
from services.custody.rules.case import CaseState
from services.custody.tables import CASES, ORGANISATIONS, SAMPLES
from shared.paging import Key, Page, page_of

CHUNK = 500
_sample, _case, _holder = SAMPLES.table.c, CASES.table.c, ORGANISATIONS.table.c


def due_by_month(first: date | None, last: date) -> Select[Any]:
    """Items whose last day lies in a span, counted by holder, month of that day, rule and version."""
    month = cast(func.date_trunc("month", _sample.retention_until), Date).label("month")
    by = (_sample.custodian_org, _holder.name, month, _sample.retention_rule, _sample.retention_version)
    return (
        select(*by, func.count().label("many"), func.min(_sample.retention_until).label("first"))
        .join_from(SAMPLES.table, ORGANISATIONS.table, _holder.id == _sample.custodian_org)
        .where(_between(first, last)).group_by(*by).order_by(_holder.name, month, _sample.retention_rule)
    )  # fmt: skip


def by_rules(rules: Sequence[str]) -> Select[Any]:
    """Items that are kept by one of these rules, counted by rule and version; how many of them have a last day."""
    by = (_sample.retention_rule, _sample.retention_version)
    return (
        select(*by, func.count().label("many"), func.count(_sample.retention_until).label("dated"))
        .where(_sample.retention_rule.in_(rules)).group_by(*by).order_by(*by)
    )  # fmt: skip


async def without_a_day(connection: AsyncConnection) -> AsyncIterator[tuple[CaseState, int]]:
    """Each case with items that have no last day, and how many; a chunk at a time."""
    counted = (
        select(_sample.case, func.count().label("many")).where(_sample.retention_until.is_(None))
        .group_by(_sample.case).order_by(_sample.case)
    )  # fmt: skip
    rows = await connection.stream(counted)
    async for chunk in rows.partitions(CHUNK):
        states = await CASES.by_id(connection, [row.case for row in chunk])
        for row in chunk:
            if row.case in states:
                yield states[row.case], row.many


async def due(reader: Reader, first: date | None, last: date, after: Key | None, limit: int) -> Page:
    """The visible items whose last day lies in a span, in the order of these days."""
    place = tuple_(_sample.retention_until, _sample.id)
    further = [] if after is None else [place > (date.fromisoformat(str(after[0])), after[1])]
    found = select(_sample.id, _sample.retention_until).where(_between(first, last), visible(reader.actor), *further)
    rows = (await reader.connection.execute(found.order_by(_sample.retention_until, _sample.id).limit(limit + 1))).all()
    states = await SAMPLES.by_id(reader.connection, [row.id for row in rows])
    return page_of([(_place(row), representation(states[row.id])) for row in rows], limit)


async def unverified(reader: Reader, rules: Sequence[str], after: Key | None, limit: int) -> Page:
    """The visible items that are kept by one of these rules, in the order of their ids."""
    further = [] if after is None else [_sample.id > after[0]]
    ids = select(_sample.id).where(_sample.retention_rule.in_(rules), visible(reader.actor), *further)
    states = await SAMPLES.where(reader.connection, _sample.id.in_(ids.order_by(_sample.id).limit(limit + 1)))
    return page_of([((state.id,), representation(state)) for state in states.values()], limit)


async def cases_without_a_day(reader: Reader, after: Key | None, limit: int) -> list[tuple[CaseState, int]]:
    """The cases that the reader reads whole and that have items without a last day; at most one more than `limit`."""
    kept = (
        select(_sample.case, func.count().label("many")).where(_sample.retention_until.is_(None))
        .group_by(_sample.case).subquery()
    )  # fmt: skip
    further = [] if after is None else [_case.id > after[0]]
    found = (
        select(_case.id, kept.c.many).join_from(CASES.table, kept, kept.c.case == _case.id)
        .where(visible_cases(reader.actor), *further).order_by(_case.id).limit(limit + 1)
    )  # fmt: skip
    counts = {row.id: row.many for row in await reader.connection.execute(found)}
    states = await CASES.by_id(reader.connection, counts)
    return [(state, counts[state.id]) for state in states.values()]


def _between(first: date | None, last: date) -> ColumnElement[bool]:
    until = _sample.retention_until <= last
    return until if first is None else and_(until, _sample.retention_until >= first)


def _place(row: Any) -> Key:
    return row.retention_until.isoformat(), row.id
