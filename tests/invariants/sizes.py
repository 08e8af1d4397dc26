"""How much is tried: a share with every run of the tests, the full numbers by `make invariants`."""

from deploy.local.environment import given

FULL = given("CADENA_INVARIANTS") == "full"

PROOFS = 100_000 if FULL else 1_500
"""Proofs asked for while the log grows."""
REFUSED_TREES = range(1, 301) if FULL else (*range(1, 41), 63, 64, 65, 127, 128, 129, 255, 256, 257, 300)
"""Sizes of trees of which each proof is changed in every way, by one bit of each hash."""
EVERY_BIT_TREES = range(1, 65) if FULL else (1, 2, 3, 4, 5, 7, 8, 9, 16, 17)
"""Sizes of trees of which each bit of each proof is turned."""
