"""State ⇄ row, for every noun alike: a column has the name of the state's field, and JSON carries the values.

A state is read and written as a whole. Rows of many subjects go in one statement with one parameter.
"""

from collections.abc import Callable, Collection, Iterable
from operator import attrgetter
from typing import Any, Generic, Literal, Protocol, TypeVar, get_args

from pydantic import TypeAdapter
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Table,
    Text,
    UniqueConstraint,
    any_,
    bindparam,
    cast,
    column,
    func,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel

from shared.driver import Link, Statement, driver, text_of
from shared.writes import FEW, MANY, Shape, Writes

Mode = Literal["none", "share", "update"]
"""FOR SHARE, or FOR NO KEY UPDATE."""


class State(Protocol):
    """What every state has: its id, and the version of its last event."""

    @property
    def id(self) -> str:
        """The part of the subject behind the slash."""

    @property
    def version(self) -> int:
        """1 for the first event."""


S = TypeVar("S", bound=State)


def table_of(row: type[SQLModel]) -> Table:
    """The table of a mapped class, for statements of SQLAlchemy Core."""
    table = inspect(row).local_table
    if not isinstance(table, Table):
        raise TypeError(f"{row.__name__} has no table")
    return table


def _locking(statement: Select[str], mode: Mode) -> Select[str]:
    if mode == "none":
        return statement
    return statement.with_for_update(read=mode == "share", key_share=mode == "update")


def _kind(kind: TypeEngine[Any]) -> str:
    """The type as PostgreSQL writes it."""
    return kind.compile(dialect=postgresql.dialect()).lower()  # type: ignore[no-untyped-call]


class Rows(Generic[S]):
    """The rows of one noun. `row` has exactly the columns that `state` has fields; `id` is its primary key."""

    def __init__(self, row: type[SQLModel], state: type[S]) -> None:
        self.table = table = table_of(row)
        self._one: TypeAdapter[S] = TypeAdapter(state)
        self._many: TypeAdapter[list[S]] = TypeAdapter(list[state])  # type: ignore[valid-type]
        self._read = select(cast(func.to_jsonb(table.table_valued()), Text).label("row")).order_by(table.c.id)
        self._wanted = self._read.where(table.c.id == any_(bindparam("ids", type_=ARRAY(table.c.id.type))))
        self._by_id = {mode: text_of(self.locked(mode)) for mode in get_args(Mode)}
        given = cast(bindparam("rows", type_=Text), JSONB)
        columns = [column(c.name, c.type) for c in table.columns]
        new = func.jsonb_to_recordset(given).table_valued(*columns, name="new").render_derived(with_types=True)
        names = tuple(c.name for c in table.columns)
        self._insert = text_of(insert(table).from_select(list(names), select(new)))
        self._update = text_of(
            update(table)
            .values({c.name: new.c[c.name] for c in table.columns if c.name != "id"})
            .where(table.c.id == new.c.id, table.c.version < new.c.version)
        )
        # An object within a state is written as JSON, which COPY does not know how to make.
        flat = not any(isinstance(getattr(c.type, "impl", None), JSONB) for c in table.columns)
        self._flat = Shape(table.name, {c.name: _kind(c.type) for c in table.columns}) if flat else None
        # Two who write the same names wait for each other in one order, and so do not deadlock.
        unique = next((c.columns.keys() for c in table.constraints if isinstance(c, UniqueConstraint)), ["id"])
        self._order: Callable[[S], Any] = attrgetter(*unique)
        self._values: Callable[[S], tuple[Any, ...]] = attrgetter(*names)

    async def by_id(self, link: Link, ids: Collection[str], mode: Mode = "none") -> dict[str, S]:
        """The states of those ids that exist, locked in the order of their ids."""
        if not ids:
            return {}
        raw = await driver(link)
        return self.states(row[0] for row in await raw.fetch(self._by_id[mode], sorted(ids)))

    def locked(self, mode: Mode) -> Select[str]:
        """The statement of `by_id`, whose parameter is `ids`, as a part of another; `states` reads its column `row`."""
        return _locking(self._wanted, mode)

    def that(self, condition: ColumnElement[bool]) -> Statement:
        """A statement for the rows that a condition on the columns selects, in the order of their ids."""
        return Statement(self._read.where(condition))

    async def by(self, link: Link, statement: Statement, **given: Any) -> dict[str, S]:
        """The states that a statement of `that` finds."""
        return self.states(row[0] for row in await statement.rows(link, **given))

    async def where(
        self, connection: AsyncConnection, condition: ColumnElement[bool], mode: Mode = "none"
    ) -> dict[str, S]:
        """The states that a condition on the columns selects, locked in the order of their ids."""
        rows = await connection.execute(_locking(self._read.where(condition), mode))
        return self.states(rows.scalars())

    def states(self, rows: Iterable[str]) -> dict[str, S]:
        """States from the texts of their rows, by id."""
        states = [self._one.validate_json(row) for row in rows]
        return {state.id: state for state in states}

    def add(self, writes: Writes, states: list[S]) -> None:
        """Write the rows of new subjects, in the order of what is unique among them."""
        states = sorted(states, key=self._order)
        if self._flat is not None and not FEW < len(states) < MANY:
            writes.rows(self._flat, [self._values(state) for state in states])
        else:
            writes.statement(self._insert, self.json(states), rows=len(states))

    def replace(self, writes: Writes, states: list[S]) -> None:
        """Write later versions of subjects whose rows this transaction has locked; LostRow if one is not there."""
        writes.statement(self._update, self.json(states), rows=len(states))

    def json(self, states: list[S]) -> str:
        """The states as a JSON array of objects."""
        return self._many.dump_json(states).decode()

    def plain(self, state: S) -> dict[str, Any]:
        """One state as JSON values."""
        plain: dict[str, Any] = self._one.dump_python(state, mode="json")
        return plain
