"""Recording: the one transaction of every command, and the only code that changes custody's database for a person.

1. The key is claimed; a retry gets the answer that the key got before, byte for byte, and nothing else happens.
2. The caller's account leads to the actor. An account that is linked to nobody has no standing anywhere: 404.
3. Locks in one order, then the database's clock, then the world under the locks (gather).
4. Standing and role (authorise), If-Match, then the rules: facts, or a refusal, which is a fact too (G9).
5. Events get ids, versions and times; state and events, the signed promises and the answer are written.
6. Commit. Only then is there an answer.

A Problem rolls everything back and leaves the key free. Lost races begin anew, a bounded number of times.
"""

import asyncio
import random
from dataclasses import dataclass, replace
from datetime import datetime

import orjson
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.custody import authorise
from services.custody.gather import SetsChanged, caller, gather
from services.custody.refusals import UnknownReference
from services.custody.representation import in_brief, representation
from services.custody.rules.command import Command, Decision, Known
from services.custody.rules.installation import Found
from services.custody.rules.state import State
from services.custody.rules.table import COMMANDS, decide
from services.custody.rules.world import ActorState, World
from services.custody.stamp import Outcome, Stamp, refuse, stamp
from services.custody.tables import COMMANDS as KEYS
from services.custody.tables import EVENTS, ROWS
from shared.accounts import command_hash
from shared.auth import Principal
from shared.commands import Answer, claim, keep
from shared.errors import Refusal
from shared.events import Actor
from shared.failpoint import reach
from shared.outbox import Recorded, stage
from shared.problems import MEDIA_TYPE, Problem, not_found, problem_body
from shared.promise import Promiser
from shared.trouble import TROUBLE, busy, lost_a_race, problem_of

ATTEMPTS = 6
PAUSE_SECONDS = 0.02
JSON = "application/json"

recorded_commands = Counter("cadena_custody_commands", "Commands by verb and what became of them", ["verb", "outcome"])


@dataclass(frozen=True, slots=True)
class Request:
    """One command as it came: by whom, under which key, and what it must repeat to be a retry."""

    principal: Principal
    key: str
    fingerprint: bytes
    command: Command
    if_match: int | None

    @property
    def verb(self) -> str:
        """The verb of the command."""
        return COMMANDS[type(self.command)].verb


async def record(
    engine: AsyncEngine,
    promiser: Promiser,
    principal: Principal,
    key: str,
    fingerprint: bytes,
    command: Command,
    if_match: int | None = None,
) -> Answer:
    """Record a command, or its refusal, and return the answer that is now stored under its key.

    201 for a new subject, 200 else: the subject's representation with one promise for each event, and its ETag. 409
    and 403 are refusals, recorded as well. A replayed answer carries `Idempotent-Replayed: true`.
    Raises Problem 404, 412, 422 and 503; then nothing was recorded and the key is free.
    """
    request = Request(principal, key, fingerprint, command, if_match)
    try:
        answer = await _with_retries(engine, promiser, request)
    except Problem as problem:
        recorded_commands.labels(request.verb, problem.code).inc()
        raise
    return answer


async def _with_retries(engine: AsyncEngine, promiser: Promiser, request: Request) -> Answer:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with engine.connect() as connection, connection.begin():
                answer, outcome = await _transaction(connection, promiser, request)
                reach("before-commit")
        except SetsChanged:
            pass
        except TROUBLE as error:
            if not lost_a_race(error) or attempt == ATTEMPTS:
                problem = problem_of(error)
                if problem is None:
                    raise
                raise problem from error
        else:
            reach("after-commit")
            recorded_commands.labels(request.verb, outcome).inc()
            return answer
        await asyncio.sleep(PAUSE_SECONDS * attempt * random.random())
    raise busy()


