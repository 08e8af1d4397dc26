"""What must hold when all is over: the callers' own list against the ledger, and against custody."""

import asyncio
import random
from collections import Counter, defaultdict
from pathlib import Path

from deploy.local.stack import Stack
from shared.kafka import reading
from tests.chaos.callers import SAMPLES, Callers, Kept
from tests.chaos.ledger import Head, Leaf, head_of, metric, verdict
from tests.chaos.mayhem import Mayhem

REVIEWED = "org.cadena.custody.sample.review_opened.v1"
BY_THEMSELVES = {
    "org.cadena.notify.notice.planned.v1",
    "org.cadena.notify.notice.accepted.v1",
    "org.cadena.custody.review.opened.v1",
    REVIEWED,
}
"""What workers record without having been asked."""


def each_once(ledger: list[Leaf], kept: list[Kept]) -> None:
    """By command: its leaves are the promised events, each once. By id, and by command and ordinal: nothing twice."""
    by_command: dict[str, list[str]] = defaultdict(list)
    for leaf in ledger:
        by_command[leaf.event["command"]].append(leaf.event["id"])
    for one in kept:
        assert sorted(by_command[one.command]) == sorted(one.events), f"{one.who}: {one.path}, key {one.key}"
    for members in (("source", "id"), ("source", "command", "ordinal")):
        [(most, times)] = Counter(tuple(leaf.event[name] for name in members) for leaf in ledger).most_common(1)
        assert times == 1, most


def nothing_else(ledger: list[Leaf], kept: list[Kept]) -> None:
    """These leaves hold nothing that nobody was told of, but what workers did by themselves."""
    acknowledged = {one.command for one in kept}
    strays = {leaf.event["type"] for leaf in ledger if leaf.event["command"] not in acknowledged}
    assert strays <= BY_THEMSELVES, f"nobody was told of {strays - BY_THEMSELVES}"
    registered = [leaf for leaf in ledger if leaf.event["type"] == "org.cadena.custody.sample.registered.v1"]
    assert len(registered) == len(samples(kept))
    reviewed = Counter(
        (leaf.event["subject"], leaf.event["data"]["lead_months"]) for leaf in ledger if leaf.event["type"] == REVIEWED
    )
    assert max(reviewed.values(), default=1) == 1, "an item was reviewed twice at one lead"


def same_answers(callers: Callers, kept: list[Kept]) -> None:
    """A key that was used is spent: whatever has died since, it gives the first answer's bytes."""
    for one in kept:
        again = callers.again(one)
        assert (again.status_code, again.content) == (one.status, one.answer), f"{one.who}: {one.path}, key {one.key}"
        assert again.headers["Idempotent-Replayed"] == "true"


def known_to_custody(callers: Callers, ledger: list[Leaf], rng: random.Random) -> None:
    """Beside each event of a sample custody shows the index at which the ledger holds that very event."""
    at = {leaf.event["id"]: leaf.index for leaf in ledger}
    for one in rng.sample(samples(callers.kept), 8):
        timeline = callers.get("custody", one.who, f"/v1/samples/{one.said['id']}/timeline")["items"]
        assert one.events[0] in {item["event"]["id"] for item in timeline}
        for item in timeline:
            assert item["seal"]["state"] == "sealed"
            assert item["seal"]["index"] == at[item["event"]["id"]]


def one_head_for_a_size(mayhem: Mayhem) -> None:
    """What was ever published is in the list of all heads, which has one for a size (G8); no topic message says more."""
    heads = mayhem.log.heads()
    assert len({head.size for head in heads}) == len(heads)
    assert mayhem.seen <= heads
    sent = asyncio.run(_sent(mayhem.stack))
    assert sent
    assert sent <= heads, "a head went out on the topic that is not in the list of all heads"


async def _sent(stack: Stack) -> set[Head]:
    """Every head on the topic of sealed entries."""
    topic, found = stack.wiring.topics["audit"], set[Head]()
    async with reading(stack.wiring.kafka, [topic]) as reader:
        end = (await reader.end_offsets())[topic]
        at = (await reader.beginning_offsets())[topic]
        reader.read_from({topic: at})
        while at < end:
            for record in (await reader.batch(1000, 5.0)).get(topic, []):
                found.add(head_of(dict(record.headers)["cadena-head"].decode()))
                at = record.offset + 1
    return found


def all_kept(stack: Stack, kept: list[Kept], folder: Path) -> None:
    """The verifier, which shares no code with the services, finds each promise kept; and no alarm stands."""
    promises = [promise for one in kept for promise in one.promises]
    report = verdict(stack, promises, folder)
    assert report["promises"] == {"fulfilled": len(promises), "pending": 0, "broken": 0, "forged": 0}
    assert report["warnings"] == []
    for worker in ("custody worker", "notify worker"):
        assert metric(stack, worker, "cadena_unsealable_events") == 0
        assert metric(stack, worker, "cadena_sealed_log_stopped") == 0


def samples(kept: list[Kept]) -> list[Kept]:
    """The commands that registered a sample."""
    return [one for one in kept if one.path == SAMPLES and one.status == 201]
