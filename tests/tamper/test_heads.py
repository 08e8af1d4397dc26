"""G7, on a live ledger: what is done to the heads that the log signed, by who does not hold its key."""

from pathlib import Path

import pytest
from cadena_verify.source import Unreadable
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.notes import COSIGNATURE, Checkpoint, Signer, write_note
from tests.services.audit.rig import ORIGIN
from tests.tamper.defect import Deed, Defect, named, statement, told
from tests.tamper.ledger import HEADS, Ledger, Place, places

SIZE = HEADS[-1]
FORGER = Signer(ORIGIN, Ed25519PrivateKey.generate())
FORGING_COSIGNER = Signer(f"{ORIGIN}/cosigner", Ed25519PrivateKey.generate(), COSIGNATURE)


def at(code: str, size: int) -> Place:
    return (code, None, None, size)


def of_300(change: str, *arguments: object) -> Deed:
    return statement(f"UPDATE head SET {change} WHERE size = 300", *arguments)


def forged(size: int) -> tuple[Checkpoint, str]:
    """A head that the log never signed, by a key of the forger's own under the log's name."""
    checkpoint = Checkpoint(ORIGIN, size, bytes(32))
    return checkpoint, write_note(checkpoint.text, [FORGER.sign(checkpoint.text)])


def put(size: int) -> Deed:
    checkpoint, note = forged(size)
    return lambda owner: owner.put_head(size, checkpoint.root, note, "")


OF_200 = "(SELECT {} FROM head WHERE size = 200)".format
SIGNATURE = "split_part(note, E'\\n\\n', 2)"
FOREIGN_COSIGNATURE = FORGING_COSIGNER.cosign(forged(300)[0].text, 1_772_400_000).line()

DEFECTS = [
    Defect("its size", of_300("note = replace(note, E'\\n300\\n', E'\\n299\\n')"), {at("head-signature", 299)}),
    Defect(
        "its root", of_300("note = replace(note, encode(root, 'base64'), encode(sha256('x'), 'base64'))"),
        {at("head-signature", 300)},
    ),
    Defect(
        "another's signature", of_300(f"note = replace(note, {SIGNATURE}, {OF_200(SIGNATURE)})"),
        {at("head-signature", 300)},
    ),
    Defect("another's note", of_300(f"note = {OF_200('note')}"), {at("head-malformed", 200), at("head-order", 200)}),
    # Those between the two are in their places, and are not called out of order.
    Defect(
        "two swapped", lambda owner: owner.exchange("head", "size", ["note", "cosignature"], 10, 511),
        {at("head-malformed", 10), at("head-malformed", 511), at("head-order", 10)},
    ),
    Defect("no note", of_300("note = 'gone'"), {at("head-malformed", 300)}),
    Defect("signed anew by another key", of_300("note = $1", forged(300)[1]), {at("head-signature", 300)}),
    Defect("moved to another size", of_300("size = 299"), {at("head-malformed", 300)}),
    Defect("inserted before the end", put(850), {at("head-signature", 850)}),
    Defect("inserted beyond the end", put(1000), {at("head-signature", 1000)}),
    Defect(
        "the newest signed by another key", statement(f"UPDATE head SET note = $1 WHERE size = {SIZE}", forged(SIZE)[1]),
        {at("head-signature", SIZE)},
    ),
    Defect("another's cosignature", of_300(f"cosignature = {OF_200('cosignature')}"), {at("head-cosignature", 300)}),
    Defect("cosigned by another key", of_300("cosignature = $1", FOREIGN_COSIGNATURE), {at("head-cosignature", 300)}),
    Defect("no cosignature", of_300("cosignature = ''"), {at("head-cosignature", 300)}, cosigner=True),
]  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS, ids=named)
async def test_g7_what_is_done_to_a_head_is_found_and_named(ledger: Ledger, defect: Defect) -> None:
    assert await told(ledger, defect) == defect.finds


REMOVED = {
    "one of the middle": ("size = 300", {at("head-missing", 300)}),
    "the newest": (f"size = {SIZE}", {("tail-cut", 800, SIZE, SIZE)}),
    "all but the first": ("size > 1", {("tail-cut", 1, head, head) for head in HEADS[1:]}),
}


@pytest.mark.parametrize("name", REMOVED)
async def test_g7_a_removed_head_is_found_by_who_has_seen_it(ledger: Ledger, tmp_path: Path, name: str) -> None:
    seen, (which, finds) = tmp_path / "seen", REMOVED[name]
    assert places(await ledger.verified(seen=seen)) == set()
    async with ledger.owner() as owner:
        await owner.execute(f"DELETE FROM head WHERE {which}")
    assert places(await ledger.verified(seen=seen)) == finds


async def test_a_ledger_without_heads_is_no_log_and_is_not_called_sound(ledger: Ledger) -> None:
    async with ledger.owner() as owner:
        await owner.execute("DELETE FROM head")
    with pytest.raises(Unreadable, match="has no checkpoint"):
        await ledger.verified()
