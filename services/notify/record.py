"""The one transaction of a command of notify: key, lock, clock, decide, save, stage, answer, commit; then the answer.

A refusal by a rule is a fact too and keeps its key. A Problem rolls everything back and frees the key.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.notify import store
from services.notify.behind import answered_before, demand_level
from services.notify.post import Post
from services.notify.queries import actor_of, party_document, speaks_for, subscription_document
from services.notify.rules import party, subscription
from services.notify.rules.party import GiveAddress, VerifyAddress
from services.notify.rules.subscription import Subscribe
from services.notify.tables import COMMANDS
from shared.accounts import command_hash
from shared.commands import Answer, claim, keep
from shared.errors import Refusal
from shared.events import Actor, Draft
from shared.facts.refusals import NotifyCommandRefused
from shared.failpoint import reach
from shared.outside import SealedIndexGlance
from shared.problems import MEDIA_TYPE, not_found, problem_body
from shared.promise import Promiser
from shared.trouble import TROUBLE, problem_of

LINK_ACCOUNT = "address-link"
"""Stands for the account of who holds an address link; the key of its command is the link's nonce."""

Command = GiveAddress | VerifyAddress | Subscribe


@dataclass(frozen=True, slots=True)
class Desk:
    """What recording needs: the database as `notify_api`, our name and promise key, the post for address links, and
    what tells whether the database stands behind the log."""

    engine: AsyncEngine
    source: str
    promiser: Promiser
    post: Post
    glance: SealedIndexGlance


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks, under which key, for what. `holder` is the party whose link was opened, in place of an account."""

    account: str
    key: str
    fingerprint: bytes
    holder: str | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """A command under way: its connection, its actor, and the pen that writes its event."""

    connection: AsyncConnection
    desk: Desk
    actor: Actor
    command: str
    pen: store.Pen

    def write(self, draft: Draft, **attributes: Any) -> Any:
        """The one event of this command."""
        return self.pen.write(draft, actor=self.actor, command=self.command, ordinal=0, **attributes)


Made = tuple[int, dict[str, Any]]
"""Status and document of a success."""


async def record(desk: Desk, request: Request, make: Callable[[str], Command]) -> Answer:
    """Carry out a command, once; `make` is given the actor's person id. Raises Problem; then nothing was recorded."""
    try:
        async with desk.engine.begin() as connection:
            answer = await _within(connection, desk, request, make)
            reach("before-commit")
    except TROUBLE as error:
        raise problem_of(error) or error from error
    reach("after-commit")
    return answer


async def _within(connection: AsyncConnection, desk: Desk, request: Request, make: Callable[[str], Command]) -> Answer:
    stored = await claim(connection, COMMANDS, request.account, request.key, request.fingerprint)
    if stored is not None:
        return Answer(stored.status, stored.headers | {"Idempotent-Replayed": "true"}, stored.body)
    now = await demand_level(connection, desk.glance)
    hashed = command_hash(request.account, request.key)
    actor = Actor(person=request.holder) if request.holder else await actor_of(connection, request.account)
    command = make(actor.person or "")
    await store.lock_person(connection, command.person)
    pen = await store.pen(connection, desk.source)
    if now.restored and (again := await answered_before(connection, desk.promiser, hashed, _VERBS[type(command)])):
        await keep(connection, COMMANDS, request.account, request.key, again, pen.now)
        return again
    work = Work(connection, desk, actor, hashed, pen)
    made = await _DECIDE[type(command)](work, command)
    answer = _refused(work, _VERBS[type(command)], made) if isinstance(made, Refusal) else _done(work, *made)
    await pen.stage(connection)
    await keep(connection, COMMANDS, request.account, request.key, answer, pen.now)
    return answer


async def _give(work: Work, command: GiveAddress) -> Made | Refusal:
    before = await store.party(work.connection, command.person)
    lately = await store.given_since(work.connection, command.person, work.pen.now - party.WITHIN)
    decided = party.give(command, lately)
    if isinstance(decided, Refusal):
        return decided
    event = work.write(decided, **_since(before))
    state = party.apply(before, event)
    await store.save_given(work.connection, state, command.address.value)
    await work.desk.post.ask_to_verify(
        work.connection, event.id, state, command.address.value, work.pen.now, work.pen.demo
    )
    _, in_use = await store.mails(work.connection, command.person)
    return (201 if before is None else 200), party_document(state, in_use)


async def _verify(work: Work, command: VerifyAddress) -> Made | Refusal:
    before = await store.party(work.connection, command.person)
    given, _ = await store.mails(work.connection, command.person)
    decided = party.verify(before if given else None, command)  # of an address that is lost no link is good
    if isinstance(decided, Refusal):
        return decided
    state = party.apply(before, work.write(decided, **_since(before)))
    await store.save_verified(work.connection, state)
    return 200, party_document(state, given)


async def _subscribe(work: Work, command: Subscribe) -> Made | Refusal:
    if not await speaks_for(work.connection, command.person, command.case):
        raise not_found()
    existing = await store.subscription_of(work.connection, command.person, command.case)
    decided = subscription.subscribe(existing, command)
    if isinstance(decided, Refusal):
        return decided
    state = subscription.apply(work.write(decided))
    await store.add_subscription(work.connection, state)
    return 201, subscription_document(state)


_DECIDE: dict[type[Command], Callable[[Work, Any], Awaitable[Made | Refusal]]] = {
    GiveAddress: _give,
    VerifyAddress: _verify,
    Subscribe: _subscribe,
}
_VERBS: dict[type[Command], str] = {
    GiveAddress: party.VERB_GIVE,
    VerifyAddress: party.VERB_VERIFY,
    Subscribe: subscription.VERB,
}


def _since(state: party.PartyState | None) -> dict[str, Any]:
    return {} if state is None else {"version": state.version, "updated_at": state.updated_at}


def _done(work: Work, status: int, document: dict[str, Any]) -> Answer:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store", "ETag": f'"{document["version"]}"'}
    return Answer(status, headers, orjson.dumps(document | {"promises": _promises(work)}))


def _refused(work: Work, verb: str, refusal: Refusal) -> Answer:
    fact = NotifyCommandRefused(verb=verb, code=refusal.code, target=refusal.target)
    work.write(Draft(refusal.target, fact), outcome="refused")
    body = problem_body(refusal.status, refusal.code, refusal.title, refusal.detail, promises=_promises(work))
    return Answer(refusal.status, {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store"}, body)


def _promises(work: Work) -> list[str]:
    return [work.desk.promiser.promise(recorded.event, recorded.raw) for recorded in work.pen.written]
