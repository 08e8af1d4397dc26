"""A service's database as its owner dumps it and puts it back: every row of every table, by the tables' own types."""

from typing import Any

from sqlalchemy import MetaData, bindparam, text
from sqlalchemy.ext.asyncio import AsyncEngine

Dump = dict[str, list[dict[str, Any]]]


async def dump(owner: AsyncEngine, metadata: MetaData) -> Dump:
    """All rows."""
    async with owner.connect() as connection:
        return {
            name: [dict(row) for row in (await connection.execute(table.select())).mappings()]
            for name, table in metadata.tables.items()
        }


async def restore(owner: AsyncEngine, metadata: MetaData, dumped: Dump) -> None:
    """These rows and no others; what numbers were given before is not remembered."""
    async with owner.begin() as connection:
        for name, table in metadata.tables.items():
            await connection.execute(table.delete())
            for row in dumped[name]:
                columns, values = (", ".join(form.format(one) for one in row) for form in ('"{}"', ":{}"))
                sql = f'INSERT INTO "{name}" ({columns}) OVERRIDING SYSTEM VALUE VALUES ({values})'
                typed = [bindparam(one, type_=table.c[one].type) for one in row]
                await connection.execute(text(sql).bindparams(*typed), row)
