"""The writer from end to end, on a real PostgreSQL and a real Kafka, as its own database role."""

from collections.abc import Sequence

import orjson
import pytest

from services.audit.errors import NotThisLedger
from shared.events import new_id
from shared.kafka import Record
from shared.notes import open_checkpoint
from shared.tiles import frame, unframe
from tests.services.audit.rig import NOTIFY, Rig, alarms, event, first, founding, headers


async def test_the_founding_event_is_leaf_0_whatever_came_before(rig: Rig) -> None:
    early, theirs, late = event(), event(NOTIFY), event()
    await rig.send(b"noise", topic=rig.kafka.notify_topic)
    await rig.send(theirs, topic=rig.kafka.notify_topic)
    await rig.seal(early, rig.founding, late, size=5)
    entries = await rig.demand_whole()
    assert entries[0] == rig.founding
    assert [entry for entry in entries if entry in (early, late)] == [early, late]
    assert theirs in entries


async def test_a_founding_event_of_another_log_is_refused(rig: Rig) -> None:
    await rig.send(founding("other.example/log+00000000+AAAA", rig.keys.cosigner.key.vkey))
    with pytest.raises(NotThisLedger, match=r"other\.example"):
        async with rig.writing() as task:
            await first(rig.until_signed(1), task)
    assert await rig.entries() == []


async def test_every_head_at_the_borders_of_a_tile_covers_what_is_stored(rig: Rig) -> None:
    await rig.send(rig.founding)
    async with rig.writing() as task:
        await first(rig.until_signed(1), task)
        for size in (2, 255, 256, 257, 511, 512, 513):
            await rig.send(*(event() for _ in range(size - await rig.signed())))
            await first(rig.until_signed(size), task)
            await rig.demand_whole()
            assert await rig.fetchval("SELECT count(*) FROM bundle") == size // 256
            assert await rig.fetchval("SELECT count(*) FROM tile") == size // 256


async def test_g1_repeated_events_are_one_leaf_and_conflicts_alarm(rig: Rig) -> None:
    known = new_id()
    one, other, last = event(event_id=known), event(event_id=known, pad=1), event()
    before = alarms("conflict")
    await rig.seal(rig.founding, one, one, rig.founding, other, one, other, last, size=4)
    assert await rig.demand_whole() == [rig.founding, one, other, last]
    assert alarms("conflict") == before + 1
    await rig.seal(other, one, last, rig.founding, size=4)


async def test_what_is_no_event_of_its_topic_is_kept_beside_a_marker(rig: Rig) -> None:
    strange = event(NOTIFY)  # notify's event on custody's topic: custody's credentials must not speak as notify
    before = alarms("foreign")
    await rig.seal(rig.founding, b"noise", strange, b"", size=4)
    _, *markers = [orjson.loads(entry) for entry in await rig.demand_whole()]
    assert [marker["source"] for marker in markers] == ["urn:cadena:test:audit"] * 3
    assert [(marker["data"]["offset"], marker["data"]["length"]) for marker in markers] == [
        (1, 5), (2, len(strange)), (3, 0),
    ]  # fmt: skip
    async with rig.database() as connection:
        kept = await connection.fetch('SELECT idx, bytes FROM "foreign" ORDER BY idx')
    assert [tuple(row) for row in kept] == [(1, b"noise"), (2, strange), (3, b"")]
    assert alarms("foreign") == before + 3


async def test_sealed_messages_cover_every_entry_once_and_say_what_was_consumed(rig: Rig) -> None:
    await rig.seal(rig.founding, *(event() for _ in range(300)), size=301)
    theirs = event(NOTIFY)
    await rig.seal(theirs, size=302, topic=rig.kafka.notify_topic)
    messages = await rig.sealed_messages(lambda found: follow(rig, found) == 302)
    entries = await rig.demand_whole()
    assert b"".join(message.value or b"" for message in messages) == frame(entries)
    assert orjson.loads(headers(messages[-1])["cadena-next"]) == {
        rig.kafka.custody_topic: 301, rig.kafka.notify_topic: 1,
    }  # fmt: skip
    assert {headers(message)["cadena-generation"] for message in messages} == {b"1"}


def follow(rig: Rig, messages: Sequence[Record]) -> int:
    """The size that a reader of these messages has reached; each must go on where it stands, or repeat."""
    at = 0
    for message in messages:
        head = open_checkpoint(headers(message)["cadena-head"], rig.keys.log.key)
        begin = int(headers(message)["cadena-first"])
        assert begin + len(unframe(message.value or b"")) == head.size
        assert begin <= at, "a gap"
        at = max(at, head.size)
    return at


async def test_a_batch_is_cut_into_messages_below_the_limit_each_with_its_head(rig: Rig) -> None:
    rig.options = {"message_bytes": 70_000}
    await rig.send(rig.founding)
    await rig.seal(*(event(pad=20_000) for _ in range(12)), size=13)
    messages = await rig.sealed_messages(lambda found: follow(rig, found) == 13)
    assert max(len(message.value or b"") for message in messages) <= 70_000
    parts = [message for message in messages if message.value and b"xxx" in message.value]
    assert len(parts) == 4
    heads = [open_checkpoint(headers(message)["cadena-head"], rig.keys.log.key).size for message in parts]
    assert heads == sorted(set(heads))
    consumed = [orjson.loads(headers(message)["cadena-next"])[rig.kafka.custody_topic] for message in parts]
    assert consumed[-1] == 13, "only the last head of a batch covers all that was consumed"
    assert all(heads[at] >= consumed[at] for at in range(4))
    await rig.demand_whole()


async def test_messages_without_entries_go_out_at_start_and_on_offsets_alone(rig: Rig) -> None:
    rig.options = {"silence_seconds": 600.0}
    await rig.seal(rig.founding, event(), size=2)
    before = len(await rig.sealed_messages())
    async with rig.writing() as task:
        await first(rig.sealed_messages(lambda found: len(found) == before + 1), task)
        await rig.send(rig.founding, rig.founding)
        moved = await first(
            rig.sealed_messages(
                lambda found: orjson.loads(headers(found[-1])["cadena-next"])[rig.kafka.custody_topic] == 4
            ),
            task,
        )
    assert {message.value for message in moved[before:]} == {b""}
    assert follow(rig, moved) == 2


async def test_messages_without_entries_go_out_in_silence(rig: Rig) -> None:
    rig.options = {"silence_seconds": 0.2}
    await rig.seal(rig.founding, size=1)
    before = len(await rig.sealed_messages())
    async with rig.writing() as task:
        silent = await first(rig.sealed_messages(lambda found: len(found) > before + 3), task)
    assert {message.value for message in silent[before:]} == {b""}
