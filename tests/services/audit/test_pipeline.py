"""In which order the stages of a session run, and which of them side by side; the stages themselves are stand-ins."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from services.audit import metrics
from services.audit.consume import Place
from services.audit.intake import Fresh, Sorted, Taken, sort
from services.audit.pipeline import SLICE, Pipeline
from shared.kafka import Columns, KafkaUnavailable
from tests.services.audit.rig import CUSTODY, until

SECONDS = 10.0


class Stages:
    """All stages of a ledger that only counts; `open` lets what is being published through."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.coming: asyncio.Queue[list[Columns]] = asyncio.Queue()
        self.open = asyncio.Event()
        self.error: Exception | None = None
        self.ledger, self.sealed, self.sent_at = SimpleNamespace(size=0), 0, float("inf")
        self.told: list[tuple[int, dict[str, int], dict[str, int]]] = []

    def sort(self, taken: Taken) -> Sorted:
        assert len(taken.offsets) <= SLICE
        self.done.append(f"sorted {taken.offsets[0]}")
        return sort(taken, CUSTODY)

    async def append(self, parts: Sequence[Sorted], _generation: int, *, place: bool = True) -> Fresh:
        new = [value for part in parts for value in part.taken.values if value != b"known"]
        self.ledger.size += len(new)
        await asyncio.sleep(0)
        self.done.append(f"appended {self.ledger.size}")
        return Fresh(entries=new)

    async def seal(self, entries: Sequence[bytes]) -> list[Any]:
        if not entries:
            return []
        self.sealed += len(entries)
        self.done.append(f"signed {self.sealed}")
        return [SimpleNamespace(head=SimpleNamespace(size=self.sealed))]

    def keep(self, head: Any) -> None:
        self.done.append(f"kept {head.size}")

    async def publish(self, sealed: Sequence[Any], before: Mapping[str, int], after: Mapping[str, int]) -> None:
        self.done.append(f"publishing {sealed[-1].head.size}")
        await self.open.wait()
        if self.error is not None:
            raise self.error
        self.told.append((sealed[-1].head.size, dict(before), dict(after)))

    async def say_nothing_new(self, places: Mapping[str, int]) -> None:
        self.told.append((self.sealed, {}, dict(places)))

    async def batch(self, _most: int, _seconds: float) -> list[Columns]:
        return await self.coming.get()

    async def end_offsets(self) -> dict[str, int]:
        return {"custody": 1000}

    def put(self, first: int, *values: bytes) -> None:
        self.coming.put_nowait([Columns("custody", list(range(first, first + len(values))), list(values))])

    async def until_done(self, *steps: str) -> None:
        async def look() -> list[str]:
            return self.done

        await until(look, lambda done: set(steps) <= set(done), SECONDS)


@asynccontextmanager
async def running(stages: Any, after: Any = lambda step: None) -> AsyncIterator[asyncio.Task[None]]:
    pipeline = Pipeline(stages, stages, stages, Place(1, {}, {"custody": 0}), after)
    stop = asyncio.Event()
    task = asyncio.create_task(pipeline.run(stages, stages, 10_000, 60.0, stop))
    try:
        yield task
    finally:
        stop.set()
        stages.open.set()
        stages.coming.put_nowait([])
        if not task.done():
            await asyncio.wait_for(task, SECONDS)


async def test_a_batch_is_signed_while_the_last_is_published_and_published_after_it() -> None:
    stages = Stages()
    async with running(stages):
        stages.put(0, b"1")
        await stages.until_done("publishing 1")
        stages.put(1, b"2", b"3")
        stages.put(3, b"4")
        await stages.until_done("kept 3", "sorted 3")
        assert "publishing 3" not in stages.done, "one message after the other"
        assert "appended 4" not in stages.done, "no more than one batch waits to be published"
        stages.open.set()
        await stages.until_done("publishing 4")
    assert [step for step in stages.done if not step.startswith("sorted")] == [
        f"{step} {size}" for size in (1, 3, 4) for step in ("appended", "signed", "kept", "publishing")
    ]
    assert stages.told == [(1, {"custody": 0}, {"custody": 1}), (3, {"custody": 1}, {"custody": 3}),
                           (4, {"custody": 3}, {"custody": 4})]  # fmt: skip


async def test_what_publishing_raises_ends_the_session_though_nothing_more_comes() -> None:
    stages = Stages()
    stages.error = KafkaUnavailable("gone")
    stages.open.set()
    async with running(stages) as task:
        stages.put(0, b"1")
        await asyncio.wait({task}, timeout=SECONDS)
        with pytest.raises(KafkaUnavailable):
            task.result()
    assert stages.told == []


async def test_a_batch_without_news_says_how_far_was_read() -> None:
    stages = Stages()
    stages.open.set()
    async with running(stages):
        stages.put(0, b"1")
        stages.put(1, b"known", b"known")
        await until(lambda: asyncio.sleep(0, len(stages.told)), lambda told: told == 2, SECONDS)
    assert stages.told[1] == (1, {}, {"custody": 3})
    assert "kept 1" in stages.done


async def test_a_large_batch_is_taken_apart_in_slices_and_appended_as_one() -> None:
    stages = Stages()
    stages.open.set()
    async with running(stages):
        stages.put(0, *[b"x"] * (2 * SLICE + 1))
        await stages.until_done(f"publishing {2 * SLICE + 1}")
    assert [step for step in stages.done if step.startswith("sorted")] == [f"sorted {at * SLICE}" for at in range(3)]
    assert [step for step in stages.done if step.startswith("appended")] == [f"appended {2 * SLICE + 1}"]


async def test_what_was_read_and_has_no_head_has_an_age() -> None:
    def age() -> float:
        return next(iter(metrics.UNSEALED.collect())).samples[0].value

    stages, ages = Stages(), []
    stages.open.set()
    async with running(stages, lambda step: ages.append((step, age()))):
        stages.put(0, b"1")
        await stages.until_done("publishing 1")
        await until(lambda: asyncio.sleep(0, age()), lambda found: found == 0, SECONDS)
    assert [step for step, found in ages if found > 0] == ["consumed", "appended", "signed", "kept"]
