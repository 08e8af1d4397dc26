"""How large a run is: the full one, the quick one, and the tiny one that keeps the bench itself from rotting. PURE."""

from dataclasses import dataclass

GIGABYTE = 10**9
SMALL, LARGE = 350, 1024
"""Bytes of an event: the two sizes of part (a)."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Counts, and times in seconds."""

    leaves: int
    """The log grows from 0 to so many, at each size of event."""
    step: int
    """The writer's rate and memory are looked at every so many leaves."""
    live: int
    lead: int
    """Events with a live producer, and how far ahead of the head it may be."""
    tessera: float
    """How long Tessera is measured: twice for each size of event, and once without antispam."""
    paced: tuple[int, ...]
    """The sizes of event whose latency is measured."""
    latency: float
    warm_up: float
    burst: int
    """POSTs that show the sustainable rate."""
    posts: float
    """How long POSTs come at half of that."""
    proofs: int
    proof_rate: float
    verified: int
    """Entries of the log that is verified."""
    checks: int
    """How often each verifier checks it; the fastest counts."""
    posted: int
    """POSTs to each handler in a round, with each number of connections."""
    rounds: int
    links: tuple[int, ...]
    """The numbers of connections."""
    batches: int
    batch: int
    """Samples in a batch."""
    kept: tuple[int, ...]
    """Items in the database when keeping is measured, growing; tens."""
    disk: int
    """Bytes that must be free when it begins; all of them are free again when it ends."""


FULL = Sizes(
    leaves=3_000_000, step=250_000, live=1_000_000, lead=50_000, tessera=30, paced=(SMALL, LARGE), latency=20, warm_up=5, burst=10_000,
    posts=20, proofs=2_500, proof_rate=50, verified=2_000_000, checks=3, posted=1_500, rounds=5,
    links=(1, 8, 32), batches=60, batch=1_000, kept=(100_000, 1_000_000), disk=30 * GIGABYTE,
)  # fmt: skip
QUICK = Sizes(
    leaves=300_000, step=50_000, live=200_000, lead=50_000, tessera=8, paced=(SMALL, LARGE), latency=6, warm_up=2, burst=1_500, posts=6,
    proofs=400, proof_rate=50, verified=100_000, checks=2, posted=400, rounds=3, links=(1, 8, 32), batches=10, batch=1_000, kept=(10_000, 100_000), disk=5 * GIGABYTE,
)  # fmt: skip
TINY = Sizes(
    leaves=25_000, step=5_000, live=5_000, lead=500, tessera=1, paced=(SMALL,), latency=0.5, warm_up=0.2, burst=20, posts=0.5, proofs=20,
    proof_rate=20, verified=1_000, checks=1, posted=30, rounds=1, links=(4,), batches=1, batch=50, kept=(20, 60), disk=0,
)  # fmt: skip
