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

from sqlalchemy import Integer, Text, bindparam, cast, func, select, tuple_

from services.custody.policy.changing import Change
from services.custody.policy.retention import Law
from services.custody.rules.case import CaseState
from services.custody.rules.recompute import under_pack
from services.custody.tables import CASES, SAMPLES
from shared.canonical import canonical
from shared.driver import Link, Statement
from shared.facts.samples import Retention

CHUNK = 2000
FIRST = "00000000-0000-0000-0000-000000000000"
_sample = SAMPLES.table.c
_ITEMS = Statement(
    select(
        cast(_sample.id, Text).label("id"), cast(_sample.case, Text).label("case"), _sample.collected_latest,
        _sample.retention_rule, _sample.retention_version, _sample.retention_until,
    )
    .where(
        tuple_(_sample.case, _sample.id)
        > tuple_(bindparam("case", type_=_sample.case.type), bindparam("item", type_=_sample.id.type))
    )
    .order_by(_sample.case, _sample.id)
    .limit(bindparam("chunk", type_=Integer))
)  # fmt: skip
_COUNT = Statement(select(func.count()).select_from(SAMPLES.table))


@dataclass(slots=True)
class Preview:
    """Items read; how many would change, by why and by the rule that would keep them; the SHA-256 of all lines."""

    items: int = 0
    by_why: Counter[str] = field(default_factory=Counter)
    by_rule: Counter[str] = field(default_factory=Counter)
    sha256: str = ""


async def count(link: Link) -> int:
    """How many items there are."""
    [(items,)] = await _COUNT.rows(link)
    return int(items)


async def preview(
    connection: Link, law: Law, now: datetime, out: IO[bytes] | None, read: Callable[[int], None]
) -> Preview:
    """Write a line for each item that would change; `read` is told how many items more were looked at."""
    done, digest = Preview(), hashlib.sha256()
    async for rows, found in changes(connection, law, now):
        for item, case, one in found:
            line = canonical(_line(item, case.id, one)) + b"\n"
            digest.update(line)
            if out is not None:
                out.write(line)
            done.by_why[one.why] += 1
            done.by_rule[f"{one.becomes.rule} {one.becomes.version}"] += 1
        done.items += rows
        read(rows)
    done.sha256 = digest.hexdigest()
    return done


Item = tuple[str, CaseState, Change]


async def changes(link: Link, law: Law, now: datetime) -> AsyncIterator[tuple[int, list[Item]]]:
    """In chunks: how many items were looked at, and which of them would change."""
    case, item = FIRST, FIRST
    while rows := await _ITEMS.rows(link, case=case, item=item, chunk=CHUNK):
        cases = await CASES.by_id(link, {row["case"] for row in rows})
        found = []
        for row in rows:
            was = Retention(rule=row["retention_rule"], version=row["retention_version"], until=row["retention_until"])
            of = cases[row["case"]]
            one = under_pack(of, row["collected_latest"], was, law, now)
            if one is not None:
                found.append((row["id"], of, one))
        yield len(rows), found
        case, item = rows[-1]["case"], rows[-1]["id"]


def _line(sample: str, case: str, one: Change) -> dict[str, Any]:
    alone = {} if one.rule_alone is None else {"rule_alone": _plain(one.rule_alone)}
    return {"sample": sample, "case": case, "why": one.why, "from": _plain(one.was), "to": _plain(one.becomes)} | alone


def _plain(retention: Retention) -> dict[str, Any]:
    plain: dict[str, Any] = retention.model_dump(mode="json", exclude_none=True)
    return plain
