"""Promises that another process signs: the same ones, whatever becomes of that process."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared import promise_helper
from shared.events import Actor, Draft, Event, envelope, new_id
from shared.facts.offers import SampleOffered
from shared.promise import Promiser
from shared.promise_helper import MANY, HelpedPromiser

KEY = Ed25519PrivateKey.generate()
NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
Facts = list[tuple[Event, bytes]]


def facts(count: int) -> Facts:
    made = [
        envelope(
            Draft(f"sample/{new_id()}", SampleOffered(offer=new_id(), to_org=new_id())), source="urn:cadena:demo:custody",
            sequence=1, time=NOW + timedelta(microseconds=at % 3), actor=Actor(service="custody"), command="0" * 64,
            ordinal=0,
        )
        for at in range(count)
    ]  # fmt: skip
    return [(event, event.to_bytes()) for event in made]


def alone(given: Facts) -> list[str]:
    return [Promiser(KEY).promise(event, raw) for event, raw in given]


@pytest.fixture
async def promiser() -> AsyncIterator[HelpedPromiser]:
    helped = HelpedPromiser(KEY)
    yield helped
    helper = helped.helper
    helped.close()
    if helper is not None:
        await helper.process.wait()


def environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def pid(promiser: HelpedPromiser) -> int:
    assert promiser.helper is not None
    return promiser.helper.process.pid


async def test_the_helper_makes_the_very_promises_that_are_made_without_it(promiser: HelpedPromiser) -> None:
    given = facts(MANY + 7)
    promises = await promiser.promise_all(given)
    assert promises == alone(given)
    assert [jwt.decode(each, KEY.public_key(), ["EdDSA"])["event"] for each in promises] == [
        fact[0].id for fact in given
    ]
    assert pid(promiser) != os.getpid()


async def test_a_few_are_signed_here(promiser: HelpedPromiser) -> None:
    given = facts(MANY - 1)
    assert await promiser.promise_all(given) == alone(given)
    assert promiser.helper is None


async def test_several_at_once_get_each_its_own(promiser: HelpedPromiser) -> None:
    lots = [facts(MANY + at) for at in range(5)]
    assert await asyncio.gather(*map(promiser.promise_all, lots)) == [alone(lot) for lot in lots]


async def test_a_helper_that_was_killed_is_replaced_and_nothing_is_lost(promiser: HelpedPromiser) -> None:
    given = facts(MANY)
    await promiser.promise_all(given)
    first = promiser.helper
    assert first is not None
    os.kill(first.process.pid, signal.SIGKILL)
    await first.process.wait()
    assert await promiser.promise_all(given) == alone(given)
    assert await promiser.promise_all(given) == alone(given)
    assert pid(promiser) != first.process.pid


async def test_a_helper_that_stands_still_is_given_up(
    promiser: HelpedPromiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = facts(MANY)
    await promiser.promise_all(given)
    first = promiser.helper
    assert first is not None
    os.kill(first.process.pid, signal.SIGSTOP)
    monkeypatch.setattr(promise_helper, "SECONDS", 0.2)
    assert await promiser.promise_all(given) == alone(given)
    assert await first.process.wait() == -signal.SIGKILL


async def test_who_is_interrupted_leaves_no_answer_to_the_next(promiser: HelpedPromiser) -> None:
    one, other = facts(5 * MANY), facts(MANY)
    await promiser.promise_all(other)
    interrupted = asyncio.create_task(promiser.promise_all(one))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    interrupted.cancel()
    with pytest.raises(asyncio.CancelledError):
        await interrupted
    assert await promiser.promise_all(other) == alone(other)


async def test_a_helper_that_cannot_be_started_is_done_without(
    promiser: HelpedPromiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: Any, **__: Any) -> Any:
        raise PermissionError

    monkeypatch.setattr(asyncio, "create_subprocess_exec", refused)
    given = facts(MANY)
    assert await promiser.promise_all(given) == alone(given)


async def test_the_helper_ends_with_its_input_and_has_no_environment(promiser: HelpedPromiser) -> None:
    await promiser.promise_all(facts(MANY))
    helper = promiser.helper
    assert helper is not None
    assert b"PATH=" not in environment(helper.process.pid)
    helper.asks.close()
    async with asyncio.timeout(20):
        assert await helper.process.wait() == 0
