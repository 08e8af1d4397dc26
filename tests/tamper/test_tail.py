"""G7 and G1: the newest entries cut off together with their heads, by who owns database, files and Kafka, but no key."""

import shutil
from datetime import timedelta
from pathlib import Path

from shared.events import Event
from tests.services.audit.rig import Rig, first
from tests.tamper.ledger import DAY, HEADS, Ledger, opened, places

CUT, LATER = 300, 11
"""The size that is left, and how many facts are recorded after that."""


def kept(folder: Path, ledger: Ledger, *cases: Event) -> Path:
    """What a client kept: the promises in the answers to its commands."""
    folder.mkdir(parents=True)
    for number, case in enumerate(cases):
        (folder / f"{number}.jws").write_text(ledger.promise(case))
    return folder


async def test_g7_a_tail_cut_off_with_its_heads_is_found_by_who_has_seen_them(ledger: Ledger, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    assert places(await ledger.verified(seen=seen)) == set()
    async with ledger.owner() as owner:
        await owner.cut(CUT)
    assert places(await ledger.verified()) == set(), "the rest is a sound log: only a memory can tell"
    lost = {("tail-cut", CUT, head, head) for head in HEADS if head > CUT}
    assert places(await ledger.verified(seen=seen)) == lost


async def test_g1_a_promise_of_a_fact_that_was_cut_off_is_broken_once_the_log_went_on(
    ledger: Ledger, tmp_path: Path
) -> None:
    entries = await ledger.rig.entries()
    sealed, lost = (next(case for case in ledger.cases if case.to_bytes() == entries[at]) for at in (100, 600))
    promises = kept(tmp_path / "promises", ledger, sealed, lost)
    assert (await ledger.verified(promises=promises)).facts["promises"]["fulfilled"] == 2
    seen = tmp_path / "seen"
    await ledger.verified(seen=seen)
    async with ledger.owner() as owner:
        await owner.cut(CUT)
    cut = await ledger.verified(promises=promises)
    assert (places(cut), cut.facts["promises"]["pending"]) == (set(), 1), "it may still come"
    await go_on(ledger, tmp_path / "forger")
    regrown = await ledger.verified(promises=promises)
    assert places(regrown) == {("promise-broken", None, None, None)}
    assert (regrown.facts["promises"]["fulfilled"], regrown.facts["promises"]["broken"]) == (1, 1)
    assert {code for code, *_ in places(await ledger.verified(seen=seen))} == {"head-missing", "tail-cut"}


async def go_on(ledger: Ledger, folder: Path) -> None:
    """An emptied Kafka, no file of the last head, and the operator's word: the log goes on from where it was cut."""
    shutil.copytree(ledger.rig.folder / "keys", folder / "keys")
    rig = Rig(ledger.rig.urls, ledger.rig.operator, f"{ledger.rig.prefix}emptied.", folder)
    later = [opened(1000 + number, DAY + timedelta(days=3)) for number in range(LATER)]
    await rig.send(*(case.to_bytes() for case in later))
    async with rig.writing(adopt_head=True) as task:
        await first(rig.until_signed(CUT + LATER), task)
