"""G10, G2: the worker computes anew until when items are kept, opens reviews, and does nothing else. Real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.custody.loops import retention
from services.custody.loops.due import Reviewing
from services.custody.loops.keeping import Keeping
from services.custody.loops.retention import FAILED, Recomputing
from services.custody.rebuild import check
from services.custody.rules.recompute import decide_recompute
from services.custody.rules.statement import WithdrawStatement
from services.custody.tables import SAMPLES
from shared.database import engine
from shared.events import Event
from shared.sealed import fresh
from tests.services.custody.keeping_scene import a_case, discharged, settle
from tests.services.custody.scene import SOURCE, Scene
from tests.shared.outboxes import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
LEADS = (12, 6, 3, 1)
TODAY = datetime.now(UTC).date()
"""Tests that begin before midnight (UTC) and end behind it see one day as the other: ends lie days away from a lead."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(custody_database: dict[str, str]) -> AsyncIterator[Scene]:
    scene = Scene(custody_database["api"], pack="us-wi")
    scene.open()
    await scene.found()
    yield scene
    await scene.engine.dispose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worker(custody_database: dict[str, str]) -> AsyncIterator[AsyncEngine]:
    pool = engine(custody_database["worker"], pool_size=4)
    yield pool
    await pool.dispose()


async def until(scene: Scene, item: str) -> date | None:
    async with scene.engine.connect() as connection:
        return (await SAMPLES.by_id(connection, [item]))[item].retention_until


def said(event: Event, member: str) -> Any:
    """The last day that a change of retention says."""
    retention: Any = event.data[member]
    return retention.get("until")


async def changes(scene: Scene, item: str) -> list[Event]:
    return [event for event in await scene.events(f"sample/{item}") if event.type.endswith("retention_changed.v1")]


async def test_g2_a_courts_word_gives_an_item_its_day_and_a_claim_puts_it_off_again(
    scene: Scene, worker: AsyncEngine
) -> None:
    (item,) = await a_case(scene)
    await settle(worker)
    assert await until(scene, item) is None
    await discharged(scene, date(2031, 4, 30), "prosecutor")
    await settle(worker)
    assert (await until(scene, item), await changes(scene, item)) == (None, [])
    await discharged(scene, date(2031, 4, 30))
    await settle(worker)
    assert await until(scene, item) == date(2031, 4, 30)
    claim = await discharged(scene, date(2033, 1, 1), "prosecutor")
    await settle(worker)
    assert await until(scene, item) == date(2033, 1, 1)
    await scene.do("prosecutor", WithdrawStatement(case=scene.case, statement=claim, reason=fresh("reason", "Wrong")))
    await settle(worker)
    assert await until(scene, item) == date(2031, 4, 30)
    told = [(said(event, "was"), said(event, "retention")) for event in await changes(scene, item)]
    assert told == [(None, "2031-04-30"), ("2031-04-30", "2033-01-01"), ("2033-01-01", "2031-04-30")]


async def test_g10_a_change_is_the_clocks_own_fact_and_names_what_led_to_it(scene: Scene, worker: AsyncEngine) -> None:
    (item,) = await a_case(scene)
    await discharged(scene, date(2031, 4, 30))
    await settle(worker)
    (event,) = await changes(scene, item)
    (*_, stated) = await scene.events(f"case/{scene.case}")
    assert (event.actor.service, event.actor.person, event.cause) == ("custody", None, stated.id)
    assert event.data == {
        "retention": {"rule": "WI-KEEP", "version": 1, "until": "2031-04-30"}, "was": {"rule": "WI-KEEP", "version": 1},
        "because": "case_facts", "case": scene.case,
    }  # fmt: skip
    assert (await check(scene.engine)).differences == []


async def test_what_does_not_change_is_no_fact(scene: Scene, worker: AsyncEngine) -> None:
    (item,) = await a_case(scene)
    for _ in range(2):
        await discharged(scene, date(2031, 4, 30))
        await settle(worker)
    assert len(await changes(scene, item)) == 1


