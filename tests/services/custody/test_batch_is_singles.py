"""A batch does what its items do one by one: the same answers, facts and states, but for ids, times, salts, promises."""

import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.custody.answer import Request
from services.custody.batch import record_batch
from services.custody.record import record
from services.custody.rules.sample import RegisterSample
from shared.commands import Answer
from shared.problems import Problem
from shared.text import parse_instant
from tests.conftest import Templates
from tests.services.custody.scene import COLLECTED, Scene, principal

pytestmark = pytest.mark.asyncio(loop_scope="module")
UNKNOWN = "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b"
NEVER = parse_instant("2999-01-01T00:00:00Z")
MADE = re.compile(  # ids, digests, times and promises, which no two installations have alike
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|sha256:[0-9a-f]{64}|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d+(Z|\+00)"
    r"|ey[\w-]+\.[\w-]+\.[\w-]+"
)
often, seldom = st.sampled_from([True, True, True, False]), st.sampled_from([False, False, False, True])
items = st.fixed_dictionaries({
    "label": st.integers(0, 8), "key": st.integers(0, 40), "known_case": often, "to_come": seldom, "early": seldom,
})  # fmt: skip
calls = st.lists(
    st.tuples(
        st.sampled_from(["lab", "lab", "lab_2", "court"]),
        st.lists(items, min_size=1, max_size=60, unique_by=lambda item: item["key"]),
    ),
    min_size=1,
    max_size=3,
)
Item = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def twins(database_templates: Templates) -> AsyncIterator[tuple[Scene, Scene]]:
    """Two installations that were founded alike."""
    made = [database_templates.copy("custody") for _ in range(2)]
    scenes = [Scene(next(each)["api"]) for each in made]
    for scene in scenes:
        scene.open(pool_size=2)
        await scene.found()
    yield scenes[0], scenes[1]
    for scene in scenes:
        await scene.engine.dispose()
    for each in made:
        next(each, None)


@settings(max_examples=25, deadline=None)
@given(calls=calls)
async def test_g1_g9_a_batch_is_its_items_one_by_one(
    twins: tuple[Scene, Scene], calls: list[tuple[str, list[Item]]]
) -> None:
    run = secrets.token_hex(4)
    marks = [await last(scene) for scene in twins]
    for account, given_items in calls:
        batches = [[said(scene, account, item, run) for item in given_items] for scene in twins]
        together, _ = await record_batch(twins[0].engine, twins[0].promiser, batches[0])
        one_by_one = [await alone(twins[1], request) for request, _ in batches[1]]
        assert told(twins[0], together) == told(twins[1], one_by_one)
    one, two = [await recorded(scene, mark) for scene, mark in zip(twins, marks, strict=True)]
    assert one == two


def said(scene: Scene, account: str, item: Item, run: str) -> tuple[Request, RegisterSample]:
    """The request of an item: the same key and fingerprint in both installations."""
    command = scene.sample(
        label=f"{run}-{item['label']}", case=scene.case if item["known_case"] else UNKNOWN,
        collected_at=NEVER if item["to_come"] else COLLECTED, occurred_at=NEVER if item["early"] else None,
    )  # fmt: skip
    print_ = hashlib.sha256(orjson.dumps(item)).digest()
    return Request(principal(account), f"{run}-0000-7000-8000-{item['key']:012x}", print_, command), command


async def alone(scene: Scene, request: Request) -> Answer:
    """What a single request is answered."""
    try:
        return await record(
            scene.engine, scene.promiser, request.principal, request.key, request.fingerprint, request.command
        )
    except Problem as problem:
        return Answer(problem.status, {}, orjson.dumps({"type": f"urn:cadena:problem:{problem.code}"}))


def told(scene: Scene, answers: list[Answer]) -> list[tuple[int, Any]]:
    """Status and body of each answer; of a problem that is no fact, its type."""
    found = []
    for answer in answers:
        body = orjson.loads(answer.body)
        found.append((answer.status, alike(scene, {"type": body["type"]} if answer.status == 422 else body)))
    return found


def alike(scene: Scene, value: object) -> Any:
    """The value without what no two installations have alike; the case is named, so that it is compared."""
    return orjson.loads(MADE.sub("…", orjson.dumps(value).decode().replace(scene.case, "the case")))


async def last(scene: Scene) -> int:
    async with scene.engine.connect() as connection:
        return int((await connection.execute(text("SELECT max(seq) FROM event"))).scalar_one())


async def recorded(scene: Scene, mark: int) -> Any:
    """Facts, in the order of recording, and rows of every table, behind a mark."""
    async with scene.engine.connect() as connection:
        facts = await connection.execute(text("SELECT bytes FROM event WHERE seq > :mark ORDER BY seq"), {"mark": mark})
        events = [orjson.loads(raw) | {"command": ""} for raw in facts.scalars()]
        ids = [event["subject"].partition("/")[2] for event in events if "subject" in event]
        samples = await connection.execute(
            text("SELECT to_jsonb(s) FROM sample s WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY registered_by, label"),
            {"ids": ids},
        )
        states = list(samples.scalars())
    counts = await scene.counts()
    assert counts["command"] == counts["answer"]
    return alike(scene, {"events": events, "states": states, "counts": counts})
