"""All that is recorded about a case, as far as the reader may see it: in the order of the ledger, then of recording."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    Subquery,
    Uuid,
    any_,
    bindparam,
    exists,
    func,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.custody.queries import visibility as visible
from services.custody.queries.concerning import TARGET
from services.custody.queries.reader import Reader
from services.custody.queries.texts import BLIND, digests
from services.custody.rules.world import ActorState
from services.custody.tables import (
    CASES,
    EVENTS,
    HOLDS,
    INSTALLATIONS,
    OFFERS,
    PROPOSALS,
    RESTORATION,
    REVIEWS,
    SAMPLES,
)
from shared.problems import not_found
from shared.sealed import seal

CHUNK = 200
_ID = Uuid(as_uuid=False)
_event, _sealed, _value = EVENTS.event.c, EVENTS.sealed.c, EVENTS.sealed_value.c
_case, _sample, _offer = CASES.table.c, SAMPLES.table.c, OFFERS.table.c
_proposal, _hold, _review, _installation = PROPOSALS.table.c, HOLDS.table.c, REVIEWS.table.c, INSTALLATIONS.table.c
_taken = RESTORATION.taken_back.c.event_id
Member = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Opening:
    """What an export begins with."""

    installation: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Exported:
    """An event, its place in the ledger as far as the worker knows it, and what stands behind its digests: members
    `field` and `value` with `salt`, or `field` and `erased`, or `lost`.
    """

    raw: bytes
    index: int | None
    texts: Sequence[Member]


async def opening(reader: Reader, case_id: str) -> Opening:
    """Problem 404, by the same statement, for a case that is unknown, or that the reader may not read whole."""
    may = exists().where(_case.id == case_id, visible.cases(reader.actor))
    statement = select(_installation.id, func.clock_timestamp().label("now"), may.label("may"))
    row = (await reader.connection.execute(statement)).one()
    if not row.may:
        raise not_found()
    return Opening(row.id, row.now)


async def events_of(reader: Reader, case_id: str) -> AsyncIterator[Exported]:
    """The founding, which names all keys, and each event about the case; only a chunk of them is in memory."""
    about = _about(reader.actor, case_id).subquery("about")
    rows = await reader.connection.stream(_ordered(about))
    async for chunk in rows.partitions(CHUNK):
        behind = await _behind(reader, [row.id for row in chunk])
        for row in chunk:
            told = [] if row.subject and row.subject.startswith("installation/") else _texts(reader, row, behind)
            yield Exported(row.bytes, row.idx, told)


def _about(actor: ActorState, case_id: str) -> CompoundSelect[Any]:
    """The subjects `<noun>/<id>` of a case that the actor may read."""
    of_case = select(_sample.id).where(_sample.case == case_id).scalar_subquery()
    items = type_coerce(_offer.samples, ARRAY(_ID))

    def named(noun: str, key: ColumnElement[str], *conditions: ColumnElement[bool]) -> Select[Any]:
        return select(func.concat(f"{noun}/", key).label("subject")).where(*conditions)

    return union_all(
        named("installation", _installation.id),
        named("case", _case.id, _case.id == case_id, visible.cases(actor)),
        named("sample", _sample.id, _sample.case == case_id, visible.samples(actor)),
        named("offer", _offer.id, items.overlap(func.array(of_case)), visible.offers(actor)),
        named("proposal", _proposal.id, type_coerce(_proposal.cases, ARRAY(_ID)).contains([case_id]),
              visible.proposals(actor)),
        named("hold", _hold.id, _hold.case == case_id, visible.holds(actor)),
        named("review", _review.id, _review.case == case_id, visible.reviews(actor)),
    )  # fmt: skip


def _ordered(about: Subquery) -> Select[Any]:
    """The events of those subjects, and the refusals that name one of them."""
    columns = (_event.seq, _event.id, _event.subject, _event.bytes)
    events = union_all(
        select(*columns).join(about, _event.subject == about.c.subject),
        select(*columns).join(about, about.c.subject == TARGET).where(_event.subject.is_(None)),
    ).subquery("found")
    return (
        select(events, _sealed.idx).outerjoin_from(events, EVENTS.sealed, _sealed.event_id == events.c.id)
        .order_by(_sealed.idx.nulls_last(), events.c.seq)
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Behind:
    """What stands behind the digests of a chunk: by event and field; and the events whose texts were lost."""

    values: dict[tuple[str, str], tuple[str, bytes]]
    lost: set[str]


async def _behind(reader: Reader, ids: list[str]) -> _Behind:
    if reader.actor.role in BLIND:
        return _Behind({}, set())
    given = any_(bindparam("ids", ids, ARRAY(_ID)))
    rows = await reader.connection.execute(select(EVENTS.sealed_value).where(_value.event_id == given))
    values = {(row.event_id, row.field): (row.value, row.salt) for row in rows}
    taken = await reader.connection.execute(select(_taken).where(_taken == given))
    return _Behind(values, set(taken.scalars()))


def _texts(reader: Reader, row: Any, behind: _Behind) -> list[Member]:
    """A text only where it still gives the digest; one that does not was changed, and so the true one is lost."""
    if reader.actor.role in BLIND:
        return []
    told: list[Member] = []
    for field, digest in digests(orjson.loads(row.bytes)["data"]):
        value, salt = behind.values.get((row.id, field), (None, b""))
        if value is not None and seal(field, value, salt) == digest:
            told.append({"field": field, "value": value, "salt": salt.hex()})
        else:
            lost = value is not None or row.id in behind.lost
            told.append({"field": field, "lost" if lost else "erased": True})
    return told
