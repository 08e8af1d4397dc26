"""A writer that dies between any two steps, a database set back, a broker that lost its disks."""

from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.kafka import Kafka
from services.audit.errors import LedgerBehind
from services.audit.publish import message
from services.audit.store import Head
from shared.kafka import Message, Producer
from shared.merkle import EMPTY_ROOT
from shared.notes import Checkpoint, write_note
from shared.tiles import unframe
from tests.services.audit.rig import Rig, alarms, event, first, headers, until
from tests.services.audit.test_writer import follow


@pytest.mark.parametrize("step", ["consumed", "appended", "signed", "kept", "published"])
async def test_g1_a_writer_killed_after_any_step_loses_and_repeats_nothing(rig: Rig, step: str) -> None:
    values = [rig.founding, *(event() for _ in range(300))]
    await rig.send(*values)
    await rig.killed_at(step)
    await rig.killed_at(step, 1 if await rig.entries() else 2)
    last = event()
    await rig.seal(last, size=302)
    assert await rig.demand_whole() == [*values, last]
    await rig.sealed_messages(lambda found: follow(rig, found) == 302)


async def test_g1_what_was_appended_and_not_signed_is_signed_at_the_next_start(rig: Rig) -> None:
    await rig.send(rig.founding, *(event() for _ in range(5)))
    await rig.killed_at("appended", 2)
    assert (await rig.signed(), len(await rig.entries())) == (1, 6)
    async with rig.writing() as task:
        await first(rig.until_signed(6), task)
    await rig.demand_whole()


async def test_g1_killed_with_heads_signed_and_not_published_it_publishes_each(rig: Rig) -> None:
    rig.options = {"message_bytes": 70_000}
    await rig.send(rig.founding, *(event(pad=20_000) for _ in range(12)))
    await rig.killed_at("kept", 2)
    async with rig.writing() as task:
        messages = await first(rig.sealed_messages(lambda found: follow(rig, found) == 13), task)
    sizes = [int(headers(found)["cadena-first"]) for found in messages]
    assert sizes == sorted(sizes)
    assert max(len(found.value or b"") for found in messages) <= 70_000


async def test_g8_a_database_set_back_is_found_by_the_file_beside_it(rig: Rig) -> None:
    await rig.seal(rig.founding, size=1)
    await rig.seal(event(), size=2)
    await rig.execute("DELETE FROM head WHERE size = 2")
    with pytest.raises(LedgerBehind, match="size 2"):
        await rig.run()


async def test_g8_without_the_file_it_starts_by_hand_only_and_by_the_topic_not_at_all(rig: Rig) -> None:
    await rig.seal(rig.founding, size=1)
    await rig.seal(event(), size=2)
    (rig.folder / "state" / "head").unlink()
    with pytest.raises(LedgerBehind, match="--adopt-head"):
        await rig.run()
    async with rig.writing(adopt_head=True) as task:
        await first(rig.send(event()), task)
        await first(rig.until_signed(3), task)
    # Set back with its file gone as well: the last message still tells.
    (rig.folder / "state" / "head").unlink()
    for table, column in (("head", "size > 2"), ("fragment", "first > 1"), ("seen", "idx > 1"), ("offset", "size > 2")):
        await rig.execute(f'DELETE FROM "{table}" WHERE {column}')
    with pytest.raises(LedgerBehind, match="size 3 was published"):
        await rig.run(adopt_head=True)


async def test_g8_a_published_head_with_another_root_is_refused(rig: Rig) -> None:
    await rig.seal(rig.founding, size=1)
    fork = Checkpoint(rig.keys.log.key.name, 1, EMPTY_ROOT)
    note = write_note(fork.text, [rig.keys.log.sign(fork.text)])
    await send_sealed(rig, message(1, b"", Head(1, EMPTY_ROOT, note, "", None), 1, {}))  # type: ignore[arg-type]
    with pytest.raises(LedgerBehind):
        await rig.run()


async def test_strangers_on_the_audit_topic_are_passed_over_with_an_alarm(rig: Rig) -> None:
    await rig.seal(rig.founding, size=1)
    before = alarms("stranger-on-audit-topic")
    await send_sealed(rig, Message(b"noise"), Message(b"", (("cadena-head", b"noise"),)))
    await rig.seal(event(), size=2)
    assert alarms("stranger-on-audit-topic") == before + 2


async def send_sealed(rig: Rig, *messages: Message) -> None:
    producer = await Producer.open(rig.config)
    try:
        await producer.send_many(rig.kafka.audit_topic, messages)
    finally:
        await producer.close()


async def delete_topics(rig: Rig) -> None:
    """What a broker that lost its disks looks like: topics of the same name that begin anew."""
    topics = [rig.kafka.custody_topic, rig.kafka.notify_topic, rig.kafka.audit_topic]
    admin = AIOKafkaAdminClient(**rig.operator.arguments())
    await admin.start()
    try:
        await admin.delete_topics(topics)

        async def left() -> set[str]:
            return set(topics) & set(await admin.list_topics())

        await until(left, lambda found: not found)
    finally:
        await admin.close()


async def test_g1_an_emptied_kafka_raises_the_generation_and_is_read_from_its_beginning(rig: Rig) -> None:
    old = [event() for _ in range(5)]
    await rig.seal(rig.founding, *old, size=6)
    await delete_topics(rig)
    before = alarms("kafka-generation")
    new = [event() for _ in range(3)]  # fewer than before: the place of the last message taken is not there
    await rig.seal(*new[:2], old[3], *new[2:], size=9)
    assert alarms("kafka-generation") == before + 1
    assert await rig.demand_whole() == [rig.founding, *old, *new]
    messages = await rig.sealed_messages(lambda found: bool(found))
    assert headers(messages[0])["cadena-generation"] == b"2"
    begins = int(headers(messages[0])["cadena-first"]) + len(unframe(messages[0].value or b""))
    assert begins == 6, "a new topic begins with the newest head"
    await rig.seal(event(), size=10)
    assert await rig.fetchval("SELECT max(generation) FROM generation") == 2, "once, not at every start"


async def test_g1_a_broker_that_loses_its_disks_beneath_a_running_writer_is_noticed(rig: Rig, tmp_path: Path) -> None:
    broker = Kafka(tmp_path / "broker")
    broker.start()
    try:
        other = Rig(rig.urls, broker.operator, rig.prefix, rig.folder)
        new = [event() for _ in range(9)]
        await other.send(other.founding, *(event() for _ in range(5)))
        async with other.writing() as task:
            await first(other.until_signed(6), task)
            broker.kill()
            broker.lose_data()
            broker.start()  # in this thread: a child ends with the thread that started it
            await first(other.send(*new), task)
            await first(other.until_signed(15), task)
    finally:
        broker.stop()
    assert (await other.demand_whole())[6:] == new
    assert await other.fetchval("SELECT max(generation) FROM generation") == 2


async def test_a_topic_with_another_message_in_that_place_is_another_kafka(rig: Rig) -> None:
    await rig.seal(rig.founding, event(), size=2)
    await delete_topics(rig)
    await rig.seal(rig.founding, *(event() for _ in range(3)), size=5)
    assert await rig.fetchval("SELECT max(generation) FROM generation") == 2
