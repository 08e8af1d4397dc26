"""Items of changed cases, computed anew: at most PAGE items a transaction, and nothing is lost between two of them.

A case is locked, shared, before its items: while it is, none of its facts changes, and no word of a change is left. So
what a transaction takes off the list is done. Two workers that do the same find nothing left to change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import structlog
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncEngine

from services.custody.gather import SetsChanged
from services.custody.law import law_in_force
from services.custody.loops.clockwork import save, stamped
from services.custody.policy.retention import Law
from services.custody.record import with_retries
from services.custody.rules.case import CaseState
from services.custody.rules.recompute import decide_recompute
from services.custody.rules.sample import SampleState
from services.custody.rules.state import State
from services.custody.tables import CASES, SAMPLES
from shared.driver import Driver
from shared.events import Draft

PAGE, CASES_AT_ONCE = 2000, 200
CHANGED = Counter("cadena_custody_retention_changed", "Items that are kept until another day than before")
FAILED = Counter("cadena_custody_retention_failed", "ALARM: cases whose items could not be computed anew")

log = structlog.get_logger()

_PACK = "SELECT pack_sha256 FROM installation"
_DUE = 'SELECT "case"::text AS id, after::text, because FROM retention_due ORDER BY tried, "case" LIMIT $1'
_ITEMS = (
    'SELECT id::text, "case"::text FROM sample WHERE "case" = ANY($1::uuid[]) AND ($2::uuid IS NULL OR id > $2) '
    'ORDER BY "case", id LIMIT $3'
)
_DONE = 'DELETE FROM retention_due WHERE "case" = ANY($1::uuid[])'
_GO_ON = 'UPDATE retention_due SET after = $2 WHERE "case" = $1'
_AGAIN = 'UPDATE retention_due SET tried = tried + 1 WHERE "case" = ANY($1::uuid[])'
_CAUSES = (
    "SELECT event.subject, event.id::text FROM event JOIN unnest($1::text[], $2::bigint[]) AS last(subject, sequence) "
    "USING (subject, sequence)"
)
_SWEPT = "SELECT swept_on FROM retention_sweep WHERE pack_sha256 = $1"
_SWEEP = (
    "INSERT INTO retention_sweep (pack_sha256, swept_on) VALUES ($1, $2) "
    "ON CONFLICT (pack_sha256) DO UPDATE SET swept_on = greatest(retention_sweep.swept_on, excluded.swept_on)"
)
_ALL = (
    'INSERT INTO retention_due ("case", after, because, tried) '
    "SELECT id, NULL, 'rule_came_into_force', 0 FROM \"case\" ORDER BY id ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Round:
    """What one transaction did: cases looked at, items that changed, cases that could not be computed."""

    cases: int = 0
    changed: int = 0
    failed: int = 0


class Recomputing:
    """Computes as `custody_worker`; `source` is the `source` of our events."""

    def __init__(self, engine: AsyncEngine, source: str) -> None:
        self._engine, self._source = engine, source

    async def step(self) -> bool:
        """One transaction's work; False if there was none. Problem 503: database in trouble, or pack not shipped."""
        done = await with_retries(self._engine, self._one)
        CHANGED.inc(done.changed)
        FAILED.inc(done.failed)
        return done.cases > done.failed

    async def _one(self, link: Driver) -> Round:
        pack = await link.fetchval(_PACK)
        if pack is None:
            return Round()
        law, today = law_in_force(pack), (await link.fetchval("SELECT clock_timestamp()")).astimezone(UTC).date()
        await _sweep(link, pack, law, today)
        due = {row["id"]: row for row in await link.fetch(_DUE, CASES_AT_ONCE)}
        if not due:
            return Round()
        begun = next(iter(due.values()))
        if begun["after"] is not None:
            due = {begun["id"]: begun}
        return await self._cases(link, law, due)

    async def _cases(self, link: Driver, law: Law, due: Mapping[str, Any]) -> Round:
        cases = await CASES.by_id(link, due.keys(), "share")
        if await link.fetchval(_PACK) != law.sha256:
            raise SetsChanged
        first = next(iter(due.values()))["after"]
        rows = await link.fetch(_ITEMS, sorted(due), first, PAGE + 1)
        whole = _whole(due, rows)
        samples = await SAMPLES.by_id(link, [row["id"] for row in rows[:PAGE] if row["case"] in whole], "update")
        now = await link.fetchval("SELECT clock_timestamp()")
        drafts, failed = _drafts(cases, samples, law, due, now)
        before: dict[str, State] = {f"sample/{one.id}": one for one in samples.values()}
        causes = await _causes(link, cases, samples, drafts)
        await save(link, before, stamped(drafts, before, self._source, now, causes, law.pack.demo))
        await _noted(link, whole, failed, rows)
        return Round(len(whole), len(drafts), len(failed))


def _whole(due: Mapping[str, Any], rows: list[Any]) -> list[str]:
    """The cases whose items are all among the rows; or the first alone, whose items are more than a page."""
    if len(rows) <= PAGE:
        return list(due)
    cut = rows[-1]["case"]
    reached = [case for case in sorted(due) if case < cut]
    return reached or [cut]


def _drafts(
    cases: Mapping[str, CaseState], samples: Mapping[str, SampleState], law: Law, due: Mapping[str, Any], now: datetime
) -> tuple[list[Draft], list[str]]:
    of_case: dict[str, list[SampleState]] = {}
    for sample in samples.values():
        of_case.setdefault(sample.case, []).append(sample)
    drafts: list[Draft] = []
    failed = []
    for case, items in of_case.items():
        try:
            drafts += decide_recompute(cases[case], items, law, due[case]["because"], now)
        except Exception:
            # One case that cannot be computed stops no other: it keeps what stands, and is tried again, last of all.
            log.exception("the keeping of a case's items could not be computed", case=case)
            failed.append(case)
    return drafts, failed


async def _causes(
    link: Driver, cases: Mapping[str, CaseState], samples: Mapping[str, SampleState], drafts: list[Draft]
) -> dict[str, str]:
    """Item's subject → id of the last event of its case."""
    last = {f"case/{case.id}": case.version for case in cases.values()}
    rows = await link.fetch(_CAUSES, list(last), list(last.values())) if drafts else []
    by_case = {row["subject"]: row["id"] for row in rows}
    found = {f"sample/{one.id}": by_case.get(f"case/{one.case}") for one in samples.values()}
    return {subject: cause for subject, cause in found.items() if cause is not None}


async def _noted(link: Driver, whole: list[str], failed: list[str], rows: list[Any]) -> None:
    """What is done leaves the list; a case of more than a page stays, with how far it got."""
    done = [case for case in whole if case not in failed]
    if len(rows) > PAGE and rows[-1]["case"] in whole:
        await link.execute(_GO_ON, whole[0], rows[PAGE - 1]["id"])
        done = []
    await link.execute(_DONE, done)
    await link.execute(_AGAIN, failed)


async def _sweep(link: Driver, pack: str, law: Law, today: date) -> None:
    """When a text came into force since the last look, or there was none, every case is to be looked at."""
    swept = await link.fetchval(_SWEPT, pack)
    if swept is not None and swept >= today:
        return
    if swept is None or any(swept < rule.valid_from <= today for rule in law.pack.retention):
        await link.execute(_ALL)
    await link.execute(_SWEEP, pack, today)
