"""Recording: the one transaction of every command, and the only code that changes custody's database for a person.

1. The key is claimed; a retry gets the answer that the key got before, byte for byte, and nothing else happens.
2. The caller's account leads to the actor. An account that is linked to nobody has no standing anywhere: 404.
3. Locks in one order, then the database's clock, then the world under the locks (gather).
4. Standing and role (authorise), If-Match, then the rules: facts, or a refusal, which is a fact too (G9).
5. Events get ids, versions and times; state and events, the signed promises and the answer are written, at once.
6. Commit. Only then is there an answer.

A Problem rolls everything back and leaves the key free. Lost races begin anew, a bounded number of times.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

import structlog
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncEngine

from services.custody.answer import Answered, Request, answered
from services.custody.behind import RESTORED, answered_before, demand_protective, demand_yes, not_yet
from services.custody.gather import Caller, SetsChanged, caller, claiming, gather, nobody
from services.custody.law import law_for
from services.custody.rules.command import Command
from services.custody.rules.installation import Found
from services.custody.rules.state import State
from services.custody.rules.world import ActorState, World
from services.custody.stamp import Stamp
from services.custody.tables import COMMANDS as KEYS
from services.custody.tables import EVENTS, ROWS
from shared.accounts import command_hash
from shared.auth import Principal
from shared.behind import NEW, behind_the_log
from shared.commands import Answer, add_answers, claim, find
from shared.driver import Driver, Link, lent
from shared.events import Actor
from shared.failpoint import reach
from shared.outbox import add_events
from shared.outside import Remembered, SealedIndexGlance
from shared.problems import Problem, not_found
from shared.promise import Promiser
from shared.trouble import TROUBLE, busy, lost_a_race, problem_of
from shared.writes import Writes

ATTEMPTS = 6
PAUSE_SECONDS = 0.02
REPLAYED = {"Idempotent-Replayed": "true"}
T = TypeVar("T")
_BY_THIS_PACK = "SELECT FROM installation WHERE pack_sha256 = $1"

log = structlog.get_logger()
recorded_commands = Counter("cadena_custody_commands", "Commands by verb and what became of them", ["verb", "outcome"])


async def record(
    engine: AsyncEngine,
    promiser: Promiser,
    principal: Principal,
    key: str,
    fingerprint: bytes,
    command: Command,
    if_match: int | None = None,
    glance: SealedIndexGlance | None = None,
) -> Answer:
    """Record a command, or its refusal, and return the answer that is now stored under its key.

    201 for a new subject, 200 else: the subject's representation with one promise for each event, and its ETag. 409
    and 403 are refusals, recorded as well. A replayed answer carries `Idempotent-Replayed: true`.
    Raises Problem 404, 412, 422 and 503; then nothing was recorded and the key is free. `glance` tells whether the
    database was set back: then only what protects is taken (services.custody.behind).
    """
    request = Request(principal, key, fingerprint, command, if_match)
    try:
        answer, outcome = await with_retries(engine, lambda link: _transaction(link, promiser, request, glance))
    except Problem as problem:
        recorded_commands.labels(request.verb, problem.code).inc()
        raise
    recorded_commands.labels(request.verb, outcome).inc()
    return answer


async def with_retries(engine: AsyncEngine, transaction: Callable[[Driver], Awaitable[T]]) -> T:
    """What `transaction` returned, committed. A lost race begins it anew; Problem 503 where that does not help."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with lent(engine) as link:
                done = await _committed(link, transaction)
        except SetsChanged:
            pass
        except TROUBLE as error:
            if lost_a_race(error):
                log.warning("a race was lost", attempt=attempt, cause=type(error).__name__)
            elif (problem := problem_of(error)) is None:
                raise
            else:
                raise problem from error
        else:
            reach("after-commit")
            return done
        await asyncio.sleep(PAUSE_SECONDS * attempt * random.random())
    raise busy()


async def _committed(link: Driver, transaction: Callable[[Driver], Awaitable[T]]) -> T:
    """What ended the transaction is what is raised, and not that it could not be rolled back."""
    frame = link.transaction()
    await frame.start()
    try:
        done = await transaction(link)
        reach("before-commit")
    except BaseException:
        try:
            await frame.rollback()
        except TROUBLE:
            link.terminate()
        raise
    await frame.commit()
    return done


