"""Own facts that the log holds and a database lacks, since it was set back: recorded again, byte for byte.

Their states follow by the service's own `apply`. Texts behind digests are not in the log: they stay lost.
1. Of two leaves with one command and ordinal the lower counts. Where the second is in the database already, it was
   recorded while the service stood behind the log: the same act of one key, said twice.
2. An entry whose subject's predecessor has not come waits for it.
3. What cannot follow is somebody else's: it is not recorded.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.behind import RestorationTables
from shared.events import Event, NotAnEvent
from shared.outbox import EventTables, Recorded, stage
from shared.sealing import OwnEntry
from shared.text import canonical_uuid

MOST_ORDINAL = 2**31 - 1
BY_NAME = "installation"
"""The one noun whose subject is not known by a UUID."""
log = structlog.get_logger()


class History(Protocol):
    """What a service knows of its own nouns."""

    async def states(self, connection: AsyncConnection, subjects: Collection[str]) -> dict[str, Any]:
        """The states of those subjects that exist, each with a `version`, locked."""

    def apply(self, state: Any, event: Event) -> Any:
        """The state after an event that is the next of its subject. ValueError for one that cannot follow."""

    async def save(
        self, connection: AsyncConnection, before: Mapping[str, Any], after: Mapping[str, Any], facts: Sequence[Event]
    ) -> None:
        """Write the states that changed by `facts`."""


@dataclass(slots=True)
class TakenBack:
    """What became of a batch: how many facts were recorded, and by index the entries that are ours and were not.

    `released` are entries of earlier batches that had waited.
    """

    recorded: int = 0
    known: set[int] = field(default_factory=set)
    released: list[OwnEntry] = field(default_factory=list)


@dataclass(slots=True)
class _Found:
    """One entry that the database lacks."""

    index: int
    raw: bytes
    event: Event

    @property
    def place(self) -> tuple[str, int]:
        """Its subject and version."""
        return self.event.subject or "", self.event.sequence or 0


class TakingBack:
    """Takes entries back into one service's database."""

    def __init__(self, events: EventTables, tables: RestorationTables, history: History) -> None:
        self._events, self._tables, self._history = events, tables, history

    async def take(self, connection: AsyncConnection, own: Sequence[OwnEntry], raws: Sequence[bytes]) -> TakenBack:
        """Record, in the caller's transaction, those of our entries that the database lacks. `raws` are their bytes."""
        taken = TakenBack()
        lacking = await self._lacking(connection, own, raws, taken)
        if lacking:
            subjects = {one.event.subject for one in lacking if one.event.subject}
            before = await self._history.states(connection, subjects)
            late = await self._late(connection, subjects)
            after: dict[str, Any] = dict(before)
            facts: list[_Found] = []
            for found in lacking:
                self._follow(after, facts, found, late, taken)
            await self._history.save(connection, before, after, [one.event for one in facts])
            await self._keep(connection, facts, late, taken)
        return taken

    async def left(self, connection: AsyncConnection) -> list[int]:
        """Entries whose predecessors never came, by index."""
        waiting = self._tables.waiting.c
        rows = select(waiting.idx).where(~self._is_recorded()).order_by(waiting.idx)
        return list((await connection.execute(rows)).scalars())

    def _is_recorded(self) -> Any:
        waiting, event = self._tables.waiting.c, self._events.event.c
        return select(event.seq).where(event.subject == waiting.subject, event.sequence == waiting.sequence).exists()

    async def _lacking(
        self, connection: AsyncConnection, own: Sequence[OwnEntry], raws: Sequence[bytes], taken: TakenBack
    ) -> list[_Found]:
        """Entries under ids, and of acts, that the database does not know; each once, in the order of the log."""
        event = self._events.event.c
        ids = select(event.id).where(event.id.in_([one.id for one in own]))
        known = set((await connection.execute(ids)).scalars())
        found: list[_Found] = []
        for one, raw in zip(own, raws, strict=True):
            if one.id not in known:
                known.add(one.id)
                try:
                    found.append(_Found(one.index, raw, _read(raw)))
                except NotAnEvent as error:
                    log.error("an entry in our name is no event of ours", index=one.index, reason=str(error)[:300])
        wanted = {one.event.command for one in found}
        rows = await connection.execute(
            select(event.command, event.ordinal, event.bytes).where(event.command.in_(wanted))
        )
        acts = {(row.command, row.ordinal): Event.from_bytes(row.bytes) for row in rows}
        lacking = []
        for each in found:
            twin = acts.setdefault((each.event.command, each.event.ordinal), each.event)
            if twin is each.event:
                lacking.append(each)
            else:
                taken.known.add(each.index)
                _say_unless_same(twin, each)
        return lacking

    async def _late(self, connection: AsyncConnection, subjects: Collection[str]) -> dict[tuple[str, int], _Found]:
        """Entries of earlier batches that wait for a predecessor, by subject and version; the lowest index counts."""
        waiting = self._tables.waiting.c
        rows = await connection.execute(
            select(waiting.idx, waiting.bytes)
            .where(waiting.subject.in_(subjects), ~self._is_recorded())
            .order_by(waiting.idx.desc())
        )
        found = [_Found(row.idx, row.bytes, Event.from_bytes(row.bytes)) for row in rows]
        return {one.place: one for one in found}

    def _follow(
        self, after: dict[str, Any], facts: list[_Found], found: _Found, late: dict[tuple[str, int], _Found],
        taken: TakenBack,
    ) -> None:  # fmt: skip
        """Apply an entry, and all that waited for it; what does not follow yet is put among the late ones."""
        following: _Found | None = found
        while following is not None:
            subject, sequence = following.place
            if subject:
                state = after.get(subject)
                version = state.version if state else 0
                if sequence > version + 1:
                    late.setdefault(following.place, following)
                    return
                try:
                    if sequence != version + 1:
                        raise NotAnEvent(f"{subject} stands at version {version}; version {sequence} does not follow")
                    after[subject] = self._history.apply(state, following.event)
                except ValueError as error:
                    log.error("an entry in our name cannot follow", index=following.index, reason=str(error)[:300])
                    return
            facts.append(following)
            if following is not found:
                digest = sha256(following.raw).digest()
                taken.released.append(OwnEntry(following.event.id, digest, following.index))
            following = late.pop((subject, sequence + 1), None)

    async def _keep(
        self, connection: AsyncConnection, facts: list[_Found], late: dict[tuple[str, int], _Found], taken: TakenBack
    ) -> None:
        """Write what was recorded and what waits."""
        await stage(connection, self._events, [Recorded(one.event, one.raw) for one in facts])
        if facts:
            rows = [{"event_id": one.event.id} for one in facts]
            await connection.execute(insert(self._tables.taken_back), rows)
        for (subject, sequence), one in late.items():
            row = {"idx": one.index, "subject": subject, "sequence": sequence, "bytes": one.raw}
            await connection.execute(insert(self._tables.waiting).values(row).on_conflict_do_nothing())
            taken.known.add(one.index)
        taken.recorded = len(facts)


def _read(raw: bytes) -> Event:
    """An event that a service's tables can hold; NotAnEvent for another."""
    event = Event.from_bytes(raw)
    noun, _, key = (event.subject or "").partition("/")
    if event.ordinal > MOST_ORDINAL or (event.subject is None) != (event.outcome == "refused"):
        raise NotAnEvent(f"{event.type} with ordinal {event.ordinal} and subject {event.subject}")
    if event.subject is not None and noun != BY_NAME:
        try:
            canonical_uuid(key)
        except ValueError as error:
            raise NotAnEvent(f"{event.subject} is no subject of ours") from error
    event.fact()
    return event


def _say_unless_same(twin: Event, found: _Found) -> None:
    """An act recorded in between is the same, or a key was used for two requests: that needs a person."""
    event = found.event
    if (twin.type, twin.subject, _meant(twin)) != (event.type, event.subject, _meant(event)):
        log.error("a key was used for two requests across a restoration; the log's first one has no effect here",
                  index=found.index, event_id=event.id)  # fmt: skip


def _meant(event: Event) -> dict[str, object]:
    """What an event says in plain: its digests differ by their salts."""
    return {name: value for name, value in event.data.items() if not str(value).startswith("sha256:")}
