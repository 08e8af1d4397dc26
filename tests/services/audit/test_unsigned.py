"""What stands beyond the newest head is signed only as Kafka tells it, whoever appended it (G1, G7)."""

from base64 import b64decode
from pathlib import Path

import orjson
import pytest

from services.audit.append import Appender
from services.audit.cut import WriterAtWork, cut
from services.audit.envelope import marker
from services.audit.errors import LedgerDamaged, NotTold, WriterStops
from shared.canonical import canonical
from shared.events import new_id
from shared.tiles import frame
from tests.services.audit.rig import AUDIT, NOTIFY, TIME, Rig, event, first
from tests.services.audit.test_restarts import delete_topics

SIGNED = 4


async def left_unsigned(rig: Rig, *values: bytes) -> None:
    """A ledger of SIGNED entries, and beyond them these messages: appended by a writer that died before it signed."""
    await rig.seal(rig.founding, *(event() for _ in range(SIGNED - 1)), size=SIGNED)
    await rig.send(*values)
    await rig.killed_at("appended")
    assert (await rig.signed(), len(await rig.entries())) == (SIGNED, SIGNED + len(values))


async def put(rig: Rig, *entries: bytes) -> None:
    """Exactly these beyond the newest head, with all that is kept of them, by the database's owner."""
    async with rig.database() as owner:
        signed = await rig.signed()
        await owner.execute(f"DELETE FROM fragment WHERE first >= {signed}")
        await owner.execute(f"DELETE FROM seen WHERE idx >= {signed}")
        for index, entry in enumerate(entries, signed):
            said = orjson.loads(entry)
            await owner.execute(
                "INSERT INTO seen VALUES ($1, $2, sha256($3), $4)",
                said["id"], said["source"].rpartition(":")[2], entry, index,
            )  # fmt: skip
        if entries:
            await owner.execute("INSERT INTO fragment VALUES ($1, $2)", signed, frame(entries))
        await owner.execute(
            'UPDATE "offset" SET size = $1 WHERE size = (SELECT max(size) FROM "offset")', signed + len(entries)
        )


async def refuses(rig: Rig, sentence: str, kind: type[WriterStops] = NotTold) -> None:
    signed = await rig.signed()
    with pytest.raises(kind, match=sentence):
        await rig.run()
    assert await rig.signed() == signed


async def goes_on(rig: Rig, size: int) -> list[bytes]:
    async with rig.writing() as task:
        await first(rig.until_signed(size), task)
    return await rig.demand_whole()


async def test_g7_an_entry_appended_by_the_owner_is_not_signed(rig: Rig) -> None:
    await rig.seal(rig.founding, *(event() for _ in range(SIGNED - 1)), size=SIGNED)
    await put(rig, event())
    await refuses(rig, rf"entry {SIGNED} .* never signed")


async def test_g7_an_entry_appended_behind_what_a_writer_left_is_not_signed(rig: Rig) -> None:
    told = [event(), event()]
    await left_unsigned(rig, *told)
    await put(rig, *told, event())
    await refuses(rig, f"entry {SIGNED + 2} ")


async def test_g7_an_entry_in_the_place_of_one_that_a_writer_left_is_not_signed(rig: Rig) -> None:
    told = [event(), event(), event()]
    await left_unsigned(rig, *told)
    await put(rig, told[0], canonical(orjson.loads(told[1]) | {"outcome": "refused"}), told[2])
    await refuses(rig, f"entry {SIGNED + 1} ")


async def test_g7_entries_in_another_order_than_their_topics_are_not_signed(rig: Rig) -> None:
    told = [event(), event()]
    await left_unsigned(rig, *told)
    await put(rig, *reversed(told))
    await refuses(rig, f"entry {SIGNED} ")


@pytest.mark.parametrize(
    ("dropped", "kind", "sentence"),
    [
        (0, NotTold, f"entry {SIGNED} "),
        (1, LedgerDamaged, "read further than"),
        (2, LedgerDamaged, "not in the ledger"),
    ],
)
async def test_g1_nothing_is_signed_from_which_a_message_was_dropped(
    rig: Rig, dropped: int, kind: type[WriterStops], sentence: str
) -> None:
    """The last message of three, where `offset` says that all was read: a repeat, or one that would be the third."""
    told = [event(), event()]
    last = [event()] if dropped == 2 else [told[0]]
    await rig.seal(rig.founding, *(event() for _ in range(SIGNED - 1)), size=SIGNED)
    await rig.send(*told, *last)
    await rig.killed_at("appended")
    entries = (await rig.entries())[SIGNED:]
    assert len(entries) == 2 + (dropped == 2)
    del entries[dropped]
    if not dropped:
        await rig.execute(
            'UPDATE "offset" SET sha256 = sha256($1), kafka_offset = kafka_offset - 1 WHERE size > 4', told[1]
        )
    await put(rig, *entries)
    await refuses(rig, sentence, kind)