async def test_a_case_of_more_than_a_page_goes_on_where_it_was_left(
    scene: Scene, worker: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = await a_case(scene, 1)
    await discharged(scene, date(2031, 4, 30))
    items = await a_case(scene, 5)
    await discharged(scene, date(2031, 4, 30))
    monkeypatch.setattr(retention, "PAGE", 2)
    loop, rounds = Recomputing(worker, SOURCE), 0
    while await loop.step():
        rounds += 1
        done = [item for item in items if await until(scene, item)]
        assert len(done) <= 2 * rounds
    assert rounds >= 4
    assert [len(await changes(scene, item)) for item in few + items] == [1] * 6


async def test_two_workers_side_by_side_record_once(scene: Scene, worker: AsyncEngine) -> None:
    items = await a_case(scene, 20)
    await discharged(scene, date(2031, 4, 30))
    await asyncio.gather(*(settle(worker) for _ in range(3)))
    assert [len(await changes(scene, item)) for item in items] == [1] * 20


async def test_a_statement_made_while_its_case_is_computed_is_not_lost(scene: Scene, worker: AsyncEngine) -> None:
    items = await a_case(scene, 10)
    days = [date(2031, 1, 1) + timedelta(days=number) for number in range(8)]

    async def states() -> None:
        for day in days:
            await discharged(scene, day)

    talking = asyncio.create_task(states())
    while not talking.done():
        await settle(worker)
    await talking
    await settle(worker)
    assert [await until(scene, item) for item in items] == [days[-1]] * 10


async def test_a_case_that_cannot_be_computed_stops_no_other_and_is_alarmed(
    scene: Scene, worker: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sick,) = await a_case(scene)
    await discharged(scene, date(2031, 4, 30))
    poisoned = scene.case
    (well,) = await a_case(scene)
    await discharged(scene, date(2031, 4, 30))
    decide = decide_recompute

    def breaks(case: Any, *rest: Any) -> Any:
        if case.id == poisoned:
            raise LookupError("a fact that the pack cannot read")
        return decide(case, *rest)

    before = FAILED._value.get()
    with monkeypatch.context() as patched:
        patched.setattr(retention, "decide_recompute", breaks)
        await settle(worker)
    assert (await until(scene, well), await until(scene, sick)) == (date(2031, 4, 30), None)
    assert FAILED._value.get() > before
    await settle(worker)
    assert await until(scene, sick) == date(2031, 4, 30)


async def test_a_text_that_came_into_force_since_has_every_case_looked_at(scene: Scene, worker: AsyncEngine) -> None:
    await settle(worker)
    (item,) = await a_case(scene)
    await discharged(scene, date(2031, 4, 30))
    async with scene.engine.begin() as connection:
        await connection.execute(text("UPDATE retention_due SET after = NULL"))
    await settle(worker)
    assert await due(scene) == 0
    # The day of the last look is moved before the day on which the pack's text came into force.
    async with worker.begin() as connection:
        await connection.execute(text("UPDATE retention_sweep SET swept_on = '2025-12-31'"))
    assert await Recomputing(worker, SOURCE).step()
    await settle(worker)
    assert await due(scene) == 0
    assert len(await changes(scene, item)) == 1


async def due(scene: Scene) -> int:
    async with scene.engine.connect() as connection:
        return int((await connection.execute(text("SELECT count(*) FROM retention_due"))).scalar_one())


async def reviewed(worker: AsyncEngine) -> None:
    loop = Reviewing(worker, SOURCE, LEADS)
    while await loop.step():
        pass


async def test_a_review_is_opened_once_for_each_lead_and_again_for_another_day(
    scene: Scene, worker: AsyncEngine
) -> None:
    items = await a_case(scene, 2)
    await discharged(scene, TODAY + timedelta(days=100))
    await settle(worker)
    for _ in range(2):
        await reviewed(worker)
    assert [one["lead_months"] for one in await reviews(scene)] == [6]
    await discharged(scene, TODAY + timedelta(days=40))
    await settle(worker)
    await reviewed(worker)
    assert [one["lead_months"] for one in await reviews(scene)] == [6, 3]
    assert [{one["sample"] for one in each["items"]} for each in await reviews(scene)] == [set(items)] * 2
    assert (await check(scene.engine)).differences == []


async def reviews(scene: Scene) -> list[dict[str, Any]]:
    opened = [event.data for event in await scene.events() if event.type.endswith("review.opened.v1")]
    return [one for one in opened if one.get("case") == scene.case]


async def test_a_review_proposes_nothing_and_ends_nothing(scene: Scene, worker: AsyncEngine) -> None:
    (item,) = await a_case(scene)
    await discharged(scene, TODAY - timedelta(days=10))
    await settle(worker)
    await reviewed(worker)
    assert [one["lead_months"] for one in await reviews(scene)] == [0]
    kinds = [event.type.removeprefix("org.cadena.custody.") for event in await scene.events(f"sample/{item}")]
    assert kinds == ["sample.registered.v1", "sample.retention_changed.v1", "sample.review_opened.v1"]


async def test_nothing_is_recorded_while_it_is_not_known_what_the_log_holds(scene: Scene, worker: AsyncEngine) -> None:
    (item,) = await a_case(scene)
    await discharged(scene, date(2031, 4, 30))
    may, stop = asyncio.Event(), asyncio.Event()
    asked = asyncio.Event()

    def may_act() -> bool:
        asked.set()
        return may.is_set()

    running = asyncio.create_task(Keeping(worker, SOURCE, LEADS, may_act).run(stop))
    await asyncio.wait_for(asked.wait(), 20)
    assert await changes(scene, item) == []
    may.set()

    async def kept() -> bool:
        return await until(scene, item) is not None

    await eventually(kept)
    stop.set()
    await running
