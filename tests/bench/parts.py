"""Running the parts that this package measures itself, in the order in which they share what is dear to make."""

from dataclasses import dataclass, field, replace

from deploy.local.stack import Stack
from shared.kafka import reading
from tests.bench import keeping, latency, live, proofs, recording, sealing, tessera, verifying
from tests.bench.figures import Measured
from tests.bench.judged import (
    joined,
    large_log,
    measured_latencies,
    measured_rates,
    measured_recording,
    measured_sealing,
    measured_verifying,
)
from tests.bench.keeping_judged import measured_keeping
from tests.bench.producing import fill
from tests.bench.proofs import ProofRun
from tests.bench.servers import Servers
from tests.bench.sizes import LARGE, SMALL, Sizes
from tests.bench.tessera import TesseraRun, Tools
from tests.bench.writer import WriterRun, ledger, take_over, watch, writer

ENOUGH = 25_000
"""Events that show a writer's rate, where a run is too small for a sixth of its log."""


@dataclass
class Rates:
    """What part (a) found, for the parts that go at half of it: events a second by size."""

    writer: dict[int, float] = field(default_factory=dict)


async def one_ledger(servers: Servers, sizes: Sizes, size: int, asked: bool) -> tuple[WriterRun, ProofRun | None]:
    """A log of `sizes.leaves` from a filled topic; if asked for, the next writer's take-over of it and proofs from it."""
    async with ledger(servers) as rig:
        fill(rig.config, rig.kafka.custody_topic, [], size, sizes.leaves)
        async with writer(rig) as process, reading(rig.config, [rig.kafka.audit_topic]) as published:
            run = await watch(servers, rig, process, published, sizes.leaves, size, sizes.step)
        if not asked:
            return run, None
        run = replace(run, take_over=await take_over(rig))
        return run, await proofs.measure(rig, sizes.proof_rate, sizes.proofs)


async def rates(servers: Servers, sizes: Sizes, tools: Tools | None, known: Rates, proving: bool) -> Measured:
    """Part (a), and part (f) from the same log if `proving`."""
    beside: list[TesseraRun] = []

    def others(antispam: bool = True) -> None:
        """Tessera at each size, before ours and after: a machine that changes its speed meanwhile shows."""
        for size in (SMALL, LARGE):
            if tools is not None:
                beside.append(tessera.measure(tools, servers.place("tessera"), size, sizes.tessera, antispam=antispam))

    others()
    small, proved = await one_ledger(servers, sizes, SMALL, proving)
    beside_it = await live.measure(servers, sizes.live, SMALL, sizes.lead, sizes.step)
    large, _ = await one_ledger(servers, sizes, LARGE, False)
    others()
    others(antispam=False)
    known.writer |= {SMALL: small.rate, LARGE: large.rate}
    found = measured_rates([(small, 5.0), (large, 3.0)], beside_it, beside, tools.version if tools else "")
    return found if proved is None else joined(found, large_log(small, proved))


async def large(servers: Servers, sizes: Sizes) -> Measured:
    """Part (f) alone."""
    run, proved = await one_ledger(servers, sizes, SMALL, True)
    assert proved is not None
    return large_log(run, proved)


async def latencies(servers: Servers, sizes: Sizes, known: Rates) -> Measured:
    """Part (b): at half the rate of part (a), measured now on a shorter log if that part was not run."""
    runs = []
    for size in sizes.paced:
        if size not in known.writer:
            shorter, _ = await one_ledger(
                servers, replace(sizes, leaves=max(sizes.leaves // 6, min(sizes.leaves, ENOUGH))), size, False
            )
            known.writer[size] = shorter.rate
        runs.append(await latency.measure(servers, size, known.writer[size] / 2, sizes.latency, sizes.warm_up))
    return measured_latencies(runs)


async def verifications(servers: Servers, sizes: Sizes, tools: Tools | None) -> Measured:
    """Part (e)."""
    run = await verifying.measure(servers, sizes.verified, sizes.checks, tools.fsck if tools else None)
    return measured_verifying(run)


async def recordings(servers: Servers, sizes: Sizes) -> Measured:
    """Part (d)."""
    run = await recording.measure(
        servers, loops=sizes.links, rounds=sizes.rounds, count=sizes.posted, batches=sizes.batches,
        batch_size=sizes.batch,
    )  # fmt: skip
    return measured_recording(run)


async def keepings(servers: Servers, sizes: Sizes) -> Measured:
    """Part (g)."""
    return measured_keeping(await keeping.measure(servers, sizes.kept))


async def sealings(stack: Stack, sizes: Sizes) -> Measured:
    """Part (c), on a stack that is up."""
    return measured_sealing(await sealing.measure(stack, sizes.burst, sizes.posts, sizes.warm_up))