async def _transaction(
    link: Driver, promiser: Promiser, request: Request, glance: SealedIndexGlance | None
) -> tuple[Answer, str]:
    account, command = request.principal.account, request.command
    known = await _claimed(link, request, glance)
    if isinstance(known, Answer):
        return replace(known, headers=known.headers | REPLAYED), "replayed"
    if known.behind:
        demand_protective(request)
    if known.stands.restored:
        again = await answered_before(link, promiser, [request])
        for mistake in again.mistakes.values():
            raise mistake
        if again.now is not None:
            await write(link, World(), account, list(again.answers.items()), again.now)
            return again.answers[request.key].answer, RESTORED
    # The founding decides nothing by its pack; whether it is a demonstration is said of it already.
    pack = command.pack.sha256 if isinstance(command, Found) else known.pack
    law = law_for(pack, request.principal.issuer)
    world, now = await gather(link, command, known.actor, law)
    try:
        made = answered(
            world, request, stamp_of(known.installation, known.actor, request, now, law.pack.demo), promiser
        )
    except Problem as problem:
        raise (not_yet(problem) if known.behind else problem) from None
    if known.behind:
        demand_yes(made)
    await write(link, world, account, [(request.key, made)], now)
    return made.answer, made.outcome


async def _claimed(link: Driver, request: Request, glance: SealedIndexGlance | None) -> Caller | Answer:
    """Who commands, now that the key is theirs; or the answer that the key got before."""
    key, account = (request.key, request.fingerprint), request.principal.account
    if isinstance(request.command, Found):
        return await claim(link, KEYS, account, *key) or await who(link, request.principal, request.command)
    remembered = _remembered(glance)
    known = await claiming(link, account, *key)
    if known is not None:
        return _standing(known, remembered)
    return await find(link, KEYS, account, *key) or _standing(await nobody(link), remembered)


async def who(link: Link, principal: Principal, command: Command, glance: SealedIndexGlance | None = None) -> Caller:
    """The installation, the actor, whom only the founding has not, and whether the database stands behind the log."""
    if isinstance(command, Found):
        return Caller(command.installation, None, NEW)
    remembered = _remembered(glance)
    return _standing(await caller(link, principal.account), remembered)


def _remembered(glance: SealedIndexGlance | None) -> Remembered | None:
    """What stands outside the database, which is asked afterwards: it only moves on."""
    return glance.remembered() if glance else None


def _standing(known: Caller | None, remembered: Remembered | None) -> Caller:
    """Problems 503 before the founding, 404 for an account that is linked to nobody, as far as can be told."""
    if known is None:
        raise Problem(
            503, "not-founded", "This installation is not founded yet", "The operator runs the command `found` first.",
            headers={"Retry-After": "30"},
        )  # fmt: skip
    behind = remembered is not None and known.stands.is_behind(remembered)
    if known.actor is None:
        raise behind_the_log() if behind else not_found()
    return replace(known, behind=behind)


def stamp_of(installation: str, actor: ActorState | None, request: Request, now: datetime, demo: bool) -> Stamp:
    """What the events of one request share."""
    return Stamp(
        source=f"urn:cadena:{installation}:custody",
        actor=_signature(request.command, actor),
        command=command_hash(request.principal.account, request.key),
        now=now,
        demo=demo,
    )


def _signature(command: Command, actor: ActorState | None) -> Actor:
    if actor is not None:
        account = actor.account if actor.service else None
        return Actor(person=actor.person, org=actor.org, role=actor.role, account=account)
    if isinstance(command, Found):
        return Actor(person=command.registrar, org=command.registrar_organisation, role="registrar")
    raise TypeError("only the founding has no actor")


async def write(link: Link, world: World, account: str, made: Sequence[tuple[str, Answered]], now: datetime) -> None:
    """Write the states, events and answers of some keys of one account: at once, or by COPY where they are many."""
    writes = Writes()
    new: dict[str, list[State]] = {}
    changed: dict[str, list[State]] = {}
    for _, each in made:
        for subject, state in each.states.items():
            kind = new if world.state(subject) is None else changed
            kind.setdefault(subject.partition("/")[0], []).append(state)
    for noun, states in new.items():
        ROWS[noun].add(writes, states)
    for noun, states in changed.items():
        ROWS[noun].replace(writes, states)
    add_events(writes, EVENTS, [fact for _, each in made for fact in each.recorded])
    if world.cases:
        # Read as of now, when the locks keep a change of the pack out (services.custody.pack_change).
        writes.demand(_BY_THIS_PACK, world.law.sha256, otherwise=SetsChanged())
    add_answers(writes, KEYS, account, [(key, each.answer) for key, each in made], now)
    await writes.run(link)
