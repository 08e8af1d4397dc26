"""1: whatever dies in between, the ledger holds what was produced once, and of each topic in the topic's order."""

import random

import orjson

from tests.invariants.faults import POINTS, dies
from tests.services.audit.rig import CUSTODY, NOTIFY, event, first
from tests.services.audit.test_writer import follow
from tests.tamper.ledger import Ledger

ROUNDS, MOST = 10, 40


async def test_invariant_01_the_ledger_is_the_producers_history_after_any_mix_of_faults(ledger: Ledger) -> None:
    rig, seed = ledger.rig, random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    history: dict[str, list[bytes]] = {CUSTODY: [rig.founding], NOTIFY: []}
    topics = {CUSTODY: rig.kafka.custody_topic, NOTIFY: rig.kafka.notify_topic}
    await rig.seal(rig.founding, size=1)
    for _ in range(ROUNDS):
        for source, topic in topics.items():
            new = [event(source) for _ in range(rng.randrange(1, MOST))]
            history[source] += new
            # A relay that was not told of its success sends again, and one that was passed over sends what is old.
            again = rng.sample(history[source], min(len(history[source]), rng.randrange(3)))
            await rig.send(*new, *new[rng.randrange(len(new)) :], *again, topic=topic)
        await dies(rig, rng.choice(POINTS))
    size = sum(map(len, history.values()))
    async with rig.writing() as task:
        await first(rig.until_signed(size), task)
        await first(rig.sealed_messages(lambda found: follow(rig, found) == size), task)
    entries = await rig.demand_whole()
    ids = [orjson.loads(entry)["id"] for entry in entries]
    assert (len(entries), len(set(ids))) == (size, size)
    for source, produced in history.items():
        assert [entry for entry in entries if orjson.loads(entry)["source"] == source] == produced
