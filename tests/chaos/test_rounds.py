"""G1 and G8: everything dies, at every named point and anywhere else; each acknowledged command is in the ledger once."""

from tests.chaos.mayhem import Mayhem
from tests.chaos.rounds import run
from tests.chaos.table import table

ROUNDS = 5
"""`make chaos` has 40."""


def test_g1_g8_whatever_dies_each_acknowledged_command_is_in_the_ledger_once(mayhem: Mayhem, seed: int) -> None:
    run(mayhem, ROUNDS, seed)
    print(table(mayhem, ROUNDS, seed))
