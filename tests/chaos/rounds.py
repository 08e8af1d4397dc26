"""A run: rounds of load, kills and healing, then everything that was answered is held against the ledger."""

import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from deploy.local.commands import run_service
from deploy.local.databases import run_sql
from tests.chaos import demands, post
from tests.chaos.callers import Crowd, Job, Kept
from tests.chaos.jobs import HEAPING, Office
from tests.chaos.mayhem import Mayhem
from tests.chaos.plan import ACTS, Hands, Round, around, planned, wanted, waves

AT_RISK = 200
MAIL = around(*ACTS["mail"])
MARGIN = 30
BATCH = 40
"""Entries that an armed writer takes at once: it must die with enough left."""
PROPOSED, SIDE_BY_SIDE = 5, 3
"""Proposals of which the log tells the workers when they begin to read, and how many more for each death over a mail:
whoever dies in an attempt had begun as many side by side, and they are not due again for minutes."""
UNPUBLISHED = """
    SELECT count(*) FROM event WHERE id IN ({}) AND NOT EXISTS (
        SELECT FROM publication WHERE event_seq = event.seq AND kafka_offset >= 0
    )"""
RETRIED = 15


def run(mayhem: Mayhem, rounds: int, seed: int) -> None:
    """All of it; AssertionError, or StackProblem after a deadline, for whatever does not hold."""
    rng = random.Random(seed)
    office = Office(mayhem.stack, mayhem.callers, seed)
    post.counsel_becomes_reachable(mayhem, office, rng)
    mayhem.until(mayhem.all_sealed, "the beginning to be sealed")
    start, prepared = len(mayhem.log.leaves), len(mayhem.callers.kept)
    with at_work(mayhem, office):
        for number, each in enumerate(planned(rounds, rng), 1):
            one(mayhem, office, each)
            print(f"round {number}: killed {', '.join(each.victims)}; {summary(mayhem)}", flush=True)
    hold_against_the_ledger(mayhem, office, rng, start, prepared)
    assert wanted() <= set(mayhem.hits), f"not hit: {wanted() - set(mayhem.hits)}"
    assert min(mayhem.at_risk) >= AT_RISK, f"too little at risk: {mayhem.at_risk}"
    assert {name for name, _ in mayhem.ended} <= {"audit writer"}, f"ended by themselves: {mayhem.ended}"


@contextmanager
def at_work(mayhem: Mayhem, office: Office) -> Iterator[None]:
    """All callers work; at the end each finishes what it began, or breaks it off where the run failed."""
    jobs: list[Job] = [partial(office.lab, lab) for lab in HEAPING[:2]]
    jobs += [partial(office.heap, place) for place in range(len(HEAPING))]
    crowd = mayhem.crowd = Crowd(mayhem.callers, [*jobs, office.prosecutor, office.people, office.court])
    try:
        yield
    except BaseException:
        mayhem.crowd = None
        crowd.break_off()
        raise
    mayhem.until(crowd.finished, "every caller to finish")
    mayhem.crowd = None
    crowd.end()


def one(mayhem: Mayhem, office: Office, plan: Round) -> None:
    """One round: everything dies where the plan says, then everything heals."""
    mayhem.freeze_writer()
    proposed = propose(mayhem, office, plan.reading)
    pile_up(mayhem, office, plan.sealing)
    *earlier, last = waves(plan.recording)
    for points in earlier:
        mayhem.die_at(points)
    mayhem.hold(list(plan.reading))
    mayhem.die_at(last, also=plan.victims, after=plan.after)
    writer_dies(mayhem, plan.sealing)
    mayhem.release("audit writer", CADENA_BATCH_EVENTS=str(BATCH))
    mayhem.until(lambda: mayhem.log.missing(proposed) == 0, "proposals to be sealed, of which no worker has read")
    mayhem.freeze_writer()
    pile_up(mayhem, office, plan.sealing_again)
    for points in waves(plan.reading):
        mayhem.die_at(points)
    mayhem.release(*plan.reading)
    writer_dies(mayhem, plan.sealing_again)
    mayhem.release("audit writer")
    acknowledged = list(mayhem.callers.kept)
    mayhem.until(lambda: mayhem.log.missing(acknowledged) == 0, "everything to be sealed")
    mayhem.until(mayhem.is_ready, "everything to be ready")
    size = len(mayhem.log.leaves)
    mayhem.until(lambda: mayhem.is_read(size), "the workers to have read it all")


def writer_dies(mayhem: Mayhem, sealing: Hands) -> None:
    """The writer, at each of its points, with small batches so that most of what waits goes on waiting."""
    for points in waves(sealing):
        mayhem.die_at(points, CADENA_BATCH_EVENTS=str(BATCH))


def pile_up(mayhem: Mayhem, office: Office, sealing: Hands) -> None:
    """Have enough acknowledged that is not sealed, whatever the writer seals between its deaths: one batch, and the next."""
    enough = AT_RISK + MARGIN + 2 * BATCH * sum(map(len, sealing.values()))
    with office.heaping_up():
        mayhem.until(lambda: mayhem.log.missing(mayhem.callers.kept) >= enough, f"{enough} events at risk")


def propose(mayhem: Mayhem, office: Office, reading: Hands) -> list[Kept]:
    """New proposals, in custody's topic; enough that mail is due whenever a worker is to die over it."""
    deaths = sum(point in MAIL for points in reading.values() for point in points)
    start, enough = len(office.proposals), PROPOSED + SIDE_BY_SIDE * deaths
    with office.proposing_more():
        mayhem.until(lambda: len(office.proposals) >= start + enough, f"{enough} proposals")
    proposed = office.proposals[start:]
    unpublished = UNPUBLISHED.format(", ".join(f"'{event}'" for one in proposed for event in one.events))
    database = mayhem.stack.wiring.databases["custody"]["owner"]
    mayhem.until(lambda: int(run_sql(database, unpublished)) == 0, "what was proposed to be in its topic")
    return proposed


def hold_against_the_ledger(mayhem: Mayhem, office: Office, rng: random.Random, start: int, prepared: int) -> None:
    """The callers' list, the mailbox and custody against the ledger; the ledger against the verifier."""
    stack, callers = mayhem.stack, mayhem.callers
    mayhem.until(mayhem.all_sealed, "every acknowledged command's leaf")
    post.each_mail_arrived_as_one(mayhem, office)
    demands.same_answers(callers, rng.sample(callers.kept, RETRIED))
    mayhem.until(mayhem.all_sealed, "the workers' own facts")
    ledger = mayhem.log.leaves
    demands.each_once(ledger, callers.kept)
    demands.nothing_else(ledger[start:], callers.kept[prepared:])
    mayhem.until(lambda: mayhem.is_read(len(ledger)), "the workers to have read it all")
    demands.known_to_custody(callers, ledger, rng)
    demands.one_head_for_a_size(mayhem)
    folder = Path(tempfile.mkdtemp(prefix="promises-", dir=stack.state))
    demands.all_kept(stack, callers.kept, folder)
    shutil.rmtree(folder)
    run_service("custody", "rebuild", "--check", env=stack.wiring.environment("custody api"))


def summary(mayhem: Mayhem) -> str:
    """Where a run stands, in a line."""
    risk = sorted(mayhem.at_risk)
    return (
        f"{len(mayhem.callers.kept)} commands acknowledged, {mayhem.kills.total()} kills, {mayhem.hits.total()} deaths at"
        f" a point, at risk {risk[0]} at least and {risk[len(risk) // 2]} as a rule; {len(mayhem.log.leaves)} entries"
    )
