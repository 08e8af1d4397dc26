"""9: while the log grows, each proof that is asked for holds against the head that came with it."""

import asyncio
import random

import httpx2
from cadena_verify.notes import parse_vkey
from cadena_verify.proof import check_proof

from shared.events import Event
from tests.invariants.growth import client
from tests.invariants.sizes import PROOFS
from tests.services.audit.rig import first
from tests.tamper.ledger import Ledger, opened

FIRST, PORTION, ASKERS = 300, 20, 8
HEADS = 10
"""So many heads at least come with the proofs: it is asked on until then."""


class Asked:
    """How many proofs are still to be asked for, and the sizes of the heads that came with them, asker by asker."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.sizes: list[list[int]] = []

    @property
    def more(self) -> bool:
        return self.left > 0 or len({size for sizes in self.sizes for size in sizes}) < HEADS

    async def ask(self, http: httpx2.AsyncClient, ledger: Ledger, known: list[Event], rng: random.Random) -> None:
        """Ask for events that had been acknowledged as sealed; each has its index in the order in which they were sent."""
        key, cosigner = (parse_vkey(one.key.vkey) for one in (ledger.rig.keys.log, ledger.rig.keys.cosigner))
        sizes: list[int] = []
        self.sizes.append(sizes)
        while self.more:
            self.left -= 1
            at = rng.randrange(len(known))
            answer = await http.get(f"/v1/proofs/{known[at].id}")
            assert answer.status_code == 200, f"{answer.status_code} for the event at {at + 1}"
            report = check_proof(known[at].to_bytes(), answer.content, known[at].id, key, cosigner)
            assert report.defects == [], (at, report.defects)
            assert report.facts["index"] == at + 1
            sizes.append(report.facts["size"])


async def grow(ledger: Ledger, known: list[Event], asked: Asked) -> None:
    """Facts without a pause until the last proof was asked for; `known` gets them once a head covers them."""
    while asked.more:
        new = [opened(len(known) + number) for number in range(PORTION)]
        await ledger.rig.send(*(made.to_bytes() for made in new))
        await ledger.rig.until_signed(1 + len(known) + PORTION)
        known += new  # in place: who asks draws from it


async def test_invariant_09_each_proof_holds_against_the_head_that_came_with_it(ledger: Ledger) -> None:
    known = [opened(number) for number in range(FIRST)]
    await ledger.found()
    await ledger.rig.send(*(made.to_bytes() for made in known))
    async with ledger.rig.writing() as task, client(ledger) as http:
        await first(ledger.rig.until_signed(1 + FIRST), task)
        asked, seed = Asked(PROOFS), random.randrange(2**32)
        print(f"seed {seed}")
        asking = [asked.ask(http, ledger, known, random.Random(seed + number)) for number in range(ASKERS)]
        await first(asyncio.gather(grow(ledger, known, asked), *asking), task)
    assert sum(map(len, asked.sizes)) >= PROOFS
    assert all(sizes == sorted(sizes) for sizes in asked.sizes), "a later answer came with an older head"