async def _transaction(connection: AsyncConnection, promiser: Promiser, request: Request) -> tuple[Answer, str]:
    account, command = request.principal.account, request.command
    stored = await claim(connection, KEYS, account, request.key, request.fingerprint)
    if stored is not None:
        return replace(stored, headers=stored.headers | {"Idempotent-Replayed": "true"}), "replayed"
    installation, actor = await _who(connection, request)
    world, now = await gather(connection, command, actor)
    decision = _judge(world, request, now)
    stamped = Stamp(
        source=f"urn:cadena:{installation}:custody",
        actor=_signature(command, actor),
        command=command_hash(account, request.key),
        now=now,
    )
    if isinstance(decision, Refusal):
        refused = refuse(stamped, request.verb, decision)
        await stage(connection, EVENTS, [refused])
        answer, outcome = _no(decision, promiser, refused), "refused"
    elif isinstance(decision, Known):
        answer, outcome = _known(world, decision), "known"
    elif isinstance(decision, UnknownReference):
        raise _unknown(decision)
    else:
        facts = stamp(stamped, decision, world)
        await _save(connection, world, facts)
        answer, outcome = _yes(world, command, facts, promiser), "accepted"
    await keep(connection, KEYS, account, request.key, answer, now)
    return answer, outcome


async def _who(connection: AsyncConnection, request: Request) -> tuple[str, ActorState | None]:
    """The installation, and the actor; only the founding has none."""
    if isinstance(request.command, Found):
        return request.command.installation, None
    known = await caller(connection, request.principal.account)
    if known is None:
        raise Problem(
            503, "not-founded", "This installation is not founded yet", "The operator runs the command `found` first.",
            headers={"Retry-After": "30"},
        )  # fmt: skip
    if known.actor is None:
        raise not_found()
    return known.installation, known.actor


def _judge(world: World, request: Request, now: datetime) -> Decision:
    """Standing, then role, then version, then the rules."""
    command = request.command
    if world.actor is not None:
        relations = authorise.relations(world, command)
        permit = authorise.permit(world.actor, request.verb, relations, command.target())
        if isinstance(permit, authorise.NoStanding):
            raise not_found()
        if isinstance(permit, Refusal):
            return permit
    state = world.state(command.subject())
    if request.if_match is not None and state is not None and state.version != request.if_match:
        raise Problem(
            412, "stale-version", "It has changed since you saw it", "Read it again, and decide upon what it is now.",
            headers={"ETag": _etag(state)}, version=state.version,
        )  # fmt: skip
    return decide(world, command, now)


def _signature(command: Command, actor: ActorState | None) -> Actor:
    if actor is not None:
        return Actor(person=actor.person, org=actor.org, role=actor.role)
    if isinstance(command, Found):
        return Actor(person=command.registrar, org=command.registrar_organisation, role="registrar")
    raise TypeError("only the founding has no actor")


async def _save(connection: AsyncConnection, world: World, facts: Outcome) -> None:
    """Write every changed state, one statement for each noun and kind of change, then the events."""
    new: dict[str, list[State]] = {}
    changed: dict[str, list[State]] = {}
    for subject, state in facts.states.items():
        kind = new if world.state(subject) is None else changed
        kind.setdefault(subject.partition("/")[0], []).append(state)
    for noun, states in new.items():
        await ROWS[noun].add(connection, states)
    for noun, states in changed.items():
        await ROWS[noun].replace(connection, states)
    await stage(connection, EVENTS, facts.recorded)


def _yes(world: World, command: Command, facts: Outcome, promiser: Promiser) -> Answer:
    state = facts.states[command.subject()]
    promises = [promiser.promise(each.event, each.raw) for each in facts.recorded]
    status = 201 if world.state(command.subject()) is None else 200
    body = orjson.dumps(representation(state) | {"promises": promises})
    return Answer(status, {"Content-Type": JSON, "ETag": _etag(state)}, body)


def _known(world: World, known: Known) -> Answer:
    state = world.state(known.subject)
    if state is None:
        raise LookupError(f"{known.subject} is said to be known, and was not read")
    return Answer(200, {"Content-Type": JSON}, orjson.dumps(in_brief(state)))


def _no(refusal: Refusal, promiser: Promiser, refused: Recorded) -> Answer:
    promise = promiser.promise(refused.event, refused.raw)
    body = problem_body(refusal.status, refusal.code, refusal.title, refusal.detail,
                        target=refusal.target, promises=[promise])  # fmt: skip
    return Answer(refusal.status, {"Content-Type": MEDIA_TYPE}, body)


def _unknown(unknown: UnknownReference) -> Problem:
    noun = unknown.reference.partition("/")[0]
    return Problem(
        422, "unknown-reference", "The request names something that is not there",
        f"No {noun} has the id that you sent, as far as you have standing to see.",
    )  # fmt: skip


def _etag(state: State) -> str:
    return f'"{state.version}"'
