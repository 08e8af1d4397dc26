"""Rebuild: state is what the events say, and nothing else. Folds every stored event and compares every stored row.

It reads one snapshot and writes nothing. Texts behind digests are no part of it: they may have been erased.
"""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.custody.rules.state import OutOfOrder, State
from services.custody.rules.table import apply
from services.custody.tables import EVENTS, ROWS
from shared.database import engine as make_engine
from shared.events import Event, NotAnEvent

CHUNK = 1000


@dataclass(slots=True)
class Report:
    """What was compared, and each difference as a sentence that names the row and the member."""

    events: int = 0
    subjects: int = 0
    differences: list[str] = field(default_factory=list)


async def check_at(url: str) -> Report:
    """`check` of the database at `url`, with a login that may read events and state: the API's, or the owner's."""
    engine = make_engine(url, pool_size=1, statement_seconds=0, application_name="custody rebuild")
    try:
        return await check(engine)
    finally:
        await engine.dispose()


async def check(engine: AsyncEngine) -> Report:
    """Compare every row of every noun with the fold of its events, in one repeatable-read snapshot."""
    report = Report()
    async with engine.connect() as connection, connection.begin():
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        folded: dict[str, State] = {}
        async for subject, state in _folded(connection, report):
            folded[subject] = state
            if len(folded) == CHUNK:
                await _compare(connection, folded, report)
                folded.clear()
        await _compare(connection, folded, report)
        for noun in ROWS:
            await _rows_without_events(connection, noun, report)
    return report


async def _folded(connection: AsyncConnection, report: Report) -> AsyncIterator[tuple[str, State]]:
    """Each subject with its last state, one subject after the other; what cannot be folded is reported."""
    event = EVENTS.event
    rows = await connection.stream(select(event).order_by(event.c.subject, event.c.sequence))
    subject, state, broken = "", None, False
    async for row in rows:
        report.events += 1
        read = _read(row, report)
        if row.subject != subject:
            if state is not None and not broken:
                yield subject, state
            subject, state, broken = row.subject or "", None, False
            report.subjects += bool(row.subject)
        if row.subject is None or broken:
            continue
        try:
            state = apply(state, read) if read else None
            broken = read is None
        except (OutOfOrder, NotAnEvent) as error:
            report.differences.append(f"event {row.id} of {row.subject}: {error}")
            broken = True
    if state is not None and not broken:
        yield subject, state


def _read(row: Row[Any], report: Report) -> Event | None:
    """The event of a row whose columns say what its bytes say."""
    try:
        event = Event.from_bytes(row.bytes)
    except NotAnEvent as error:
        report.differences.append(f"event {row.id}: its bytes are no event: {error}")
        return None
    if hashlib.sha256(row.bytes).digest() != row.sha256:
        report.differences.append(f"event {row.id}: its bytes have not the stored SHA-256")
    for name in ("id", "type", "subject", "sequence", "time", "command", "ordinal"):
        said, stored = getattr(event, name), getattr(row, name)
        if said != stored:
            report.differences.append(
                f"event {row.id}: {name} is {_text(stored)} in the row, {_text(said)} in its bytes"
            )
    return event


async def _compare(connection: AsyncConnection, folded: dict[str, State], report: Report) -> None:
    by_noun: dict[str, dict[str, State]] = {}
    for subject, state in folded.items():
        by_noun.setdefault(subject.partition("/")[0], {})[state.id] = state
    for noun, states in by_noun.items():
        stored = await ROWS[noun].by_id(connection, states.keys())
        for key, state in states.items():
            report.differences += _differences(f"{noun}/{key}", stored.get(key), state)


def _differences(subject: str, stored: State | None, folded: State) -> list[str]:
    if stored is None:
        return [f"{subject}: its events make a row, and there is none"]
    rows = ROWS[subject.partition("/")[0]]
    is_stored, is_folded = rows.plain(stored), rows.plain(folded)
    return [
        f"{subject}: {name} is {_text(is_stored[name])} in the row, {_text(value)} by its events"
        for name, value in is_folded.items()
        if is_stored[name] != value
    ]


async def _rows_without_events(connection: AsyncConnection, noun: str, report: Report) -> None:
    table, event = ROWS[noun].table, EVENTS.event
    subject = func.concat(f"{noun}/", table.c.id)
    strays = await connection.stream_scalars(
        select(table.c.id).where(~exists().where(event.c.subject == subject)).order_by(table.c.id)
    )
    async for key in strays:
        report.differences.append(f"{noun}/{key}: there is a row, and no event made it")


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else repr(value)
