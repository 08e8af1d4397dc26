"""G7: five hundred random tampers, each found and named, and nothing called changed that was not."""

from pathlib import Path

from tests.tamper.campaign import DEEDS, campaign
from tests.tamper.ledger import Ledger

TAMPERS, SEED = 500, 20_261_123


async def test_g7_random_tampers_are_found_and_named_and_nothing_else_is(ledger: Ledger, tmp_path: Path) -> None:
    async with campaign(ledger, tmp_path, SEED) as at_work:
        tally = await at_work.run(range(TAMPERS))
    assert not tally.wrong, "\n".join(tally.wrong)
    assert (tally.tampers, set(tally.deeds)) == (TAMPERS, {deed.__name__ for deed in DEEDS})
    assert set(tally.found) == {"cadena-verify", "with --seen", "writer"}
    assert tally.sampled
