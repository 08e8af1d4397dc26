"""G1: Kafka may lose its disks while audit is behind; every acknowledged fact is sealed all the same."""

import asyncio
import random
from pathlib import Path

from deploy.local.databases import run_sql
from deploy.local.stack import Stack
from deploy.local.waiting import wait_until
from shared.kafka import reading
from tests.chaos import demands
from tests.chaos.jobs import Office
from tests.chaos.ledger import metric
from tests.chaos.mayhem import DEADLINE_SECONDS, Mayhem

BEHIND = 40
WITHOUT_KAFKA = 10
UNSEALED = "SELECT count(*) FROM event LEFT JOIN sealed ON sealed.event_id = event.id WHERE sealed.event_id IS NULL"
IN_THE_TOPIC = " AND EXISTS (SELECT FROM publication WHERE event_seq = event.seq AND kafka_offset >= 0)"


def test_g1_kafka_emptied_with_audit_behind_loses_nothing_and_at_most_doubles(
    mayhem: Mayhem, seed: int, tmp_path: Path
) -> None:
    stack, callers, log, rng = mayhem.stack, mayhem.callers, mayhem.log, random.Random(seed)
    mayhem.until(mayhem.is_ready, "everything to be ready")
    office = Office(stack, callers, seed)
    mayhem.until(mayhem.all_sealed, "the case to be sealed")
    mayhem.until(lambda: mayhem.is_read(len(log.leaves)), "the workers to have read it all")
    start, before = len(log.leaves), metric(stack, "audit writer", "cadena_audit_generation")

    stack.process("audit writer").stop()
    at_risk = [office.register("lab", number, rng) for number in range(BEHIND)]
    wait_until(lambda: count(stack, UNSEALED + IN_THE_TOPIC) == BEHIND, DEADLINE_SECONDS, "Kafka to hold them")
    mayhem.kill(["kafka"])
    stack.backends.lose_kafka()
    at_risk += [office.register("lab_2", BEHIND + number, rng) for number in range(WITHOUT_KAFKA)]
    assert log.look()
    assert log.missing(at_risk) == len(at_risk)
    assert count(stack, UNSEALED) == len(at_risk), "each command was one event"

    mayhem.until(lambda: log.missing(at_risk) == 0, "everything to be sealed")
    mayhem.until(mayhem.is_ready, "everything to be ready on an empty Kafka")
    assert metric(stack, "audit writer", "cadena_audit_generation") == before + 1
    assert metric(stack, "audit writer", "cadena_audit_alarms_total", alarm="kafka-generation") == 1
    ledger = log.leaves
    demands.each_once(ledger, callers.kept)
    demands.nothing_else(ledger[start:], at_risk)
    mayhem.until(lambda: mayhem.is_read(len(ledger)), "the workers to have read it all")
    demands.known_to_custody(callers, ledger, rng)
    demands.all_kept(stack, callers.kept, tmp_path)
    grown = growth(stack)
    print(f"{len(at_risk)} unsealed events; custody's topic holds {grown}")
    assert len(at_risk) <= grown <= 2 * len(at_risk)


def count(stack: Stack, query: str) -> int:
    """What a query counts in custody's database."""
    return int(run_sql(stack.wiring.databases["custody"]["owner"], query))


def growth(stack: Stack) -> int:
    """Messages that custody's topic has taken since it was made."""
    topic = stack.wiring.topics["custody"]

    async def ask() -> int:
        async with reading(stack.wiring.kafka, [topic]) as reader:
            return (await reader.end_offsets())[topic] - (await reader.beginning_offsets())[topic]

    return asyncio.run(ask())
