"""2: indexes run from 0 without a hole; bundles hash to tiles, tiles to tiles, and all to the signed root."""

from tests.invariants.growth import SIZES, Growth
from tests.tamper.ledger import places


async def test_invariant_02_the_verifier_rebuilds_the_whole_tree_from_the_entries(grown: Growth) -> None:
    report = await grown.ledger.verified(cosigner=True)
    assert (places(report), report.warnings) == (set(), [])
    size, full = SIZES[-1], SIZES[-1] // 256
    facts = report.facts
    assert (facts["rebuilt"], sum(facts["entries"].values())) == (size, size)
    assert facts["tiles"] == (full + 1) + (full // 256 + 1) + 1, "three levels, the last tile of each not full"


async def test_invariant_02_every_index_is_taken_once(grown: Growth) -> None:
    async with grown.ledger.rig.database() as connection:
        indexes = [row["idx"] for row in await connection.fetch("SELECT idx FROM seen ORDER BY idx")]
    assert indexes == list(range(SIZES[-1]))
    assert await grown.ledger.rig.entries() == grown.values
