"""What was founded as a demonstration says so in every fact, promise and export, and takes the dev issuer's tokens only."""

from collections.abc import AsyncIterator
from dataclasses import replace

import jwt
import orjson
import pytest
import pytest_asyncio

from services.custody.answer import Request
from services.custody.batch import record_batch
from services.custody.loops.due import Reviewing
from services.custody.loops.retention import Recomputing
from services.custody.pack_change import NotChanged, PackChangeFile, apply_at
from services.custody.record import record
from shared.database import engine
from shared.events import new_id
from shared.problems import Problem
from shared.settings import DEV_ISSUER
from tests.services.custody import scene as scenes
from tests.services.custody.keeping_scene import a_case
from tests.services.custody.scene import SOURCE, Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def scene(own_custody_database: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setattr(scenes, "ISSUER", DEV_ISSUER)
    scene = Scene(own_custody_database["api"], pack="demo")
    scene.open()
    await scene.found()
    yield scene
    await scene.engine.dispose()


async def test_every_fact_from_leaf_0_on_and_every_promise_says_demo(
    scene: Scene, own_custody_database: dict[str, str]
) -> None:
    await a_case(scene)
    refused = await scene.do("lab", scene.sample(label="L-0"))
    again = await scene.do("lab", scene.sample(label="L-0"))
    assert (refused.status, again.status) == (201, 409)
    worker = engine(own_custody_database["worker"], pool_size=2)
    while await Recomputing(worker, SOURCE).step() or await Reviewing(worker, SOURCE, (12,)).step():
        pass
    await worker.dispose()
    events = await scene.events()
    assert {event.demo for event in events} == {True}
    assert {"custody", None} == {event.actor.service for event in events}
    assert {event.outcome for event in events} == {"accepted", "refused"}
    [promise] = orjson.loads(refused.body)["promises"]
    assert jwt.decode(promise, options={"verify_signature": False})["demo"] is True


async def test_g10_who_has_a_token_of_another_issuer_is_told_that_this_is_no_place_for_real_cases(scene: Scene) -> None:
    before = await scene.counts()
    stranger = replace(scenes.principal("lab"), issuer="https://id.example")
    with pytest.raises(Problem) as one:
        await record(scene.engine, scene.promiser, stranger, new_id(), b"0" * 32, scene.sample())
    request = Request(stranger, new_id(), b"0" * 32, scene.sample())
    with pytest.raises(Problem) as many:
        await record_batch(scene.engine, scene.promiser, [(request, scene.sample())])
    assert {(told.value.status, told.value.code) for told in (one, many)} == {(503, "demonstration")}
    assert await scene.counts() == before


async def test_a_batch_says_so_too(scene: Scene) -> None:
    requests = [
        (Request(scenes.principal("lab"), new_id(), b"0" * 32, one), one) for one in (scene.sample(), scene.sample())
    ]
    await record_batch(scene.engine, scene.promiser, requests)
    assert {event.demo for event in (await scene.events())[-2:]} == {True}


async def test_it_stays_a_demonstration(scene: Scene) -> None:
    file = PackChangeFile.model_validate({
        "pack": "flat", "registrar": {"issuer": DEV_ISSUER, "subject": "registrar"}, "decision": {"reference": "A-1"},
    })  # fmt: skip
    with pytest.raises(NotChanged, match="stays one"):
        await apply_at(scene.url, file, "0" * 64, lambda *_: None)
