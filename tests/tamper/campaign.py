"""Random tampers one after the other, each undone: what `cadena-verify` and the writer's start check say of every one.

A tamper happens in a transaction that is rolled back. The verifier reads, in process, what audit's own app serves from
inside it. If a single served byte differs, the verifier must name every place that does, and none that does not; if
none does, it must find nothing, and the writer's start check must say what. Every SAMPLE-th is committed instead, and
judged by the program over HTTP, which must say the same. So a tamper that changed nothing would be one that nobody found.

Keys and ids are new in each run; what is done by a number, and where, depends on seed and number alone.
"""

import asyncio
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from cadena_verify.audit import Wanted, audit
from cadena_verify.notes import parse_vkey
from cadena_verify.report import Finding, Report
from cadena_verify.source import Unreadable

from services.audit import store
from services.audit.consume import find_place
from services.audit.fence import Fence
from services.audit.writer import Writer
from shared.kafka import Reader, reading
from tests.tamper import chance_entries, chance_rows
from tests.tamper.chance import SIZE, Deed, Tamper
from tests.tamper.fair import complaints
from tests.tamper.inside import Inside, app_within, reset
from tests.tamper.ledger import HEADS, Ledger
from tests.tamper.owner import Owner
from tests.tamper.said import said_by_writer
from tests.tamper.truth import Changed, Sound, compared

SAMPLE, UNTOUCHED = 50, 100
"""Every how many tampers one is judged by the program, and how often the untouched ledger is looked at again."""
DEEDS: tuple[Deed, ...] = (*chance_entries.DEEDS, *chance_rows.DEEDS)
PROGRAM_SECONDS = 120


@dataclass
class Tally:
    """What a run did and what was wrong with it."""

    seed: int
    deeds: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    """By what: the verifier, only with a memory of heads, the writer's start check."""
    codes: Counter[str] = field(default_factory=Counter)
    sampled: int = 0
    untouched: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def tampers(self) -> int:
        return self.deeds.total()


@asynccontextmanager
async def _rolled_back(connection: Any) -> AsyncIterator[None]:
    """Whatever is done in the block is undone. The writer's own snapshot fits into a transaction of this kind."""
    transaction = connection.transaction(isolation="repeatable_read")
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()


