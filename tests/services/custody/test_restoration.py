"""Custody's database set back (G1, G8): behind the log it says yes to a hold and not yet to all else, takes its facts
back byte for byte, and knows the keys that they were recorded under.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.custody.behind import RESTORED
from services.custody.loops.intake import FOREIGN, Intake
from services.custody.loops.taking_back import TAKING_BACK
from services.custody.queries.reader import reading
from services.custody.queries.samples import sample as read_sample
from services.custody.rebuild import check
from services.custody.rules.hold import LiftHold, PlaceHold
from services.custody.rules.person import RegisterPerson
from services.custody.tables import METADATA, POSITION
from shared.accounts import command_hash, subject_of
from shared.commands import Answer
from shared.database import engine
from shared.events import Event, new_id
from shared.outside import NOTHING, SealedIndexGlance
from shared.problems import Problem
from shared.reader_position import load_position
from shared.sealed import fresh
from shared.sealed_batch import Head, SealedBatch
from tests.services.custody.scene import SOURCE, Scene, principal
from tests.shared.dumps import Dump, dump, restore
from tests.shared.sealed_topics import Log


@dataclass
class Setting:
    """A founded custody with a ledger that holds all it recorded; `set_back` forgets what came after a mark."""

    scene: Scene
    worker: AsyncEngine
    owner: AsyncEngine
    folder: Path
    log: Log = field(default_factory=Log)
    restoring: bool = False

    def __post_init__(self) -> None:
        self.intake = Intake(self.worker, SOURCE, lambda: self.restoring)
        self.glance = SealedIndexGlance(self.folder)

    async def seal(self) -> None:
        """The ledger takes everything recorded that it has not, under one head, and custody reads it."""
        known = set(self.log.entries)
        events = [event.to_bytes() for event in await self.scene.events()]
        await self.read([raw for raw in events if raw not in known])

    async def read(self, entries: Sequence[bytes]) -> None:
        self.log.entries += entries
        self.log.heads.append(len(self.log.entries))
        await self.take(self.log.heads[-1])

    async def take(self, size: int) -> None:
        """Custody reads the ledger from where it stands up to a head."""
        async with self.worker.connect() as connection:
            before = await load_position(connection, POSITION)
        entries, head = self.log.entries[before.size : size], Head(size, self.log.root(size), self.log.note(size))
        await self.intake.take(SealedBatch(before, entries, head, 0, {}, -1))
        remembered = max([size, self.remembered()])
        (self.folder / "sealed-index").write_text(self.log.note(remembered))

    def remembered(self) -> int:
        return self.glance.remembered().size or 0

    async def dump(self) -> Dump:
        return await dump(self.owner, METADATA)

    async def restore(self, dumped: Dump) -> None:
        await restore(self.owner, METADATA, dumped)

    async def begin(self) -> None:
        async with self.worker.begin() as connection:
            await connection.execute(text("INSERT INTO restoration (held) VALUES (0)"))
        self.restoring = True

    async def end(self) -> None:
        async with self.worker.begin() as connection:
            assert await TAKING_BACK.left(connection) == []
            await connection.execute(text("UPDATE restoration SET ended_at = clock_timestamp()"))
        self.restoring = False

    async def do(self, who: str, command: Any, **given: Any) -> Answer:
        return await self.scene.do(who, command, glance=self.glance, **given)

    async def rows(self, sql: str) -> Any:
        async with self.owner.connect() as connection:
            return (await connection.execute(text(sql))).all()


@pytest.fixture
async def setting(founded: Scene, custody_database: dict[str, str], tmp_path: Path) -> AsyncIterator[Setting]:
    founded.open()
    worker, owner = engine(custody_database["worker"]), engine(custody_database["owner"])
    made = Setting(founded, worker, owner, tmp_path)
    before = await made.dump()
    (tmp_path / "sealed-index").write_text(NOTHING)
    await made.seal()
    yield made
    await made.restore(before)
    for pool in (founded.engine, worker, owner):
        await pool.dispose()


def hold(sample: str, who: str = "court", key: str | None = None) -> tuple[PlaceHold, str]:
    key = key or new_id()
    identifier = subject_of(command_hash(principal(who).account, key))
    return PlaceHold(id=identifier, sample=sample, reason=fresh("reason", "Retesting.")), key


def refused(raised: pytest.ExceptionInfo[Problem]) -> tuple[int, str]:
    return raised.value.status, raised.value.code


def a_person() -> RegisterPerson:
    return RegisterPerson(id=new_id(), person_name=fresh("person_name", "Eva Luna"))


async def test_g1_what_the_log_holds_comes_back_byte_for_byte_and_state_follows(setting: Setting) -> None:
    sample = await setting.scene.registered()
    await setting.seal()
    backup = await setting.dump()
    offer = await setting.scene.offered(sample)
    later = await setting.scene.registered()
    assert (await setting.scene.do("defence", a_person())).status == 403
    await setting.seal()
    wanted = await setting.scene.events()
    await setting.restore(backup)
    assert len(await setting.scene.events()) < len(wanted)
    await setting.begin()
    for size in range(len(setting.log.entries) - 3, len(setting.log.entries) + 1):
        await setting.take(size)
    await setting.end()
    assert [event.to_bytes() for event in await setting.scene.events()] == [event.to_bytes() for event in wanted]
    assert (await check(setting.owner)).differences == []
    assert len(await setting.rows("SELECT 1 FROM sealed")) == len(wanted)
    assert {str(row.subject) for row in await setting.rows(
        "SELECT subject FROM event JOIN taken_back ON event_id = event.id"
    )} == {f"sample/{sample}", f"offer/{offer}", f"sample/{later}", "None"}  # fmt: skip


async def test_g1_a_database_set_back_to_nothing_is_founded_again_by_the_log(setting: Setting) -> None:
    await setting.scene.registered()
    await setting.seal()
    wanted = [event.to_bytes() for event in await setting.scene.events()]
    await setting.restore({table: [] for table in METADATA.tables})
    await setting.begin()
    await setting.take(len(setting.log.entries))
    await setting.end()
    assert [event.to_bytes() for event in await setting.scene.events()] == wanted
    assert (await check(setting.owner)).differences == []
    await setting.do("lab", setting.scene.sample())


async def test_g1_a_key_used_before_the_restoration_answers_what_it_answered_and_records_nothing(
    setting: Setting,
) -> None:
    backup = await setting.dump()
    register, key, other = setting.scene.sample(), new_id(), new_id()
    first = await setting.do("lab", register, key=key, said="register")
    refusal = await setting.do("defence", a_person(), key=other, said="no")
    assert (first.status, refusal.status) == (201, 403)
    await setting.seal()
    await setting.restore(backup)
    await setting.begin()
    await setting.take(len(setting.log.entries))
    await setting.end()
    events = len(await setting.scene.events())
    again = await setting.do("lab", setting.scene.sample(), key=key, said="register")
    told, before = json.loads(again.body), json.loads(first.body)
    assert (again.status, again.headers) == (first.status, first.headers)
    assert told.pop("replayed") == RESTORED
    assert len(told.pop("promises")) == len(before.pop("promises")) == 1
    assert told == before
    assert (await setting.do("lab", setting.scene.sample(), key=key, said="register")).body == again.body
    once_more = await setting.do("defence", a_person(), key=other, said="no")
    told, before = json.loads(once_more.body), json.loads(refusal.body)
    assert (once_more.status, told["type"], told["target"]) == (refusal.status, before["type"], before["target"])
    assert told["replayed"] == RESTORED
    for who, command, used in (("lab", a_person(), key), ("lab", setting.scene.sample(), key)):
        with pytest.raises(Problem) as raised:
            await setting.do(who, command, key=used, said="another")
        assert raised.value.code == "key-reused", who
    assert len(await setting.scene.events()) == events


@pytest.mark.parametrize("how", ["the file says more", "the file is gone", "the file cannot be read", "it is not over"])
async def test_g3_behind_the_log_a_hold_is_taken_and_all_else_is_not_yet(setting: Setting, how: str) -> None:
    sample = await setting.scene.registered()
    await setting.seal()
    if how == "the file says more":
        await setting.rows("SELECT 1")
        (setting.folder / "sealed-index").write_text(f"cadena.example/test\n{len(setting.log.entries) + 1}\nroot\n")
    elif how == "the file is gone":
        (setting.folder / "sealed-index").unlink()
    elif how == "the file cannot be read":
        (setting.folder / "sealed-index").write_text("noise")
    else:
        await setting.begin()
    command, key = hold(sample)
    placed = await setting.do("court", command, key=key, said="hold")
    assert placed.status == 201
    for who, other in (
        ("lab", setting.scene.sample()),
        ("court", LiftHold(hold=command.id, reason=fresh("reason", "x"))),
        ("stranger", setting.scene.sample()),
        ("court", hold(new_id())[0]),
        ("lab_2", hold(sample)[0]),
    ):
        with pytest.raises(Problem) as raised:
            await setting.do(who, other)
        assert refused(raised) == (503, "behind-the-log")
        assert raised.value.headers["Retry-After"]
    again = await setting.do("court", command, key=key, said="hold")
    assert again.body == placed.body


async def test_g1_a_hold_sent_again_behind_the_log_is_the_same_hold(setting: Setting) -> None:
    sample = await setting.scene.registered()
    await setting.seal()
    backup = await setting.dump()
    command, key = hold(sample)
    first = await setting.do("court", command, key=key, said="hold")
    lift = LiftHold(hold=command.id, reason=fresh("reason", "Done."))
    await setting.do("court", lift)
    await setting.seal()
    await setting.restore(backup)
    await setting.begin()
    again = await setting.do("court", hold(sample, key=key)[0], key=key, said="hold")
    assert json.loads(again.body)["id"] == json.loads(first.body)["id"]
    foreign = FOREIGN._value.get()
    await setting.take(len(setting.log.entries))
    await setting.end()
    assert FOREIGN._value.get() == foreign
    [row] = await setting.rows("SELECT version, status FROM hold")
    assert tuple(row) == (2, "lifted")
    assert (await check(setting.owner)).differences == []
    await setting.seal()
    assert await setting.rows("SELECT 1 FROM event WHERE id NOT IN (SELECT event_id FROM sealed)") == []


async def test_g1_an_entry_waits_for_its_subjects_predecessor(setting: Setting) -> None:
    backup = await setting.dump()
    sample = await setting.scene.registered()
    await setting.scene.offered(sample)
    facts = [event.to_bytes() for event in (await setting.scene.events())[-3:]]
    born, made, offered = facts
    await setting.restore(backup)
    await setting.begin()
    await setting.read([offered, made])
    assert len(await setting.rows("SELECT 1 FROM waiting")) == 1
    assert await setting.scene.events(f"sample/{sample}") == []
    await setting.read([born])
    await setting.end()
    assert [event.sequence for event in await setting.scene.events(f"sample/{sample}")] == [1, 2]
    assert (await check(setting.owner)).differences == []
    assert await setting.rows("SELECT 1 FROM event WHERE id NOT IN (SELECT event_id FROM sealed)") == []


async def test_nothing_in_an_entry_stops_the_taking_back(setting: Setting) -> None:
    event = (await setting.scene.events())[-1]

    def forged(**members: Any) -> bytes:
        changed = event.model_dump(mode="json", exclude_none=True) | {"id": new_id(), "command": f"{hash(str(members)) & 0xFFFF:064x}"}  # fmt: skip
        return Event.model_validate(changed | members).to_bytes()

    await setting.begin()
    before, foreign = len(await setting.scene.events()), FOREIGN._value.get()
    await setting.read([
        forged(subject="case/no-uuid", sequence=1), forged(sequence=1), forged(ordinal=2**40), forged(outcome="refused"),
        forged(subject="ghost/0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b", sequence=1), b'{"source":"%s"}' % SOURCE.encode(),
        forged(type="org.cadena.custody.case.dreamt.v1"), forged(data={}),
    ])  # fmt: skip
    assert len(await setting.scene.events()) == before
    assert FOREIGN._value.get() == foreign + 7
    assert (await check(setting.owner)).differences == []


async def test_a_text_that_is_newer_than_the_backup_is_lost_and_its_digest_kept(setting: Setting) -> None:
    backup = await setting.dump()
    sample = await setting.scene.registered()
    await setting.seal()
    await setting.restore(backup)
    await setting.begin()
    await setting.take(len(setting.log.entries))
    await setting.end()
    async with reading(setting.scene.engine, principal("lab").account, setting.glance) as reader:
        found = await read_sample(reader, sample)
    assert found["collected_place"] is None
    assert found["sealed"]["collected_place"].startswith("sha256:")
    assert found["lost"] == ["collected_place"]


async def test_g12_behind_the_log_reads_are_answered_and_what_is_not_there_is_not_yet(setting: Setting) -> None:
    sample = await setting.scene.registered()
    await setting.seal()
    (setting.folder / "sealed-index").write_text(f"cadena.example/test\n{len(setting.log.entries) + 1}\nroot\n")
    async with reading(setting.scene.engine, principal("lab").account, setting.glance) as reader:
        assert reader.behind
        assert (await read_sample(reader, sample))["id"] == sample
    for who, wanted in (("lab", new_id()), ("stranger", sample), ("lab_2", sample)):
        with pytest.raises(Problem) as raised:
            async with reading(setting.scene.engine, principal(who).account, setting.glance) as reader:
                await read_sample(reader, wanted)
        assert refused(raised) == (503, "behind-the-log")


async def test_g1_two_who_send_one_hold_behind_the_log_place_one(setting: Setting) -> None:
    sample = await setting.scene.registered()
    await setting.seal()
    await setting.begin()
    key = new_id()
    answers = await asyncio.gather(
        *(setting.do("court", hold(sample, key=key)[0], key=key, said="hold") for _ in range(4))
    )
    assert len({answer.body for answer in answers}) == 1
    assert len(await setting.rows("SELECT 1 FROM hold")) == 1
