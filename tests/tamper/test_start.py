"""G7, on a live ledger: what the verifier cannot see, for it is not published, the writer finds before it goes on."""

import asyncio
from contextlib import suppress

import pytest

from services.audit.errors import WriterStops
from services.audit.writer import Writer
from tests.services.audit.rig import Rig, alarms, event, first, until
from tests.tamper.defect import Deed, statement
from tests.tamper.ledger import FOREIGN, HEADS, Ledger
from tests.tamper.owner import Owner

SIZE = HEADS[-1]


async def a_fragment_beside_its_bundle(owner: Owner) -> None:
    await owner.execute("UPDATE fragment SET bytes = set_byte(bytes, 40, get_byte(bytes, 40) # 1) WHERE first = 300")


REFUSALS: dict[str, tuple[Deed, str]] = {
    "seen: a digest changed": (
        statement("UPDATE seen SET sha256 = sha256('x'::bytea) WHERE idx = 417"), r"seen.* index 417 "),
    "seen: a row removed": (statement("DELETE FROM seen WHERE idx = 255"), r"seen.* index 255"),
    "seen: a row inserted": (
        statement(f"INSERT INTO seen VALUES (gen_random_uuid(), 'custody', sha256('x'), {SIZE})"), rf"seen.* {SIZE} "),
    "seen: a row said of another index": (
        statement("UPDATE seen SET idx = 393 WHERE idx = 799"), r"seen.* index 393$"),
    "offset: a digest changed": (
        statement("""UPDATE "offset" SET sha256 = sha256('x') WHERE size = 511"""), "offset.* not in the ledger"),
    "offset: its newest row removed": (
        statement(f'DELETE FROM "offset" WHERE size = {SIZE}'), f"offset.* 800 entries, while {SIZE}"),
    "offset: a size changed": (
        statement(f'UPDATE "offset" SET size = 850 WHERE size = {SIZE}'), f"offset.* 850 entries, while {SIZE}"),
    "fragment: changed beside its bundle": (a_fragment_beside_its_bundle, "fragment .* index 300"),
    "fragment: removed": (statement("DELETE FROM fragment WHERE first = 800"), "800"),
    "bundle: removed where fragments stand in for it": (statement("DELETE FROM bundle WHERE n = 1"), "full bundle"),
    "bundle: removed": (statement("DELETE FROM bundle WHERE n = 2"), "index 512"),
    "bundle: an entry changed": (lambda owner: owner.replace(100), "index 100"),
    "tile: removed": (statement("DELETE FROM tile WHERE n = 1"), "full tile of level 0"),
    "tile: a hash changed": (lambda owner: owner.put_hash(100, bytes(32)), f"root of size {SIZE}"),
    "tile: one too many": (
        statement("INSERT INTO tile SELECT 1, 0, bytes FROM tile WHERE n = 0"), "full tile of level 1"),
    "head: the root of an older one": (
        statement("UPDATE head SET root = sha256('x') WHERE size = 300"), "size 300 and its note"),
    "head: the note of an older one": (
        statement("UPDATE head SET note = replace(note, E'\\n300\\n', E'\\n299\\n') WHERE size = 300"), "size 300 and"),
    "head: the newest removed": (statement(f"DELETE FROM head WHERE size = {SIZE}"), f"head of size {SIZE}"),
    "head: the newest one's time": (
        statement(f"UPDATE head SET cosignature = (SELECT cosignature FROM head WHERE size = 1) WHERE size = {SIZE}"),
        f"size {SIZE} is not as it was signed"),
    "foreign: a byte changed": (
        statement("""UPDATE "foreign" SET bytes = '\\x00'"""), f"foreign.* index {FOREIGN} "),
    "foreign: a message of the owner's own": (
        statement("""UPDATE "foreign" SET bytes = '\\x00', sha256 = sha256('\\x00')"""), f"foreign.* index {FOREIGN} "),
    "foreign: removed": (statement('DELETE FROM "foreign"'), f"foreign.* index {FOREIGN} "),
    "an entry with all that is derived from it": (lambda owner: owner.everywhere(100), f"root of size {SIZE}"),
    "the tail with its heads": (lambda owner: owner.cut(511), f"signed a head of size {SIZE}.* 511 at most"),
}  # fmt: skip


async def test_it_goes_on_from_an_untouched_one(ledger: Ledger) -> None:
    await go_on(ledger.rig)


@pytest.mark.parametrize("name", REFUSALS)
async def test_g7_the_writer_does_not_go_on_from_a_changed_ledger(ledger: Ledger, name: str) -> None:
    deed, sentence = REFUSALS[name]
    async with ledger.owner() as owner:
        await deed(owner)
    with pytest.raises(WriterStops, match=sentence):
        await go_on(ledger.rig)


async def go_on(rig: Rig) -> None:
    """Start a writer; return as soon as it reads from Kafka, or raise what it ends by."""
    writer, stop = rig.writer(), asyncio.Event()
    task = asyncio.create_task(writer.run(stop))
    try:
        await until(lambda: goes_on(writer, task), bool)
    finally:
        stop.set()
        await task


async def goes_on(writer: Writer, task: "asyncio.Task[None]") -> bool:
    with suppress(RuntimeError):
        await writer.demand_session()
        return True
    return task.done()


async def test_g7_a_place_moved_back_is_not_there_so_all_is_read_again_and_nothing_twice(ledger: Ledger) -> None:
    """`offset` moved to another message's place looks like another Kafka: a generation more, an alarm, no second leaf."""
    rig: Rig = ledger.rig
    before, stored = alarms("kafka-generation"), await rig.entries()
    async with ledger.owner() as owner:
        await owner.execute(f'UPDATE "offset" SET kafka_offset = kafka_offset - 1 WHERE size = {SIZE}')
    async with rig.writing() as task:
        await first(rig.send(new := event()), task)
        await first(rig.until_signed(SIZE + 1), task)
    assert alarms("kafka-generation") == before + 1
    assert await rig.demand_whole() == [*stored, new]