class Campaign:
    """Random tampers with one ledger, on one connection of its owner."""

    def __init__(self, ledger: Ledger, connection: Any, reader: Reader, folder: Path, seed: int) -> None:
        """`folder` is for the files of a reader and of a writer; nothing else may touch the ledger meanwhile."""
        self._ledger, self._connection, self._reader, self._folder = ledger, connection, reader, folder
        self._owner = Owner(connection)
        self._app = app_within(connection)
        self.tally = Tally(seed)
        self._sound: Sound | None = None

    async def run(self, numbers: range, tell: Callable[[Tally], None] = lambda _: None) -> Tally:
        """Tamper by number: each depends on the seed and its own number alone."""
        await self._look_at_untouched()
        for done, number in enumerate(numbers, 1):
            await self.one(number)
            if done % SAMPLE == 0:
                await self._by_program(number)
            if done % UNTOUCHED == 0:
                await self._look_at_untouched()
            tell(self.tally)
        await self._look_at_untouched()
        return self.tally

    def deed(self, number: int) -> tuple[Deed, Random]:
        """The deed of a number, and the chance by which it does it."""
        chance = Random(f"{self.tally.seed} {number}")
        return chance.choice(DEEDS), chance

    async def one(self, number: int) -> None:
        """One tamper, judged and rolled back."""
        deed, chance = self.deed(number)
        async with _rolled_back(self._connection):
            tamper = await deed(self._owner, chance)
            wrong = await self._judge(tamper)
        self.tally.deeds[deed.__name__] += 1
        self._blame(number, tamper, wrong)

    def _blame(self, number: int, tamper: Tamper, wrong: list[str]) -> None:
        again = f'make tamper ARGS="--seed {self.tally.seed} --only {number}"'
        self.tally.wrong += [f"{number}, {tamper.what}: {sentence}\n    {again}" for sentence in wrong]

    async def _judge(self, tamper: Tamper) -> list[str]:
        report, changed = await self._verified(remembering=tamper.remembered)
        if isinstance(report, str):
            return [f"cadena-verify could not read the log: {report}"]
        wrong = complaints(report, changed, self.sound)
        self.tally.codes.update({found.code for found in report.defects})
        if not changed.same:
            self.tally.found["with --seen" if tamper.remembered else "cadena-verify"] += 1
            if tamper.remembered and await self._found_without_memory():
                wrong.append("cadena-verify calls what is left unsound, though it is a sound log")
            return wrong if report.defects else [*wrong, "cadena-verify did not find it"]
        self.tally.found["writer"] += 1
        said = await said_by_writer(self._take_up)
        fits = tamper.writer and re.search(tamper.writer, said)
        return (
            wrong if fits else [*wrong, f"nothing served differs, and the writer says {said!r}, not {tamper.writer!r}"]
        )

    @property
    def sound(self) -> Sound:
        assert self._sound is not None
        return self._sound

    async def _found_without_memory(self) -> list[Finding]:
        report, _ = await self._verified(remembering=False)
        return report.defects if isinstance(report, Report) else []

    async def _verified(self, *, remembering: bool) -> tuple[Report | str, Changed]:
        source = Inside(reset(self._app, self._connection), asyncio.get_running_loop())
        keys = self._ledger.rig.keys
        seen = self._folder / "seen" if remembering else None
        wanted = Wanted(parse_vkey(keys.log.key.vkey), parse_vkey(keys.cosigner.key.vkey), seen=seen)
        try:
            report: Report | str = await asyncio.to_thread(audit, source, wanted)
        except Unreadable as error:
            report = str(error)
        return report, compared(self.sound, source.served) if self._sound else Changed()

    async def _look_at_untouched(self) -> None:
        """Neither the verifier, with a memory or without, nor the writer may find anything."""
        if self._sound is None:
            self._sound = await self._read_sound()
        wrong = list[str]()
        for remembering in (True, False):
            report, changed = await self._verified(remembering=remembering)
            if isinstance(report, str):
                wrong.append(report)
                continue
            wrong += [f"{found.code} at {found.place()}" for found in (*report.defects, *report.warnings)]
            wrong += [] if changed.same else ["another file was served"]
        async with _rolled_back(self._connection):
            wrong += [said] if (said := await said_by_writer(self._take_up)) else []
        self.tally.untouched += 1
        self.tally.wrong += [f"the untouched ledger: {sentence}" for sentence in wrong]

    async def _read_sound(self) -> Sound:
        source = Inside(self._app, asyncio.get_running_loop())
        checkpoint, listed = await asyncio.to_thread(
            lambda: (source.get("checkpoint"), source.get("v1/checkpoints"))
        )  # fmt: skip
        assert checkpoint is not None
        assert listed is not None
        return Sound(await store.entries(self._connection, 0, SIZE), checkpoint, listed, HEADS)

    async def _take_up(self) -> bool:
        """Start a writer on what the connection sees; whether it would read another Kafka anew. WriterStops."""
        rig = self._ledger.rig
        settings = rig.settings.model_copy(update={"state_dir": self._folder})
        (self._folder / "head").write_text(self.sound.checkpoint.decode().rpartition("\n— ")[0] + "\n")
        fence = Fence(self._connection, await self._connection.fetchval("SELECT max(epoch) FROM epoch"))
        before = await store.generation(self._connection)
        # What it does before it reads: all of it, on this connection instead of one of its own.
        writer = Writer(settings, rig.kafka, rig.keys)
        appender, sealer = await writer._take_up(fence)
        await writer._sign_told(self._connection, self._reader, appender.ledger.size, sealer)
        return (await find_place(self._connection, self._reader, appender)).generation != before

    async def _by_program(self, number: int) -> None:
        """The same tamper for all to see: the program over HTTP finds what was found in process."""
        deed, chance = self.deed(number)
        async with _rolled_back(self._connection):
            tamper = await deed(self._owner, chance)
            report, _ = await self._verified(remembering=tamper.remembered)
        if tamper.inside or isinstance(report, str):
            return
        deed, chance = self.deed(number)
        try:
            await deed(self._owner, chance)
            told = await self._program(tamper)
        finally:
            await self._ledger.restore()
        here = [found.as_json() for found in report.defects]
        wrong = [] if told == (1 if here else 0, here) else [f"the program says {told}, in process it was {here}"]
        self.tally.sampled += 1
        self._blame(number, tamper, wrong)

    async def _program(self, tamper: Tamper) -> tuple[int, list[dict[str, Any]]]:
        keys = self._ledger.rig.keys
        seen = ["--seen", str(self._folder / "seen")] if tamper.remembered else []
        async with self._ledger.served() as (url, token):
            argv = [
                sys.executable, "-m", "cadena_verify", url, "--vkey", keys.log.key.vkey,
                "--cosigner", keys.cosigner.key.vkey, *seen, "--json",
            ]  # fmt: skip
            ended = await asyncio.to_thread(
                subprocess.run, argv, env={"CADENA_BEARER": token}, capture_output=True, text=True,
                timeout=PROGRAM_SECONDS, check=False,
            )  # fmt: skip
        return ended.returncode, json.loads(ended.stdout)["defects"]


@asynccontextmanager
async def campaign(ledger: Ledger, folder: Path, seed: int) -> AsyncIterator[Campaign]:
    """A campaign with what it needs open: the owner's connection, and the topics that a writer would read."""
    topics = [ledger.rig.kafka.custody_topic, ledger.rig.kafka.notify_topic]
    async with ledger.rig.database() as connection, reading(ledger.rig.config, topics) as reader:
        yield Campaign(ledger, connection, reader, folder, seed)
