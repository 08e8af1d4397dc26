"""Many registrations in one transaction: a list of commands, a key and an answer each, written by COPY.

Each is answered as `record` would have answered it alone, after those before it in the list: what was recorded already
by its stored answer, a refusal by its fact. A mistake of a request (422) is its answer, too, and leaves its key free:
the transaction is rolled back and begun without it. Answers are in the order of the list.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Literal

from sqlalchemy import ARRAY, Text, any_, bindparam, cast, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.custody.answer import Answered, Request, Resolved, judge, refusal_answer, resolve, unknown_reference
from services.custody.behind import answered_before
from services.custody.law import law_for, law_in_force
from services.custody.policy.retention import Law
from services.custody.queries.reader import reading
from services.custody.record import recorded_commands, stamp_of, who, with_retries, write
from services.custody.refusals import UnknownReference
from services.custody.rules.sample import RegisterSample
from services.custody.rules.world import ActorState, World
from services.custody.tables import CASES, SAMPLES
from services.custody.tables import COMMANDS as KEYS
from shared.accounts import command_hash
from shared.behind import behind_the_log
from shared.commands import Answer, claim_all, find_all, key_reused
from shared.driver import Link, Statement
from shared.errors import Refusal
from shared.outside import SealedIndexGlance
from shared.problems import MEDIA_TYPE, Problem, problem_body
from shared.promise import Promiser

TURN = 25
"""After so many decisions, other requests of the process have their turn."""
WOULD_RECORD = Answer(201, {}, b"null")
Batch = Sequence[tuple[Request, RegisterSample]]
"""Requests of one account, no key twice, each beside its command."""

_sample = SAMPLES.table.c
_NOW = Statement(select(func.clock_timestamp()))
_LABELS = Statement(
    select(_sample.label, cast(_sample.id, Text)).where(
        _sample.registered_by == bindparam("org"), _sample.label == any_(bindparam("labels", type_=ARRAY(Text)))
    )
)


class Mistakes(Exception):
    """Requests that cannot be recorded and are no facts: key → problem. Whoever catches it has recorded nothing."""

    def __init__(self, problems: dict[str, Problem]) -> None:
        super().__init__(len(problems))
        self.problems = problems


async def record_batch(
    engine: AsyncEngine, promiser: Promiser, batch: Batch, glance: SealedIndexGlance | None = None
) -> tuple[list[Answer], bool]:
    """Register samples; the answers, and whether all of them were given before.

    Raises Problem 404 for an account that is linked to nobody, and 503; then nothing was recorded, and every key is
    free.
    """
    mistakes: dict[str, Problem] = {}
    while True:
        rest = [each for each in batch if each[0].key not in mistakes]
        try:
            answers, made = await with_retries(
                engine, partial(_transaction, promiser=promiser, batch=rest, glance=glance)
            )
        except Mistakes as found:
            mistakes |= found.problems
        else:
            break
    _count(made, len(answers) - len(made), mistakes)
    answers |= {key: _problem(problem) for key, problem in mistakes.items()}
    return [answers[request.key] for request, _ in batch], not made and not mistakes


async def validate_batch(engine: AsyncEngine, batch: Batch, glance: SealedIndexGlance | None = None) -> list[Answer]:
    """What `record_batch` would answer by one snapshot, which takes no lock and no number and keeps nothing.

    A registration that would be recorded is `WOULD_RECORD`; a refusal has no promise, since it is no fact.
    """
    async with reading(engine, batch[0][0].principal.account, glance) as reader:
        if reader.behind:
            raise behind_the_log()
        stored = await find_all(reader.connection, KEYS, batch[0][0].principal.account, _prints(batch))
        commands = [command for request, command in batch if request.key not in stored]
        world, now = await _gather(reader.connection, commands, reader.actor, law_in_force(reader.pack), "none")
    labels, world = _with_labels(world)
    answers = []
    for request, command in batch:
        answer = stored[request.key] or _problem(key_reused()) if request.key in stored else None
        answer = answer or _would(world, request, now)
        if answer is WOULD_RECORD:
            labels[world.acting().org, command.label] = command.id
        answers.append(answer)
    return answers


async def _transaction(
    link: Link, promiser: Promiser, batch: Batch, glance: SealedIndexGlance | None
) -> tuple[dict[str, Answer], dict[str, Answered]]:
    """All answers by key, and what of it is new. Raises Mistakes."""
    if not batch:
        return {}, {}
    account = batch[0][0].principal.account
    taken, stored = await claim_all(link, KEYS, account, _prints(batch))
    fresh = [each for each in batch if each[0].key in taken]
    mistakes = {key: key_reused() for key, answer in stored.items() if answer is None}
    made: dict[str, Answered] = {}
    if fresh:
        known = await who(link, fresh[0][0].principal, fresh[0][1], glance)
        if known.behind:
            raise behind_the_log()
        if known.stands.restored:
            again = await answered_before(link, promiser, [request for request, _ in fresh])
            made, mistakes = dict(again.answers), mistakes | again.mistakes
        fresh = [each for each in fresh if each[0].key not in made and each[0].key not in mistakes]
        world, now = await _gather(
            link,
            [command for _, command in fresh],
            known.actor,
            law_for(known.pack, fresh[0][0].principal.issuer),
            "share",
        )
        made |= await _decided(world, known.installation, fresh, promiser, now, mistakes)
        if not mistakes:
            await write(link, world, account, list(made.items()), now)
    if mistakes:
        raise Mistakes(mistakes)
    answers = {key: answer for key, answer in stored.items() if answer is not None}
    return answers | {key: each.answer for key, each in made.items()}, made


async def _gather(
    link: Link,
    commands: Sequence[RegisterSample],
    actor: ActorState | None,
    law: Law,
    mode: Literal["none", "share"],
) -> tuple[World, datetime]:
    """What registrations decide upon: the union of their cases, locked, then the clock, then who has their labels."""
    cases = await CASES.by_id(link, {command.case for command in commands}, mode)
    [(now,)] = await _NOW.rows(link)
    org = actor.org if actor else ""
    rows = await _LABELS.rows(link, org=org, labels=sorted({command.label for command in commands}))
    holders = {(org, label): key for label, key in rows}
    return World(actor=actor, law=law, cases=cases, label_holders=holders), now


async def _decided(
    world: World, installation: str, batch: Batch, promiser: Promiser, now: datetime, mistakes: dict[str, Problem]
) -> dict[str, Answered]:
    """Each decision in turn, upon a world in which those before it stand; what cannot be recorded is a mistake."""
    if not batch:
        return {}
    labels, world = _with_labels(world)
    common = stamp_of(installation, world.actor, batch[0][0], now, world.law.pack.demo)
    resolved: dict[str, Resolved] = {}
    for at, (request, command) in enumerate(batch, start=1):
        stamped = replace(common, command=command_hash(request.principal.account, request.key))
        try:
            each = resolved[request.key] = resolve(world, request, stamped)
        except Problem as problem:
            mistakes[request.key] = problem
            continue
        if each.outcome == "accepted":
            labels[world.acting().org, command.label] = command.id
        if at % TURN == 0:
            await asyncio.sleep(0)
    return {} if mistakes else await _promised(resolved, promiser)


async def _promised(resolved: dict[str, Resolved], promiser: Promiser) -> dict[str, Answered]:
    """The answers, whose promises are made together."""
    facts = [(fact.event, fact.raw) for each in resolved.values() for fact in each.recorded]
    promises = iter(await promiser.promise_all(facts))
    made: dict[str, Answered] = {}
    for at, (key, each) in enumerate(resolved.items(), start=1):
        made[key] = each.answered(list(islice(promises, len(each.recorded))))
        if at % TURN == 0:
            await asyncio.sleep(0)
    return made


def _would(world: World, request: Request, now: datetime) -> Answer:
    decision = judge(world, request, now)
    if isinstance(decision, UnknownReference):
        return _problem(unknown_reference(decision))
    return refusal_answer(decision, []) if isinstance(decision, Refusal) else WOULD_RECORD


def _with_labels(world: World) -> tuple[dict[tuple[str, str], str], World]:
    """The labels in use, to be written on, and the world that knows them."""
    labels = dict(world.label_holders)
    return labels, replace(world, label_holders=labels)


def _prints(batch: Batch) -> dict[str, bytes]:
    return {request.key: request.fingerprint for request, _ in batch}


def _problem(problem: Problem) -> Answer:
    body = problem_body(problem.status, problem.code, problem.title, problem.detail, **problem.extra)
    return Answer(problem.status, {"Content-Type": MEDIA_TYPE, **problem.headers}, body)


def _count(made: dict[str, Answered], replayed: int, mistakes: dict[str, Problem]) -> None:
    outcomes = [each.outcome for each in made.values()] + [problem.code for problem in mistakes.values()]
    for outcome in set(outcomes):
        recorded_commands.labels("sample.register", outcome).inc(outcomes.count(outcome))
    recorded_commands.labels("sample.register", "replayed").inc(replayed)
