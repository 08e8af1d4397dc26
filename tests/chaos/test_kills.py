"""G1: an acknowledged command is in the ledger exactly once, whichever process, broker or database dies."""

import random
from functools import partial
from pathlib import Path

from deploy.local.commands import run_service
from tests.chaos import counsel, demands
from tests.chaos.callers import Callers, Crowd, Kept
from tests.chaos.jobs import Office
from tests.chaos.ledger import all_sealed, heads, leaves
from tests.chaos.mayhem import Mayhem

VICTIMS = (
    "custody api", "custody worker", "audit writer", "audit api", "notify api", "notify worker", "kafka", "postgres",
)  # fmt: skip
AT_RISK_RETRIED = 5
OTHERS_RETRIED = 15


def test_g1_whatever_dies_each_acknowledged_command_is_in_the_ledger_once(
    mayhem: Mayhem, seed: int, tmp_path: Path
) -> None:
    stack, callers, rng = mayhem.stack, Callers(mayhem.stack), random.Random(seed)
    office = Office(stack, callers, seed)
    counsel.becomes_reachable(office, rng)
    mayhem.until(lambda: all_sealed(stack, callers.kept), "the beginning to be sealed")
    start, prepared = len(leaves(stack)), len(callers.kept)

    retried = list[Kept]()
    crowd = Crowd([partial(office.lab, "lab"), partial(office.lab, "lab_2"), office.prosecutor, office.people])
    try:
        for victim in rng.sample(VICTIMS, len(VICTIMS)):
            at_risk = mayhem.strike(victim, rng.randint(8, 20), callers, crowd)
            retried += rng.sample(at_risk, AT_RISK_RETRIED)
    finally:
        crowd.end()
    print(f"{len(callers.kept)} commands acknowledged; tries repeated: {dict(callers.unanswered)}")
    assert callers.unanswered.total() > 0, "no caller noticed that anything died"

    promised = {event for one in callers.kept for event in one.events}
    mayhem.until(lambda: promised <= {leaf.event["id"] for leaf in leaves(stack)}, "every acknowledged command's leaf")
    counsel.is_warned_once(mayhem, [one.said["id"] for one in office.proposals])
    demands.same_answers(callers, retried + rng.sample(callers.kept, OTHERS_RETRIED))
    ledger = leaves(stack)
    demands.each_once(ledger, callers.kept)
    demands.nothing_else(ledger[start:], callers.kept[prepared:])
    mayhem.until(lambda: mayhem.is_read(len(ledger)), "the workers to have read it all")
    demands.known_to_custody(callers, ledger, rng)
    assert mayhem.seen <= heads(stack), "a head that was published is not in the list of all heads"
    demands.all_kept(stack, callers.kept, tmp_path)
    run_service("custody", "rebuild", "--check", env=stack.wiring.environment("custody api"))
