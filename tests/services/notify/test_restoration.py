"""Notify's database set back (G1, G8): behind the log nobody is told anything; then its own facts are back, no notice
goes out under a second Message-ID, and what is lost is said to be lost.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.notify.channels.mail import Outcome, Taken
from services.notify.loops.deliver import Deliver
from services.notify.loops.intake import FOREIGN, Intake
from services.notify.loops.restored import restored
from services.notify.tables import METADATA
from shared.events import Event, new_id
from shared.facts.notices import NoticeLost, NoticePlanned, NoticeUnaddressed
from shared.outside import NOTHING, SEALED_INDEX, SealedIndexGlance
from shared.sealed_batch import SealedBatch
from tests.services.notify.conftest import Client
from tests.services.notify.facts import CUSTODY, NOTIFY, item, proposal, sha256
from tests.services.notify.test_intake import give_and_verify
from tests.services.notify.world import SENDER, World
from tests.shared.dumps import Dump, dump, restore


class Channel:
    """A mail server that takes everything."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    async def send(self, recipient: str, message: bytes) -> Outcome:
        self.sent.append(message)
        return Taken()


@dataclass
class Setting:
    """Ana is counsel of one case; what is sealed is kept, to be read again by a database that was set back."""

    world: World
    owner: AsyncEngine
    folder: Path
    ana: str = ""
    case: str = ""
    batches: list[SealedBatch] = field(default_factory=list)
    channel: Channel = field(default_factory=Channel)

    async def begin(self) -> None:
        seal = self.world.ledger.seal

        def kept(entries: Any) -> SealedBatch:
            self.batches.append(seal(entries))
            return self.batches[-1]

        self.world.ledger.seal = kept  # type: ignore[method-assign]
        self.deliver = Deliver(self.world.engine, NOTIFY, self.channel, glance=SealedIndexGlance(self.folder))
        self.ana = await self.world.account("ana", "defence")
        self.case = await self.world.case(self.ana)

    async def propose(self) -> str:
        fact = proposal(item(self.case, self.world.lab), recipients={self.ana: self.case})
        return (await self.world.propose(fact))[0]

    async def backup(self) -> tuple[Dump, int]:
        return await dump(self.owner, METADATA), len(self.batches)

    async def set_back(self, backup: tuple[Dump, int]) -> None:
        """Restore, open a restoration, and read the log again, with its own facts in it."""
        await self.world.seal_own()
        dumped, read = backup
        await restore(self.owner, METADATA, dumped)
        async with self.world.engine.begin() as connection:
            await connection.execute(text("INSERT INTO restoration (held) VALUES (0)"))
        assert not await self.deliver.one(), "behind the log nothing is sent"
        again = Intake(self.world.engine, CUSTODY, NOTIFY, SENDER, lambda: True)
        foreign, planned = FOREIGN._value.get(), len(await self.world.own_facts("notice"))
        for batch in self.batches[read:]:
            await again.take(batch)
        assert FOREIGN._value.get() == foreign
        assert planned <= len(await self.world.own_facts("notice"))
        assert not await self.deliver.one(), "still behind"

    async def end(self) -> None:
        async with self.world.engine.begin() as connection:
            await restored(connection, NOTIFY, SENDER)
            await connection.execute(text("UPDATE restoration SET ended_at = clock_timestamp()"))

    async def facts(self, kind: str = "notice") -> list[Event]:
        return await self.world.own_facts(kind)


@pytest.fixture
async def setting(world: World, owner: AsyncEngine, tmp_path: Path) -> Setting:
    (tmp_path / "state").mkdir(exist_ok=True)
    (tmp_path / "state" / SEALED_INDEX).write_text(NOTHING)
    made = Setting(world, owner, tmp_path / "state")
    await made.begin()
    return made


def ids(messages: list[bytes]) -> set[str]:
    return {message_from_bytes(raw)["Message-ID"] for raw in messages}


async def test_g1_a_notice_that_a_server_took_before_is_not_sent_again_and_not_planned_again(setting: Setting) -> None:
    await give_and_verify(setting.world, setting.owner, setting.ana)
    backup = await setting.backup()
    await setting.propose()
    await setting.world.seal_own()
    assert await setting.deliver.one()
    wanted = [event.to_bytes() for event in await setting.facts()]
    assert len(wanted) == 2
    await setting.set_back(backup)
    await setting.end()
    assert [event.to_bytes() for event in await setting.facts()] == wanted
    assert not await setting.deliver.one()
    assert len(setting.channel.sent) == 1
    [row] = await setting.world.rows("SELECT status, version FROM notice")
    assert tuple(row) == ("accepted", 2)


