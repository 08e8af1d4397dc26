"""13: a full disk or one that became read-only: what cannot be kept is not said, nothing kept is lost, and it goes on."""

import asyncio
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from deploy.local.databases import run_sql
from shared.events import new_id
from shared.kafka import KafkaConfig
from shared.problems import Problem
from tests.invariants.smalldisk import SEGMENT_BYTES, SmallDisk
from tests.services.audit.rig import Rig, event, first
from tests.services.audit.test_writer import follow
from tests.services.custody.scene import Scene

LARGE = 55_000
ENOUGH = SEGMENT_BYTES // LARGE + 1
MOST = 300


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    made = SmallDisk(tmp_path / "postgres")
    yield made
    made.close()


def test_invariant_13_the_ledger_stands_still_while_its_database_has_no_room_and_then_goes_on(
    disk: SmallDisk, kafka_broker: KafkaConfig, topic_prefix: str, tmp_path: Path
) -> None:
    rig = Rig(disk.open("audit"), kafka_broker, topic_prefix, tmp_path)
    kept = [rig.founding, *(event(pad=LARGE) for _ in range(ENOUGH))]
    asyncio.run(rig.seal(*kept, size=len(kept)))
    disk.fill()
    waiting = [event(pad=LARGE) for _ in range(20)]
    asyncio.run(rig.send(*waiting))
    with pytest.raises(asyncpg.PostgresError, match="could not extend file"):
        asyncio.run(rig.run())
    assert asyncio.run(rig.demand_whole()) == kept, "what was signed is there and can be read"
    asyncio.run(nothing_new_published(rig, len(kept)))
    disk.make_room()
    asyncio.run(rig.seal(last := event(), size=len(kept) + len(waiting) + 1))
    assert asyncio.run(rig.demand_whole()) == [*kept, *waiting, last]


async def nothing_new_published(rig: Rig, size: int) -> None:
    assert follow(rig, await rig.sealed_messages()) == size


def test_invariant_13_custody_takes_nothing_while_its_database_has_no_room_and_then_takes_it_once(
    disk: SmallDisk,
) -> None:
    scene = Scene(disk.open("custody")["api"])
    asyncio.run(founded(scene))
    make_long(disk.admin_url, "event")
    disk.fill()
    acknowledged, key = asyncio.run(record_until_full(scene))
    disk.make_room()
    asyncio.run(record_again(scene, acknowledged, key))


async def founded(scene: Scene) -> None:
    scene.open(pool_size=2)
    await scene.found()
    await scene.engine.dispose()


def make_long(admin_url: str, table: str) -> None:
    """A table longer than a segment, by versions of its rows that are dead and were never taken away."""
    url = urlunsplit(urlsplit(admin_url)._replace(path="/custody"))
    run_sql(url, f"""
        ALTER TABLE {table} SET (autovacuum_enabled = off);
        DO $$ BEGIN
            WHILE pg_relation_size('{table}') <= {SEGMENT_BYTES} LOOP UPDATE {table} SET bytes = bytes; END LOOP;
        END $$;
    """)  # fmt: skip


async def record_until_full(scene: Scene) -> tuple[list[bytes], str]:
    """What was answered until the first 503, and the key of that command."""
    scene.open(pool_size=2)
    answers: list[bytes] = []
    try:
        for number in range(MOST):
            before, key = await scene.counts(), new_id()
            try:
                answers.append((await scene.do("lab", scene.sample(f"L-{number}"), key=key)).body)
            except Problem as problem:
                refused = problem
                break
        else:
            raise AssertionError("the table still grows")
        assert (refused.status, refused.code) == (503, "database-away")
        assert await scene.counts() == before, "half a command was kept"
        return answers, key
    finally:
        await scene.engine.dispose()


async def record_again(scene: Scene, acknowledged: list[bytes], key: str) -> None:
    """The same request with the same key is recorded, once; and all that was acknowledged is there."""
    scene.open(pool_size=2)
    label = f"L-{len(acknowledged)}"
    one, two = [await scene.do("lab", scene.sample(label), key=key) for _ in range(2)]
    assert (one.status, one.body) == (201, two.body)
    labels = [event.data["label"] for event in await scene.events() if event.type.endswith("sample.registered.v1")]
    assert labels == [f"L-{number}" for number in range(len(acknowledged) + 1)]
    await scene.engine.dispose()


def full(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """The draft of the head's file lies on the kernel's device that is always full."""
    (folder / f"head.{os.getpid()}.new").symlink_to("/dev/full")


def read_only(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """The kernel's answer to a file opened for writing on a read-only file system, which no test can mount."""
    plain = os.open

    def refuse(path: Any, flags: int, *rest: Any, **more: Any) -> int:
        if flags & os.O_WRONLY and Path(path).parent == folder:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return plain(path, flags, *rest, **more)

    patch.setattr("shared.outside.os.open", refuse)


@pytest.mark.parametrize(("fault", "number"), [(full, errno.ENOSPC), (read_only, errno.EROFS)])
async def test_invariant_13_a_head_that_cannot_be_kept_outside_the_database_is_not_published(
    rig: Rig, fault: Callable[[pytest.MonkeyPatch, Path], None], number: int
) -> None:
    await rig.seal(rig.founding, size=1)
    values = [event() for _ in range(3)]
    await rig.send(*values)
    state = rig.folder / "state"
    with pytest.MonkeyPatch.context() as patch:
        fault(patch, state)
        with pytest.raises(OSError, match=os.strerror(number)) as stopped:
            await rig.run()
        assert stopped.value.errno == number
        await nothing_new_published(rig, 1)
    for draft in state.glob("*.new"):
        draft.unlink()
    async with rig.writing() as task:
        await first(rig.until_signed(4), task)
        await first(rig.sealed_messages(lambda found: follow(rig, found) == 4), task)
    assert await rig.demand_whole() == [rig.founding, *values]