async def test_g1_what_a_writer_left_of_both_topics_with_repeats_and_noise_is_signed(rig: Rig) -> None:
    repeated = event()
    await rig.seal(rig.founding, repeated, size=2)
    twice = event()
    await rig.send(event(NOTIFY), event(NOTIFY, event_id=new_id()), b"not an event", topic=rig.kafka.notify_topic)
    await rig.send(repeated, twice, b"noise", twice, b"noise", event())
    await rig.killed_at("appended")
    before = await rig.entries()
    assert await rig.signed() == 2 < len(before)
    entries = await goes_on(rig, 9)
    assert entries[: len(before)] == before


async def test_g7_a_marker_of_the_owners_own_is_not_signed(rig: Rig) -> None:
    await left_unsigned(rig, b"noise")
    [old] = (await rig.entries())[SIGNED:]
    place = orjson.loads(old)["data"]
    made = marker(place["topic"], place["offset"], b"another", source=AUDIT, time=TIME).to_bytes()
    await put(rig, made)
    await rig.execute("""UPDATE "foreign" SET bytes = 'another', sha256 = sha256('another')""")
    await rig.execute("""UPDATE "offset" SET sha256 = sha256('another') WHERE size = $1""", SIGNED + 1)
    await refuses(rig, f"entry {SIGNED} ")


async def test_g7_a_founding_that_nobody_sent_is_not_signed(rig: Rig) -> None:
    await rig.make_topics()
    await put(rig, rig.founding)
    await refuses(rig, "entry 0 ")
    await rig.send(rig.founding)
    assert await goes_on(rig, 1) == [rig.founding]


async def test_g1_in_another_kafka_it_is_signed_once_its_sources_published_it_again(rig: Rig) -> None:
    told = [event(), event()]
    await left_unsigned(rig, *told)
    await delete_topics(rig)
    await rig.make_topics()
    await refuses(rig, f"entry {SIGNED} .*{rig.kafka.custody_topic}")
    new = event()
    await rig.send(*told, new)
    assert (await goes_on(rig, SIGNED + 3))[SIGNED:] == [*told, new]


async def test_what_is_taken_out_is_kept_and_read_anew(rig: Rig, tmp_path: Path) -> None:
    told = [event(), b"noise", event()]
    await left_unsigned(rig, *told)
    before = await rig.entries()
    await put(rig, *before[SIGNED:], event())
    stored = await rig.entries()
    async with rig.database() as owner:
        assert await cut(owner, tmp_path / "cut") == (SIGNED, SIGNED + 4)
        await rig.killed_at("appended")
        with pytest.raises(FileExistsError):
            await cut(owner, tmp_path / "cut")
    assert (await rig.signed(), len(await rig.entries())) == (SIGNED, SIGNED + 3), "an error takes nothing out"
    lines = [orjson.loads(line) for line in (tmp_path / "cut").read_bytes().splitlines()]
    assert [(line["index"], b64decode(line["entry"])) for line in lines] == list(enumerate(stored[SIGNED:], SIGNED))
    assert [b64decode(line["message"]) for line in lines if "message" in line] == [b"noise"]
    entries = await goes_on(rig, SIGNED + 3)
    assert [entries[SIGNED], entries[SIGNED + 2]] == [told[0], told[2]]


async def test_what_is_signed_is_not_taken_out_nor_is_a_writer_cut_off(rig: Rig, tmp_path: Path) -> None:
    values = [rig.founding, *(event() for _ in range(299))]
    await rig.seal(*values, size=300)
    await rig.send(*(more := [event() for _ in range(300)]))
    async with rig.database() as owner:
        assert await cut(owner, tmp_path / "none") == (300, 300)
        await rig.killed_at("appended")
        assert await cut(owner, tmp_path / "cut") == (300, 600)
        async with rig.writing() as task:
            await first(rig.until_signed(600), task)
            with pytest.raises(WriterAtWork):
                await cut(owner, tmp_path / "third")
    assert await rig.demand_whole() == [*values, *more]


async def test_g7_what_was_changed_between_append_and_signature_is_not_signed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rig.seal(rig.founding, size=1)
    append = Appender.append

    async def with_an_owner_beside(*given: object, **more: object) -> object:
        new = await append(*given, **more)  # type: ignore[arg-type]
        await put(rig, event(), event())
        return new

    monkeypatch.setattr(Appender, "append", with_an_owner_beside)
    await rig.send(event(), event())
    await refuses(rig, "stored at index 1 ", LedgerDamaged)
