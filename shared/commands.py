"""Commands by key: a retry gets the very bytes of the first answer, and a parallel twin waits for it (G1).

Both tables are insert-only: `command` is written first and is the lock of a key, `answer` last, in one transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import (
    ARRAY,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Uuid,
    any_,
    bindparam,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.problems import Problem
from shared.writes import Shape, Writes

_CLAIM = "INSERT INTO {} (account, key, fingerprint) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it went out: status, headers and body."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class CommandTables:
    """The two tables of one service's database."""

    command: Table
    answer: Table


def command_tables(metadata: MetaData) -> CommandTables:
    """Attach the tables to a service's metadata."""
    command = Table(
        "command", metadata,
        Column("account", String(64), primary_key=True),
        Column("key", Uuid(as_uuid=False), primary_key=True),
        Column("fingerprint", LargeBinary, nullable=False),
        Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    )  # fmt: skip
    answer = Table(
        "answer", metadata,
        Column("account", String(64), primary_key=True),
        Column("key", Uuid(as_uuid=False), primary_key=True),
        Column("status", Integer, nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("recorded_at", DateTime(timezone=True), nullable=False),
    )  # fmt: skip
    return CommandTables(command, answer)


async def claim(
    connection: AsyncConnection, tables: CommandTables, account: str, key: str, fingerprint: bytes
) -> Answer | None:
    """Take the key for this transaction, or return the answer that it got before.

    Waits for a transaction that holds the same key; if that one rolls back, the key is ours. `fingerprint` is the
    SHA-256 of the request without If-Match. Raises Problem 422 when the key was used for another request.
    """
    taken = await connection.exec_driver_sql(_CLAIM.format(tables.command.name), (account, key, fingerprint))
    if taken.first() is not None:
        return None
    return await find(connection, tables, account, key, fingerprint)


async def claim_all(
    connection: AsyncConnection, tables: CommandTables, account: str, prints: Mapping[str, bytes]
) -> tuple[set[str], dict[str, Answer | None]]:
    """`claim` for many keys with their fingerprints, in the order of the keys, so that two who claim the same wait.

    Returns the keys that are ours now, and the answers that the others got before: None where a key was used for
    another request.
    """
    command = tables.command
    keys = sorted(prints)
    given = func.unnest(bindparam("keys", keys, ARRAY(command.c.key.type)),
                        bindparam("prints", [prints[key] for key in keys], ARRAY(LargeBinary)))  # fmt: skip
    new = given.table_valued("key", "fingerprint").render_derived()
    rows = select(literal(account), new.c.key, new.c.fingerprint).order_by(new.c.key)
    taking = insert(command).from_select(["account", "key", "fingerprint"], rows, include_defaults=False)
    taken = set((await connection.execute(taking.on_conflict_do_nothing().returning(command.c.key))).scalars())
    others = {key: value for key, value in prints.items() if key not in taken}
    return taken, await find_all(connection, tables, account, others) if others else {}


async def find_all(
    connection: AsyncConnection, tables: CommandTables, account: str, prints: Mapping[str, bytes]
) -> dict[str, Answer | None]:
    """The answers given to these keys before; None where a key was used for another request."""
    command, answer = tables.command, tables.answer
    keys = bindparam("keys", list(prints), ARRAY(command.c.key.type))
    rows = await connection.execute(
        select(command.c.key, command.c.fingerprint, answer.c.status, answer.c.headers, answer.c.body)
        .join(answer, (answer.c.account == command.c.account) & (answer.c.key == command.c.key))
        .where(command.c.account == account, command.c.key == any_(keys))
    )
    return {
        row.key: Answer(row.status, dict(row.headers), row.body) if row.fingerprint == prints[row.key] else None
        for row in rows
    }


async def find(
    connection: AsyncConnection, tables: CommandTables, account: str, key: str, fingerprint: bytes
) -> Answer | None:
    """The answer given to this key before, if any; the same Problem as `claim`."""
    command, answer = tables.command, tables.answer
    row = (
        await connection.execute(
            select(command.c.fingerprint, answer.c.status, answer.c.headers, answer.c.body)
            .join(answer, (answer.c.account == command.c.account) & (answer.c.key == command.c.key))
            .where(command.c.account == account, command.c.key == key)
        )
    ).first()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise key_reused()
    return Answer(row.status, dict(row.headers), row.body)


def key_reused() -> Problem:
    """The problem of a key that names another request."""
    return Problem(
        422, "key-reused", "This key was used for another request",
        "An Idempotency-Key names one request; take a new UUID for a new one.",
    )  # fmt: skip


_ANSWER = {
    "account": "text", "key": "uuid", "status": "integer", "headers": "jsonb", "body": "bytea",
    "recorded_at": "timestamptz",
}  # fmt: skip


async def keep(
    connection: AsyncConnection, tables: CommandTables, account: str, key: str, answer: Answer, recorded_at: datetime
) -> None:
    """Store the answer in the transaction that claimed the key."""
    writes = Writes()
    add_answers(writes, tables, account, [(key, answer)], recorded_at)
    await writes.run(connection)


def add_answers(
    writes: Writes,
    tables: CommandTables,
    account: str,
    answers: Sequence[tuple[str, Answer]],
    recorded_at: datetime,
) -> None:
    """`keep`, for the answers of some keys, as a part of other writes."""
    rows = [
        (account, key, answer.status, orjson.dumps(answer.headers).decode(), answer.body, recorded_at)
        for key, answer in answers
    ]
    writes.rows(Shape(tables.answer.name, _ANSWER), rows)
