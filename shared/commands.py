"""Commands by key: a retry gets the very bytes of the first answer, and a parallel twin waits for it (G1).

Both tables are insert-only: `command` is written first and is the lock of a key, `answer` last, in one transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

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
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from shared.driver import Link, Statement, driver
from shared.problems import Problem
from shared.writes import Shape, Writes

CLAIM = 'INSERT INTO "{}" (account, key, fingerprint) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1'
"""Takes a key of the table that is named, or waits for who has it: a row if the key is ours."""


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


async def claim(link: Link, tables: CommandTables, account: str, key: str, fingerprint: bytes) -> Answer | None:
    """Take the key for this transaction, or return the answer that it got before.

    Waits for a transaction that holds the same key; if that one rolls back, the key is ours. `fingerprint` is the
    SHA-256 of the request without If-Match. Raises Problem 422 when the key was used for another request.
    """
    raw = await driver(link)
    taken = await raw.fetchrow(CLAIM.format(tables.command.name), account, key, fingerprint)
    return await find(link, tables, account, key, fingerprint) if taken is None else None


async def claim_all(
    link: Link, tables: CommandTables, account: str, prints: Mapping[str, bytes]
) -> tuple[set[str], dict[str, Answer | None]]:
    """`claim` for many keys with their fingerprints, in the order of the keys, so that two who claim the same wait.

    Returns the keys that are ours now, and the answers that the others got before: None where a key was used for
    another request.
    """
    keys = sorted(prints)
    rows = await _taking(tables).rows(link, account=account, keys=keys, prints=[prints[key] for key in keys])
    taken = {row[0] for row in rows}
    others = {key: value for key, value in prints.items() if key not in taken}
    return taken, await find_all(link, tables, account, others) if others else {}


async def find_all(
    link: Link, tables: CommandTables, account: str, prints: Mapping[str, bytes]
) -> dict[str, Answer | None]:
    """The answers given to these keys before; None where a key was used for another request."""
    return {
        key: Answer(status, dict(headers), body) if fingerprint == prints[key] else None
        for key, fingerprint, status, headers, body in await _finding(tables).rows(
            link, account=account, keys=list(prints)
        )
    }


async def find(link: Link, tables: CommandTables, account: str, key: str, fingerprint: bytes) -> Answer | None:
    """The answer given to this key before, if any; the same Problem as `claim`."""
    found = await find_all(link, tables, account, {key: fingerprint})
    if not found:
        return None
    answer = found[key]
    if answer is None:
        raise key_reused()
    return answer


@cache
def _taking(tables: CommandTables) -> Statement:
    command = tables.command
    given = func.unnest(bindparam("keys", type_=ARRAY(command.c.key.type)),
                        bindparam("prints", type_=ARRAY(LargeBinary)))  # fmt: skip
    new = given.table_valued("key", "fingerprint").render_derived()
    account = cast(bindparam("account"), command.c.account.type)
    rows = select(account, new.c.key, new.c.fingerprint).order_by(new.c.key)
    taking = insert(command).from_select(["account", "key", "fingerprint"], rows, include_defaults=False)
    return Statement(taking.on_conflict_do_nothing().returning(cast(command.c.key, Text)))


@cache
def _finding(tables: CommandTables) -> Statement:
    command, answer = tables.command, tables.answer
    return Statement(
        select(cast(command.c.key, Text), command.c.fingerprint, answer.c.status, answer.c.headers, answer.c.body)
        .join(answer, (answer.c.account == command.c.account) & (answer.c.key == command.c.key))
        .where(command.c.account == bindparam("account"))
        .where(command.c.key == any_(bindparam("keys", type_=ARRAY(command.c.key.type))))
    )


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
    link: Link, tables: CommandTables, account: str, key: str, answer: Answer, recorded_at: datetime
) -> None:
    """Store the answer in the transaction that claimed the key."""
    writes = Writes()
    add_answers(writes, tables, account, [(key, answer)], recorded_at)
    await writes.run(link)


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
