"""G7, on a live ledger: whatever the database's owner does to entries, `cadena-verify` finds and names."""

import asyncio
import json
import subprocess
import sys

import pytest

from shared.merkle import leaf_hash
from tests.tamper.defect import Defect, defects, named, told
from tests.tamper.ledger import HEADS, Ledger, between, changed, places
from tests.tamper.owner import Owner

SIZE = HEADS[-1]


async def first_byte_in_a_bundle(owner: Owner) -> None:
    await owner.replace(100, b"[" + (await owner.entry(100))[1:])


async def first_byte_in_a_fragment(owner: Owner) -> None:
    await owner.replace(850, b"[" + (await owner.entry(850))[1:])


async def an_entry_and_its_leaf_hash(owner: Owner) -> None:
    await owner.put_hash(400, leaf_hash(await owner.replace(400)))


async def the_open_bundle_written_over(owner: Owner) -> None:
    await owner.execute(
        "INSERT INTO bundle SELECT 3, string_agg(bytes, ''::bytea ORDER BY first) FROM fragment WHERE first >= 768"
    )
    await owner.replace(850)


DEFECTS = defects(
    # In a full bundle the tile still tells which entry; in an open one only the signed heads are left to tell.
    *((f"entry {at}", lambda owner, at=at: owner.replace(at), changed(at)) for at in (0, 1, 255, 256, 511, 512, 767)),
    *((f"entry {at}", lambda owner, at=at: owner.replace(at), between(at)) for at in (768, 799, 800, 899)),
    ("a byte in a bundle", first_byte_in_a_bundle, changed(100)),
    ("a byte in a fragment", first_byte_in_a_fragment, {between(850), ("entry-not-canonical", 850, 851, None)}),
    ("an entry and its leaf hash", an_entry_and_its_leaf_hash, between(400)),
    ("an entry and all copies", lambda owner: owner.everywhere(100), between(100)),
    ("an entry of the open bundle and all copies", lambda owner: owner.everywhere(780), between(780)),
    ("two swapped in a bundle", lambda owner: owner.swap(20, 30), {changed(20), changed(30)}),
    ("two swapped between bundles", lambda owner: owner.swap(20, 300), {changed(20), changed(300)}),
    ("two swapped in a fragment", lambda owner: owner.swap(810, 820), between(810)),
    (
        "one inserted into a bundle", lambda owner: owner.insert(20),
        {changed(20, 256), ("bundle-truncated", 255, 256, None)},
    ),
    (
        "one removed from a bundle", lambda owner: owner.remove(20),
        {changed(20, 255), ("bundle-truncated", 255, 256, None)},
    ),
    ("one inserted into a fragment", lambda owner: owner.insert(850), between(850)),
    ("the open bundle written over", the_open_bundle_written_over, between(850)),
)  # fmt: skip


async def test_an_untouched_ledger_has_no_defect(ledger: Ledger) -> None:
    report = await ledger.verified(cosigner=True)
    assert (places(report), report.warnings) == (set(), [])
    facts = report.facts
    assert (facts["rebuilt"], facts["heads"], facts["heads_cosigned"]) == (SIZE, len(HEADS), len(HEADS))
    assert (facts["foreign"], sum(facts["entries"].values()), facts["tiles"]) == (1, SIZE, 5)


@pytest.mark.parametrize("defect", DEFECTS, ids=named)
async def test_g7_what_is_done_to_entries_is_found_and_named(ledger: Ledger, defect: Defect) -> None:
    assert await told(ledger, defect) == defect.finds


async def test_g7_the_program_says_so_by_its_exit_code(ledger: Ledger) -> None:
    async with ledger.served() as (url, token):
        argv = [sys.executable, "-m", "cadena_verify", url, "--vkey", ledger.rig.keys.log.key.vkey, "--json"]
        sound = await asyncio.to_thread(run, argv, token)
        async with ledger.owner() as owner:
            await owner.replace(100)
        broken = await asyncio.to_thread(run, argv, token)
    assert (sound.returncode, json.loads(sound.stdout)["defects"]) == (0, [])
    [found] = json.loads(broken.stdout)["defects"]
    assert (broken.returncode, found["code"], found["index"]) == (1, "entry-changed", 100)


def run(argv: list[str], token: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(argv, env={"CADENA_BEARER": token}, capture_output=True, text=True, timeout=120, check=False)