async def test_g1_a_notice_that_waits_in_the_backup_and_was_taken_since_is_not_sent_again(setting: Setting) -> None:
    await give_and_verify(setting.world, setting.owner, setting.ana)
    await setting.propose()
    backup = await setting.backup()
    assert await setting.deliver.one()
    await setting.set_back(backup)
    await setting.end()
    assert not await setting.deliver.one()
    [row] = await setting.world.rows("SELECT state, attempts FROM delivery")
    assert tuple(row) == ("accepted", 1)


async def test_g1_a_mail_that_is_gone_is_made_again_byte_for_byte_under_its_one_message_id(setting: Setting) -> None:
    await give_and_verify(setting.world, setting.owner, setting.ana)
    backup = await setting.backup()
    await setting.propose()
    [before] = [row.message for row in await setting.world.rows("SELECT message FROM delivery")]
    await setting.set_back(backup)
    await setting.end()
    assert await setting.deliver.one()
    assert setting.channel.sent == [before]
    [planned, accepted] = await setting.facts()
    fact = planned.fact()
    assert isinstance(fact, NoticePlanned)
    assert fact.message_sha256 == sha256(before)
    assert accepted.subject == planned.subject


async def test_g4_an_address_newer_than_the_backup_is_lost_and_what_hung_on_it_is_said_to_be(setting: Setting) -> None:
    backup = await setting.backup()
    await give_and_verify(setting.world, setting.owner, setting.ana)
    await setting.propose()
    await setting.set_back(backup)
    await setting.end()
    [planned, lost] = await setting.facts()
    assert isinstance(lost.fact(), NoticeLost)
    assert (lost.subject, lost.cause) == (planned.subject, planned.id)
    [row] = await setting.world.rows("SELECT verified IS NOT NULL AS known, given_mail, verified_mail FROM party")
    assert tuple(row) == (True, None, None)
    later = await setting.propose()
    [*_, unaddressed] = await setting.facts()
    fact = unaddressed.fact()
    assert isinstance(fact, NoticeUnaddressed)
    assert fact.proposal == later
    await give_and_verify(setting.world, setting.owner, setting.ana, "ana.nueva@example.org")
    await setting.world.seal_own()
    while await setting.deliver.one():
        pass
    assert len(setting.channel.sent) == 2, "one for each open proposal, at the address given again"
    assert len(ids(setting.channel.sent)) == 2


async def test_g4_who_was_due_and_not_told_before_the_database_was_set_back_is_told_at_the_end(
    setting: Setting,
) -> None:
    await give_and_verify(setting.world, setting.owner, setting.ana)
    await setting.world.seal_own()
    backup = await setting.backup()
    fact = proposal(item(setting.case, setting.world.lab), recipients={setting.ana: setting.case})
    made = setting.world.fact(f"proposal/{new_id()}", fact)
    setting.world.ledger.seal([made.to_bytes()])  # sealed, and not yet read
    await restore(setting.owner, METADATA, backup[0])
    async with setting.world.engine.begin() as connection:
        await connection.execute(text("INSERT INTO restoration (held) VALUES (0)"))
    again = Intake(setting.world.engine, CUSTODY, NOTIFY, SENDER, lambda: True)
    await again.take(setting.batches[-1])
    assert await setting.facts("notice.planned") == []
    await setting.end()
    [planned] = await setting.facts("notice.planned")
    assert planned.cause == made.id
    assert await setting.deliver.one()


async def test_g1_behind_the_log_the_api_says_not_yet_and_afterwards_the_key_is_known(
    setting: Setting, client: Callable[[str], Client]
) -> None:
    backup = await setting.backup()
    key, body = new_id(), {"address": "ana@example.org", "language": "es"}
    first = await client("ana").post("/v1/parties", body, key)
    assert first.status_code == 201
    await setting.set_back(backup)
    behind = await client("ana").post("/v1/parties", body, new_id())
    assert (behind.status_code, behind.json()["type"]) == (503, "urn:cadena:problem:behind-the-log")
    read = await client("ana").get(f"/v1/parties/{setting.ana}")
    assert (read.status_code, read.headers["Cadena-Behind-The-Log"]) == (200, "true")
    await setting.end()
    facts = len(await setting.facts("notify"))
    again = await client("ana").post("/v1/parties", body, key)
    told, before = again.json(), first.json()
    assert told.pop("replayed") == "restored"
    assert (again.status_code, again.headers["ETag"]) == (201, first.headers["ETag"])
    assert len(told.pop("promises")) == len(before.pop("promises")) == 1
    assert told == before
    assert len(await setting.facts("notify")) == facts
    reused = await client("ana").post("/v1/subscriptions", {"case": setting.case}, key)
    assert reused.status_code == 422
    read = await client("ana").get(f"/v1/parties/{setting.ana}")
    assert read.json()["address"] is None
    assert "Cadena-Behind-The-Log" not in read.headers
