"""G10: another pack comes into force at once or not at all, as its preview said, and brings no end nearer."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import asyncpg
import orjson
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from services.custody.loops.retention import Recomputing
from services.custody.pack_change import NotChanged, PackChangeFile, apply_at, apply_change
from services.custody.preview import preview
from services.custody.rebuild import check
from services.custody.reporting import clock, reading
from services.custody.rules.proposal import MakeProposal
from services.custody.tables import CASES, SAMPLES
from shared.database import engine
from shared.events import Event, new_id
from shared.problems import Problem
from tests.services.custody.keeping_scene import a_case, discharged, settle
from tests.services.custody.scene import ISSUER, SOURCE, Scene
from tests.shared.outboxes import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Place:
    """A founded installation, its logins, and what an operator does there."""

    scene: Scene
    urls: dict[str, str]
    worker: AsyncEngine

    async def preview(self, pack: str) -> tuple[list[dict[str, Any]], str]:
        """The lines and their SHA-256."""
        out = io.BytesIO()
        async with reading(self.urls["api"]) as connection:
            done = await preview(connection, file(pack).law(), await clock(connection), out, lambda _: None)
        assert hashlib.sha256(out.getvalue()).hexdigest() == done.sha256
        return [orjson.loads(line) for line in out.getvalue().splitlines()], done.sha256

    async def apply(self, pack: str, sha256: str | None = None) -> int | None:
        return await apply_at(self.urls["api"], file(pack), sha256 or (await self.preview(pack))[1], lambda *_: None)

    async def state(self, item: str) -> Any:
        async with self.scene.engine.connect() as connection:
            return (await SAMPLES.by_id(connection, [item]))[item]

    async def events(self) -> list[Event]:
        link = await asyncpg.connect(self.urls["api"])
        try:
            return [Event.from_bytes(row["bytes"]) for row in await link.fetch("SELECT bytes FROM event ORDER BY seq")]
        finally:
            await link.close()

    async def sound(self) -> bool:
        """Every row is what its events say."""
        return (await check(self.scene.engine)).differences == []


def file(pack: str, **changes: Any) -> PackChangeFile:
    return PackChangeFile.model_validate({
        "pack": pack, "registrar": {"issuer": ISSUER, "subject": "registrar"},
        "decision": {"reference": "ACUERDO-7/2026"},
    } | changes)  # fmt: skip


@pytest_asyncio.fixture(loop_scope="module")
async def place(own_custody_database: dict[str, str]) -> AsyncIterator[Place]:
    scene = Scene(own_custody_database["api"], pack="us-wi")
    scene.open()
    await scene.found()
    worker = engine(own_custody_database["worker"], pool_size=4)
    yield Place(scene, own_custody_database, worker)
    await worker.dispose()
    await scene.engine.dispose()


async def test_g10_what_is_applied_is_what_the_preview_says_and_no_end_is_nearer(place: Place) -> None:
    [ended] = await a_case(place.scene)
    await discharged(place.scene, date(2099, 4, 30))
    [open_end] = await a_case(place.scene)
    await settle(place.worker)
    lines, sha256 = await place.preview("flat")
    assert await place.apply("flat", sha256) == len(lines) == 2
    changed, *facts = (await place.events())[-3:]
    assert changed.type.endswith("installation.pack_changed.v1")
    assert (changed.data["preview_sha256"], changed.data["items_changed"]) == (sha256, 2)
    assert (changed.actor.role, changed.actor.service) == ("registrar", None)
    told = {
        fact.subject: (fact.data["was"], fact.data["retention"], fact.data["rule_alone"], fact.cause) for fact in facts
    }
    assert told == {
        f"sample/{line['sample']}": (line["from"], line["to"], line["rule_alone"], changed.id) for line in lines
    }
    assert {line["why"] for line in lines} == {"kept_longer"}
    assert (await place.state(ended)).retention_until == date(2099, 4, 30)
    assert (await place.state(open_end)).retention_until is None
    assert await place.sound()


async def test_g10_what_stood_is_a_floor_for_whatever_is_computed_later(place: Place) -> None:
    [item] = await a_case(place.scene)
    await discharged(place.scene, date(2099, 4, 30))
    await settle(place.worker)
    await place.apply("flat")
    await discharged(place.scene, date(2020, 1, 1))
    await settle(place.worker)
    stands = await place.state(item)
    assert (stands.retention_until, stands.floor_until) == (date(2099, 4, 30), date(2099, 4, 30))
    assert await place.apply("us-wi") is not None
    await settle(place.worker)
    assert (await place.state(item)).retention_until == date(2099, 4, 30)
    assert await place.sound()


async def test_g10_what_stands_without_an_end_is_proposed_for_no_day_by_whatever_pack(place: Place) -> None:
    [item] = await a_case(place.scene)
    await place.apply("flat")
    command = MakeProposal(
        id=new_id(), samples=(item,), planned_on=date(2190, 1, 1), reason="retention_over", method="incineration"
    )
    answer = await place.scene.do("prosecutor", command)
    assert (answer.status, orjson.loads(answer.body)["type"]) == (409, "urn:cadena:problem:retention-not-over")


async def test_an_item_that_is_registered_now_is_kept_by_the_new_pack(place: Place) -> None:
    await place.apply("flat")
    [item] = await a_case(place.scene)
    assert (await place.state(item)).retention_rule == "FLAT-20"
    assert await Recomputing(place.worker, SOURCE).step()


async def test_the_same_pack_again_changes_nothing(place: Place) -> None:
    await place.apply("flat")
    before = await place.events()
    assert await place.apply("flat", "0" * 64) is None
    assert await place.events() == before


async def test_g10_a_preview_that_is_not_true_any_more_changes_nothing(place: Place) -> None:
    await a_case(place.scene)
    _, sha256 = await place.preview("flat")
    await a_case(place.scene)
    before = await place.events()
    with pytest.raises(NotChanged, match="2 items"):
        await place.apply("flat", sha256)
    assert await place.events() == before


@pytest.mark.parametrize("at", [1, 2])
async def test_g10_whatever_ends_it_half_way_changes_nothing(place: Place, at: int) -> None:
    """After the items were looked at; and after they were changed, before the end."""
    await a_case(place.scene, items=3)
    _, sha256 = await place.preview("flat")
    before, seen = await place.events(), 0
    pool = engine(place.urls["api"], pool_size=1, application_name="the change")

    def watch(done: int, steps: int) -> None:
        nonlocal seen
        seen += 1
        if seen == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await apply_change(pool, file("flat"), sha256, watch)
    await pool.dispose()
    assert seen == at
    assert await place.events() == before
    assert await place.sound()


async def test_g10_who_records_meanwhile_is_told_to_come_again_and_decides_by_the_new_pack_then(place: Place) -> None:
    """A registration that read the old pack waits for its case, and begins anew when the pack is another."""
    await a_case(place.scene)
    _, sha256 = await place.preview("flat")
    loop = asyncio.get_running_loop()
    waiting: list[asyncio.Task[str]] = []
    blocked = asyncio.Event()

    def watch(done: int, steps: int) -> None:
        if not waiting:
            waiting.append(loop.create_task(place.scene.registered()))
        blocked.set()

    holder = await asyncpg.connect(place.urls["owner"])
    frame = holder.transaction()
    await frame.start()
    # Keeps the change from its second half until the registration waits for it.
    await holder.execute("LOCK TABLE event IN SHARE MODE")
    pool = engine(place.urls["api"], pool_size=1, lock_seconds=60, statement_seconds=0)
    change = loop.create_task(apply_change(pool, file("flat"), sha256, watch))
    await blocked.wait()

    async def waits() -> bool:
        rows = await holder.fetch(
            "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = '\"case\"'::regclass AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return len(rows) == 1

    await eventually(waits, 30)
    await frame.rollback()
    await holder.close()
    assert await change == 1
    await pool.dispose()
    [registration] = waiting
    assert (await place.state(await registration)).retention_rule == "FLAT-20"
    assert await place.sound()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pack": "us-xx"}, "there is no pack"),
        ({"pack": "demo", "allow_unverified": True}, "only with the development issuer"),
        ({"pack": "chihuahua-reported"}, "it needs allow_unverified"),
        ({"registrar": {"issuer": ISSUER, "subject": "court"}}, "no open account of a registrar"),
        ({"registrar": {"issuer": ISSUER, "subject": "nobody"}}, "no open account of a registrar"),
    ],
)
async def test_who_may_not_and_what_may_not_be_chosen(place: Place, changes: dict[str, Any], words: str) -> None:
    before = await place.events()
    with pytest.raises(NotChanged, match=words):
        await apply_at(place.urls["api"], file(**{"pack": "flat"} | changes), "0" * 64, lambda *_: None)
    assert await place.events() == before


async def test_before_the_founding_there_is_nothing_to_change(own_custody_database: dict[str, str]) -> None:
    with pytest.raises(NotChanged, match="not founded"):
        await apply_at(own_custody_database["api"], file("flat"), "0" * 64, lambda *_: None)


async def test_a_case_that_somebody_keeps_locked_is_waited_for_and_then_said(place: Place) -> None:
    await a_case(place.scene)
    _, sha256 = await place.preview("flat")
    async with place.scene.engine.connect() as connection:
        await CASES.by_id(connection, [place.scene.case], "share")
        pool = engine(place.urls["api"], pool_size=1, lock_seconds=1)
        with pytest.raises(Problem) as told:
            await apply_change(pool, file("flat"), sha256, lambda *_: None)
        await pool.dispose()
        await connection.rollback()
    assert told.value.status == 503
    assert not [event for event in await place.events() if event.type.endswith("pack_changed.v1")]
