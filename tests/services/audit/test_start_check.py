"""Each stored copy that the writer relies on, changed by the database's owner: found at the next start (G7)."""

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.audit import check, store
from services.audit.errors import WriterStops
from shared.kafka import KafkaConfig
from tests.conftest import Templates
from tests.services.audit.rig import Rig, event


@pytest.fixture(scope="module")
def ledger(
    database_templates: Templates, kafka_broker: KafkaConfig, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rig]:
    """A ledger of 300 entries, one of them foreign, made once; each test breaks a copy of its database."""
    folder: Path = tmp_path_factory.mktemp("ledger")
    for urls in database_templates.copy("audit"):
        rig = Rig(urls, kafka_broker, f"t{secrets.token_hex(4)}.", folder)
        asyncio.run(fill(rig))
        yield rig


async def fill(rig: Rig) -> None:
    await rig.seal(rig.founding, *(event() for _ in range(199)), size=200)
    await rig.seal(*(event() for _ in range(99)), b"noise", size=300)


DEFECTS = {
    "seen: a digest changed": (
        "UPDATE seen SET sha256 = sha256('x'::bytea) WHERE idx = 17", r"seen.*index 17"),
    "seen: an id changed": (
        "UPDATE seen SET id = gen_random_uuid() WHERE idx = 299", r"seen.*index 299"),
    "seen: a source changed": (
        "UPDATE seen SET source = 'notify' WHERE idx = 4", r"seen.*index 4"),
    "seen: an index changed": (
        "UPDATE seen SET idx = 300 WHERE idx = 5", r"seen.*index 5"),
    "seen: two rows swapped": (
        "UPDATE seen SET idx = 41 - idx WHERE idx IN (20, 21)", r"seen.*index 20"),
    "seen: a row removed": (
        "DELETE FROM seen WHERE idx = 255", r"seen.*index 255"),
    "seen: a row too many": (
        "INSERT INTO seen VALUES (gen_random_uuid(), 'custody', sha256('x'::bytea), 300)", r"seen.* 300 entries"),
    "seen: an index twice": (
        "INSERT INTO seen VALUES (gen_random_uuid(), 'custody', sha256('x'::bytea), 7)", r"seen.*index [78]"),
    "fragment: a byte changed beside its bundle": (
        "UPDATE fragment SET bytes = set_byte(bytes, 40, get_byte(bytes, 40) # 1) WHERE first = 1", r"index 1\b"),
    "fragment: bytes cut off": (
        "UPDATE fragment SET bytes = substr(bytes, 1, length(bytes) - 1) WHERE first = 1", r"index 1\b"),
    "fragment: an entry too many": (
        r"UPDATE fragment SET bytes = bytes || '\x000178' WHERE first = 1", r"fragment.*index 200"),
    "fragment: the open bundle's byte changed": (
        "UPDATE fragment SET bytes = set_byte(bytes, 40, get_byte(bytes, 40) # 1) WHERE first = 256",
        r"index 256"),
    "fragment: a row removed": (
        "DELETE FROM fragment WHERE first = 256", r"no entry|299|256|300"),
    "fragment: a row inserted": (
        r"INSERT INTO fragment VALUES (300, '\x000178')", r"seen.*index 300"),
    "bundle: a byte changed": (
        "UPDATE bundle SET bytes = set_byte(bytes, 40, get_byte(bytes, 40) # 1) WHERE n = 0", r"index 0"),
    "offset: a digest changed": (
        """UPDATE "offset" SET sha256 = sha256('x'::bytea) WHERE size = 300""", r"offset.*not in the ledger"),
    "offset: its newest row removed": (
        """DELETE FROM "offset" WHERE size = 300""", r"offset.*200 entries, while 300"),
    "offset: a size changed": (
        """UPDATE "offset" SET size = 299 WHERE size = 300""", r"offset.*299 entries, while 300"),
    "offset: a place moved on": (
        """INSERT INTO "offset" SELECT generation, topic, kafka_offset + 50, sha256, 0 FROM "offset" WHERE size = 300""",
        r"offset.*backwards"),
    "tile: removed": ("DELETE FROM tile", r"tile of level 0"),
    "tile: changed": (
        "UPDATE tile SET bytes = set_byte(bytes, 40, get_byte(bytes, 40) # 1)", r"root of size 300"),
    "head: its root changed": (
        "UPDATE head SET root = sha256('x'::bytea) WHERE size = 300", r"size 300"),
}  # fmt: skip


@pytest.mark.parametrize("name", DEFECTS)
async def test_g7_a_changed_copy_is_found_at_start(ledger: Rig, name: str) -> None:
    statement, sentence = DEFECTS[name]
    table = name.partition(":")[0]
    await ledger.execute(f'CREATE TABLE kept AS TABLE "{table}"')
    try:
        assert (await ledger.execute(statement)).split()[-1] != "0"
        with pytest.raises(WriterStops, match=sentence):
            await ledger.run()
    finally:
        await ledger.execute(f'TRUNCATE "{table}"; INSERT INTO "{table}" TABLE kept; DROP TABLE kept')


async def test_rows_of_seen_that_lie_in_another_order_are_sound(ledger: Rig) -> None:
    """As after an append that was rolled back: its room is given to later rows."""
    await ledger.execute("CREATE TABLE kept AS TABLE seen")
    await ledger.execute("TRUNCATE seen; INSERT INTO seen SELECT * FROM kept ORDER BY (idx + 150) % 300")
    assert await ledger.fetchval("SELECT idx FROM seen LIMIT 1") != 0
    async with ledger.database("writer") as connection, store.snapshot(connection):
        assert await check.demand_sound(connection) == 300
    await ledger.execute("TRUNCATE seen; INSERT INTO seen TABLE kept; DROP TABLE kept")


async def test_a_sound_ledger_starts(ledger: Rig) -> None:
    await ledger.seal(event(), size=301)
    await ledger.demand_whole()
