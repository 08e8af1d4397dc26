"""What a transaction writes at its end, gathered and sent at once.

A few rows go as one statement, each write a part of its WITH: one round trip, however many tables. Many rows go by
COPY, table by table, in the order in which they were given.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from shared.driver import Link, driver

FEW, MANY = 4, 50
"""Up to FEW rows of one table are written out as VALUES, which is the cheapest; from MANY on they go by COPY."""
_PLACE = re.compile(r"\$(\d+)")


class LostRow(RuntimeError):
    """A locked row was not where it was read: the database does not do what this code relies on."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A table, and the columns given: name → type, as PostgreSQL writes it. Arrays only where rows are FEW or MANY."""

    table: str
    columns: Mapping[str, str]


@dataclass(slots=True)
class Writes:
    """Writes of one transaction, in the driver's own terms. Nothing is sent before `run`."""

    _parts: list[tuple[str, tuple[Any, ...], int]] = field(default_factory=list)
    _copies: list[tuple[str, tuple[str, ...], Sequence[tuple[Any, ...]]]] = field(default_factory=list)
    _demands: list[tuple[str, tuple[Any, ...], Exception]] = field(default_factory=list)

    def statement(self, sql: str, *arguments: Any, rows: int) -> None:
        """An INSERT or UPDATE with the places $1, $2 …, which must write so many rows."""
        self._parts.append((sql, arguments, rows))

    def demand(self, sql: str, *arguments: Any, otherwise: Exception) -> None:
        """A SELECT that must find one row as of the last statement, after all locks; `otherwise` is raised if not."""
        self._demands.append((sql, arguments, otherwise))

    def rows(self, shape: Shape, rows: Sequence[tuple[Any, ...]]) -> None:
        """Rows to add, each a tuple in the order of the shape's columns."""
        columns = tuple(shape.columns.items())
        if len(rows) >= MANY:
            self.copy(shape.table, tuple(shape.columns), rows)
        elif len(rows) > FEW:
            self.statement(_from_arrays(shape.table, columns), *zip(*rows, strict=True), rows=len(rows))
        elif rows:
            given = [value for row in rows for value in row]
            self.statement(_values(shape.table, columns, len(rows)), *given, rows=len(rows))

    def copy(self, table: str, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
        """Rows to add by COPY, whatever the types of their columns."""
        self._copies.append((table, columns, rows))

    async def run(self, link: Link) -> None:
        """Send everything within the transaction that the link is in. Raises LostRow and asyncpg's own errors."""
        raw = await driver(link)
        for table, columns, rows in self._copies:
            await raw.copy_records_to_table(table, columns=columns, records=rows)
        parts = [(f"{text} RETURNING 1", given) for text, given, _ in self._parts]
        parts += [(text, given) for text, given, _ in self._demands]
        if not parts:
            return
        written = list(await raw.fetchrow(_together(tuple((text, len(given)) for text, given in parts)),
                                          *(value for _, given in parts for value in given)) or ())  # fmt: skip
        for (_, _, otherwise), count in zip(self._demands, written[len(self._parts) :], strict=True):
            if count != 1:
                raise otherwise
        for (text, _, expected), count in zip(self._parts, written, strict=False):
            if count != expected:
                raise LostRow(f"{count} of {expected} rows were written by: {text}")


@cache
def _values(table: str, columns: tuple[tuple[str, str], ...], count: int) -> str:
    names, width = ", ".join(f'"{name}"' for name, _ in columns), len(columns)
    rows = [
        ", ".join(f"${at}::{kind}" for at, (_, kind) in enumerate(columns, start=1 + width * row))
        for row in range(count)
    ]
    return f'INSERT INTO "{table}" ({names}) VALUES ({"), (".join(rows)})'  # noqa: S608  names are our own


@cache
def _from_arrays(table: str, columns: tuple[tuple[str, str], ...]) -> str:
    names = ", ".join(f'"{name}"' for name, _ in columns)
    # A JSON text has no binary form of its own in an array.
    given = ", ".join(
        f"${at}::{'text' if kind == 'jsonb' else kind}[]" for at, (_, kind) in enumerate(columns, start=1)
    )
    values = ", ".join(f'new."{name}"::{kind}' for name, kind in columns)
    return (
        f'INSERT INTO "{table}" ({names}) SELECT {values}'  # noqa: S608  names are constants of our own tables
        f" FROM unnest({given}) WITH ORDINALITY AS new({names}, at) ORDER BY new.at"
    )


@cache
def _together(parts: tuple[tuple[str, int], ...]) -> str:
    """One statement of all parts, their places numbered through; it answers how many rows each wrote."""
    written, before = [], 0
    for at, (sql, places) in enumerate(parts):
        moved = _PLACE.sub(lambda place, by=before: f"${int(place[1]) + by}", sql)  # type: ignore[misc]
        written.append(f"w{at} AS ({moved})")
        before += places
    counts = ", ".join(f"(SELECT count(*) FROM w{at})" for at in range(len(parts)))  # noqa: S608
    return f"WITH {', '.join(written)} SELECT {counts}"
