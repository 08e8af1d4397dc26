"""While notify stands behind the log, and after: what it answers to keys that are known only from there."""

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify import refusals, store
from services.notify.queries import party_document, subscription_document
from services.notify.rules import party, subscription
from services.notify.rules.party import PartyState
from services.notify.tables import EVENTS, RESTORATION
from shared.behind import Stands, behind_the_log, standing, stands
from shared.commands import Answer, key_reused
from shared.errors import Refusal
from shared.events import Event
from shared.facts.refusals import NotifyCommandRefused
from shared.outside import SealedIndexGlance
from shared.problems import MEDIA_TYPE, problem_body
from shared.promise import Promiser

RESTORED = {"replayed": "restored"}
NO_STORE = {"Cache-Control": "no-store"}
REFUSALS: dict[str, type[Refusal]] = {
    kind.code: kind for kind in vars(refusals).values() if getattr(kind, "code", None) and issubclass(kind, Refusal)
}


async def demand_level(connection: AsyncConnection, glance: SealedIndexGlance) -> Stands:
    """Where the database stands; Problem 503 if that is behind the log."""
    remembered = glance.remembered()  # before the database is asked, which only moves on
    now = stands((await connection.execute(select(*standing(RESTORATION)))).one())
    if now.is_behind(remembered):
        raise behind_the_log()
    return now


async def answered_before(connection: AsyncConnection, promiser: Promiser, command: str, verb: str) -> Answer | None:
    """What a command is answered whose fact was taken back from the log: nothing is recorded twice.

    The body is the subject as the command left it, with a new promise. Problem 422 where the key was used for another
    kind of command.
    """
    event = EVENTS.event.c
    wanted = select(event.bytes).join(RESTORATION.taken_back, RESTORATION.taken_back.c.event_id == event.id)
    raw = (await connection.execute(wanted.where(event.command == command))).scalar_one_or_none()
    if raw is None:
        return None
    by = Event.from_bytes(raw)
    fact, promises = by.fact(), {"promises": [promiser.promise(by, raw)]} | RESTORED
    if isinstance(fact, NotifyCommandRefused):
        if fact.verb != verb:
            raise key_reused()
        kind = REFUSALS[fact.code]
        body = problem_body(kind.status, kind.code, kind.title, "It was refused before the database was set back.",
                            **promises)  # fmt: skip
        return Answer(kind.status, {"Content-Type": MEDIA_TYPE} | NO_STORE, body)
    if _VERBS.get(by.type) != verb:
        raise key_reused()
    document = await _as_left(connection, by)
    headers = {"Content-Type": "application/json", "ETag": f'"{by.sequence}"'} | NO_STORE
    status = 201 if by.sequence == 1 else 200
    return Answer(status, headers, orjson.dumps(document | promises))


async def _as_left(connection: AsyncConnection, by: Event) -> dict[str, object]:
    """The subject of an event as that event left it."""
    event = EVENTS.event.c
    wanted = select(event.bytes).where(event.subject == by.subject, event.sequence <= by.sequence)
    history = [Event.from_bytes(raw) for raw in (await connection.execute(wanted.order_by(event.sequence))).scalars()]
    if _VERBS[by.type] == subscription.VERB:
        return subscription_document(subscription.apply(by))
    state: PartyState | None = None
    for one in history:
        state = party.apply(state, one)
    if state is None:
        raise LookupError(f"{by.subject} has no events")
    _, in_use = await store.mails(connection, state.id)
    return party_document(state, in_use)


_VERBS = {
    "org.cadena.notify.party.address_given.v1": party.VERB_GIVE,
    "org.cadena.notify.party.address_verified.v1": party.VERB_VERIFY,
    "org.cadena.notify.subscription.made.v1": subscription.VERB,
}
