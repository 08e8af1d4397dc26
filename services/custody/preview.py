"""What another pack would change, item by item, before anybody decides (G10): one line of JSON each, and their digest.

It reads one snapshot, in chunks, and changes nothing. The lines come in the order of cases and items, in canonical form
(RFC 8785), so the same database and pack give the same SHA-256 on the same day.
"""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.custody.policy.changing import Change, change
from services.custody.policy.retention import Law
from services.custody.rules.case_facts import facts_of
from services.custody.tables import CASES, SAMPLES
from shared.canonical import canonical
from shared.facts.samples import Retention

CHUNK = 2000
_sample = SAMPLES.table.c


@dataclass(slots=True)
class Preview:
    """Items read; how many would change, by why and by the rule that would keep them; the SHA-256 of all lines."""

    items: int = 0
    by_why: Counter[str] = field(default_factory=Counter)
    by_rule: Counter[str] = field(default_factory=Counter)
    sha256: str = ""


async def count(connection: AsyncConnection) -> int:
    """How many items there are."""
    return int((await connection.execute(select(func.count()).select_from(SAMPLES.table))).scalar_one())


async def preview(
    connection: AsyncConnection, law: Law, now: datetime, out: IO[bytes], read: Callable[[int], None]
) -> Preview:
    """Write a line for each item that would change; `read` is told how many items more were looked at."""
    done, digest = Preview(), hashlib.sha256()
    async for rows, found in _chunks(connection, law, now):
        for item, one in found:
            line = canonical(_line(*item, one)) + b"\n"
            digest.update(line)
            out.write(line)
            done.by_why[one.why] += 1
            done.by_rule[f"{one.becomes.rule} {one.becomes.version}"] += 1
        done.items += rows
        read(rows)
    done.sha256 = digest.hexdigest()
    return done


Item = tuple[str, str]


async def _chunks(
    connection: AsyncConnection, law: Law, now: datetime
) -> AsyncIterator[tuple[int, list[tuple[Item, Change]]]]:
    wanted = select(
        _sample.id, _sample.case, _sample.collected_latest, _sample.retention_rule, _sample.retention_version,
        _sample.retention_until,
    ).order_by(_sample.case, _sample.id)  # fmt: skip
    rows = await connection.stream(wanted, execution_options={"yield_per": CHUNK})
    async for chunk in rows.partitions(CHUNK):
        cases = await CASES.by_id(connection, {row.case for row in chunk})
        found = []
        for row in chunk:
            was = Retention(rule=row.retention_rule, version=row.retention_version, until=row.retention_until)
            one = change(was, law.retention(cases[row.case], facts_of, row.collected_latest, now))
            if one is not None:
                found.append(((row.id, row.case), one))
        yield len(chunk), found


def _line(sample: str, case: str, one: Change) -> dict[str, Any]:
    alone = {} if one.rule_alone is None else {"rule_alone": _plain(one.rule_alone)}
    return {"sample": sample, "case": case, "why": one.why, "from": _plain(one.was), "to": _plain(one.becomes)} | alone


def _plain(retention: Retention) -> dict[str, Any]:
    plain: dict[str, Any] = retention.model_dump(mode="json", exclude_none=True)
    return plain
