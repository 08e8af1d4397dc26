"""15: when the clock of a database jumps, order stays what it was: by lock, sequence and index, never by time."""

from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

import pytest
from sqlalchemy import text

from services.audit import store
from services.custody.rules.sample import AmendSample
from shared.commands import Answer
from shared.events import new_id
from shared.notes import cosigned_at, open_checkpoint, open_note
from shared.sealed import fresh
from tests.invariants.shifted import Clock
from tests.services.audit.rig import first
from tests.services.custody.scene import Scene
from tests.tamper.ledger import DAY, Ledger, opened, places

JUMPS = (0, 3, -2, -40, 0)
"""Days from the true time, one after the other."""
TICK = timedelta(microseconds=1)


@pytest.fixture(scope="module")
def founded(custody_database: dict[str, str]) -> Scene:
    return Scene(custody_database["api"])


def within(admin_url: str, url: str) -> str:
    """The administrator in the database of another login."""
    return urlunsplit(urlsplit(admin_url)._replace(path=urlsplit(url).path))


async def test_invariant_15_times_of_a_subject_rise_and_nothing_is_lost_when_custodys_clock_jumps(
    founded: Scene, postgres_server: str
) -> None:
    clock = Clock(within(postgres_server, founded.url), founded.url, "custody_api")
    founded.open(pool_size=2)
    await founded.found()
    first_one = await founded.registered()
    keys: list[tuple[str, Answer]] = []
    for days in JUMPS:
        await clock.move(days)
        await founded.registered()
        amended = AmendSample(sample=first_one, reason=fresh("reason", f"{days} days"), seal=f"S-{days + 100}")
        keys.append((key := new_id(), await founded.do("lab", amended, key=key, said=key, if_match=len(keys) + 1)))
    for key, answer in keys:
        again = await founded.do("lab", founded.sample(), key=key, said=key)
        assert (again.status, again.body) == (200, answer.body), "a key that was used stays spent"
    history = [event.time for event in await founded.events(f"sample/{first_one}")]
    assert len(history) == 1 + len(JUMPS)
    assert history[3:] == [history[2] + TICK * at for at in (1, 2, 3)], "behind the last, by the least that rises"
    assert history[2] > history[1] > history[0]
    others = [event for event in await founded.events() if event.sequence == 1][-len(JUMPS) :]
    jumped = [round((event.time - others[0].time) / timedelta(days=1)) for event in others]
    assert jumped == list(JUMPS), "a new subject has the clock's time, also where that was set back"
    async with founded.engine.connect() as connection:
        rows = await connection.execute(text("SELECT id FROM event ORDER BY seq"))
    assert [event.id for event in await founded.events()] == [str(one) for one in rows.scalars()]
    await founded.engine.dispose()


async def test_invariant_15_the_ledgers_order_is_its_topics_and_heads_never_run_backwards(
    ledger: Ledger, postgres_server: str
) -> None:
    rig = ledger.rig
    clock = Clock(within(postgres_server, rig.urls["writer"]), rig.urls["writer"], "audit_writer")
    await ledger.found()
    values = [rig.founding]
    for days in JUMPS:
        await clock.move(days)
        # Each fact claims a time of its own, before and behind all others.
        new = [opened(len(values) + at, DAY - timedelta(days=at * days)).to_bytes() for at in range(20)]
        values += new
        await rig.send(*new)
        async with rig.writing() as task:
            await first(rig.until_signed(len(values)), task)
    assert await rig.entries() == values
    async with rig.database() as connection:
        heads = await store.heads_after(connection, 0, 1000)
    assert [open_checkpoint(head.signed, rig.keys.log.key).size for head in heads] == [head.size for head in heads]
    said = [cosigned_at(open_note(head.signed, [rig.keys.cosigner.key]).verified[0]) for head in heads]
    assert said == sorted(said)
    assert said[-1] - said[0] >= 2 * 86_400, "the clock did jump"
    report = await ledger.verified(cosigner=True)
    assert (places(report), report.facts["rebuilt"]) == (set(), len(values))
