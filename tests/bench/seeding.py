"""Very many items, by COPY: cases and samples that custody recorded, again and again under other ids.

Whole rows are copied, so a column that comes later holds what custody wrote there.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from shared.database import connect

CHUNK = 50_000
"""Items that are made and sent at a time: memory does not grow with their number."""
ITEMS_A_CASE = 10
DAYS = 14_600
"""The days of collection lie within forty years."""
CASE, SAMPLE = 1, 2
Row = dict[str, Any]


def an_id(kind: int, number: int) -> UUID:
    """The id of the seeded row of this number, version 7, in the order of the numbers; `kind` is CASE or SAMPLE."""
    return UUID(int=0x0190_0000_0000_7000_8000_0000_0000_0000 | kind << 56 | number)


async def seed(url: str, patterns: Sequence[str], first: int, last: int) -> None:
    """Items number `first` to `last` - 1, both multiples of ITEMS_A_CASE, as the owner of the database at `url`.

    `patterns` are ids of samples: a seeded item is a copy of one of them, in turns, in a copy of its case, collected on
    another day that is no later. The tables' statistics are fresh when it returns.
    """
    async with _owner(url) as link:
        samples = [await _row(link, "sample", id) for id in patterns]
        cases = [await _row(link, "case", row["case"]) for row in samples]
        for start in range(first, last, CHUNK):
            numbers = range(start, min(start + CHUNK, last))
            firsts = range(numbers.start // ITEMS_A_CASE, numbers.stop // ITEMS_A_CASE)
            await _copy(link, "case", [a_case(cases[at % len(cases)], at) for at in firsts])
            await _copy(link, "sample", [an_item(samples[at // ITEMS_A_CASE % len(samples)], at) for at in numbers])
        await link.execute('ANALYZE "case", sample')


def a_case(row: Row, number: int) -> Row:
    """The case of this number, made like one that is there."""
    return row | {"id": an_id(CASE, number), "folio": f"F-{number}"}


def an_item(row: Row, number: int) -> Row:
    """The item of this number, made like one that is there."""
    case, item = an_id(CASE, number // ITEMS_A_CASE), an_id(SAMPLE, number)
    earlier = timedelta(days=number * 7919 % DAYS)
    until = row["retention_until"]
    return row | {
        "id": item, "root": item, "case": case, "label": f"B-{number}",
        "collected_at": row["collected_at"] - earlier, "collected_latest": row["collected_latest"] - earlier,
        "retention_until": until and until - earlier,
    }  # fmt: skip


async def _row(link: "asyncpg.Connection[Any]", table: str, id: str) -> Row:
    found = await link.fetchrow(f'SELECT * FROM "{table}" WHERE id = $1', id)
    return dict(found or {})


async def _copy(link: "asyncpg.Connection[Any]", table: str, rows: list[Row]) -> None:
    columns = tuple(rows[0])
    await link.copy_records_to_table(
        table, columns=columns, records=[tuple(row[one] for one in columns) for row in rows]
    )


@asynccontextmanager
async def _owner(url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    link = await connect(url, statement_seconds=0, idle_in_transaction_seconds=0)
    try:
        yield link
    finally:
        await link.close()
