"""8: one bit of an entry, hash, head or offset, a row removed or swapped: each is found in one audit, and named."""

import pytest

from services.audit.errors import WriterStops
from tests.tamper.defect import Defect, defects, named, statement, told
from tests.tamper.ledger import HEADS, Ledger, between, changed, hashed
from tests.tamper.owner import Owner
from tests.tamper.test_start import go_on

SIZE = HEADS[-1]
BIT = "set_bit({0}, {1}, 1 - get_bit({0}, {1}))"


def turned(table: str, bit: int, where: str) -> str:
    return f'UPDATE "{table}" SET bytes = {BIT.format("bytes", bit)} WHERE {where}'


async def a_bit_of_an_entry(owner: Owner) -> None:
    raw = await owner.entry(100)
    await owner.replace(100, raw.replace(b'"CI-', b'"CH-'))  # I and H differ in one bit


FOUND = defects(
    ("a bit of an entry", a_bit_of_an_entry, changed(100)),
    ("a bit of a leaf hash", statement(turned("tile", 8 * 32 * 100 + 5, "level = 0 AND n = 0")), {hashed(100), hashed(0, 256)}),
    ("two entries swapped", lambda owner: owner.swap(20, 300), {changed(20), changed(300)}),
    ("an entry and all that is derived from it", lambda owner: owner.everywhere(100), between(100)),
)  # fmt: skip
REFUSED = {
    "a bit of an offset": (
        f'UPDATE "offset" SET sha256 = {BIT.format("sha256", 7)} WHERE size = 511', r"offset.* not in the ledger"),
    "a row of an offset": (f'DELETE FROM "offset" WHERE size = {SIZE}', rf"offset.* while {SIZE}"),
    "a bit of a head": (f"UPDATE head SET root = {BIT.format('root', 3)} WHERE size = 300", "size 300"),
    "a row of a bundle": ("DELETE FROM bundle WHERE n = 2", "index 512"),
    "a row of what is known": ("DELETE FROM seen WHERE idx = 255", "seen.* index 255"),
}  # fmt: skip


@pytest.mark.parametrize("defect", FOUND, ids=named)
async def test_invariant_08_an_audit_names_the_index(tampered: Ledger, defect: Defect) -> None:
    assert await told(tampered, defect) == defect.finds


@pytest.mark.parametrize("name", REFUSED)
async def test_invariant_08_what_is_not_published_the_writer_finds_at_its_start(tampered: Ledger, name: str) -> None:
    deed, sentence = REFUSED[name]
    async with tampered.owner() as owner:
        await owner.execute(deed)
    with pytest.raises(WriterStops, match=sentence):
        await go_on(tampered.rig)
