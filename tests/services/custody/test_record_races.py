"""Commands that meet: locks in one order, one winner, nothing half written (G1, G5)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.custody import gather as gathering
from services.custody import record as recording
from services.custody.rules.account import CloseAccount, LinkAccount
from services.custody.rules.case import AppointCounsel, LinkPerson, OpenCase
from services.custody.rules.offer import AcceptOffer, ItemReceipt, MakeOffer, RefuseOffer, WithdrawOffer
from services.custody.rules.sample import AmendSample
from shared.accounts import account_digest
from shared.commands import Answer
from shared.database import engine
from shared.driver import Driver, lent
from shared.events import new_id
from shared.facts.cases import AppointmentSource
from shared.problems import Problem
from shared.sealed import fresh
from shared.text import parse_instant
from tests.services.custody.scene import ISSUER, Scene, org_id, person_id


def accept(offer: str, *samples: str) -> AcceptOffer:
    receipts = tuple(ItemReceipt(sample=sample, seal="S-1", condition="intact") for sample in samples)
    return AcceptOffer(offer=offer, receipts=receipts)


def statuses(answers: list[Answer]) -> list[int]:
    return sorted(answer.status for answer in answers)


async def test_g5_two_parallel_acceptances_of_one_offer_move_custody_once(scene: Scene) -> None:
    sample = await scene.registered()
    offer = await scene.offered(sample)
    answers = await asyncio.gather(*(scene.do("custodian", accept(offer, sample)) for _ in range(2)))
    assert statuses(answers) == [200, 409]
    types = [event.type.split(".", 3)[3] for event in await scene.events(f"sample/{sample}")]
    assert types == ["sample.registered.v1", "sample.offered.v1", "sample.transferred.v1"]


async def test_g5_acceptance_and_withdrawal_of_one_offer_have_one_winner_and_state_follows_it(scene: Scene) -> None:
    for _ in range(5):
        sample = await scene.registered()
        offer = await scene.offered(sample)
        taken, back = await asyncio.gather(
            scene.do("custodian", accept(offer, sample)),
            scene.do("lab", WithdrawOffer(offer=offer, reason=fresh("reason", "Wrong box"))),
        )
        assert statuses([taken, back]) == [200, 409]
        async with scene.engine.connect() as connection:
            holder = await connection.execute(
                text("SELECT custodian_org::text, offer FROM sample WHERE id = CAST(:id AS uuid)"), {"id": sample}
            )
        assert holder.one() == (org_id("custodian" if taken.status == 200 else "lab"), None)


async def test_g5_a_sample_offered_twice_in_parallel_is_under_one_offer(scene: Scene) -> None:
    sample = await scene.registered()
    offers = [
        MakeOffer(id=new_id(), samples=(sample,), to_organisation=org_id(to), purpose="storage", transport="by_hand",
                  temperature="frozen")
        for to in ("custodian", "lab_2", "prosecutor")
    ]  # fmt: skip
    answers = await asyncio.gather(*(scene.do("lab", offer) for offer in offers))
    assert statuses(answers) == [201, 409, 409]


async def test_commands_that_name_the_same_items_in_other_orders_do_not_deadlock(scene: Scene) -> None:
    items = [await scene.registered() for _ in range(6)]
    async with scene.engine.connect() as connection:
        count = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        before = (await connection.execute(count)).scalar_one()

    async def back_and_forth(order: list[str]) -> None:
        for _ in range(4):
            command = MakeOffer(
                id=new_id(), samples=tuple(order), to_organisation=org_id("custodian"), purpose="storage",
                transport="by_hand", temperature="frozen",
            )  # fmt: skip
            if (await scene.do("lab", command)).status == 201:
                await scene.do("custodian", RefuseOffer(offer=command.id, reason="missing_item"))

    async def amend(sample: str, seal: str) -> None:
        await scene.do("lab", AmendSample(sample=sample, reason=fresh("reason", "x"), seal=seal))

    orders = [items, items[::-1], items[3:] + items[:3]]
    await asyncio.gather(
        *(back_and_forth(order) for order in orders), *(amend(item, f"S-{n}") for n, item in enumerate(items))
    )
    async with scene.engine.connect() as connection:
        await connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        assert (await connection.execute(count)).scalar_one() == before


async def test_one_label_taken_in_parallel_is_one_sample_and_refusals_that_are_facts(scene: Scene) -> None:
    label = f"RACE-{new_id()[:8]}"
    answers = await asyncio.gather(*(scene.do("lab", scene.sample(label=label)) for _ in range(6)))
    assert statuses(answers) == [201, 409, 409, 409, 409, 409]
    assert all(orjson.loads(answer.body)["promises"] for answer in answers)


async def test_one_folio_resolved_in_parallel_is_one_case(scene: Scene) -> None:
    folio = f"CI-{new_id()[:8]}"
    commands = [OpenCase(id=new_id(), authority=org_id("prosecutor"), folio=folio) for _ in range(6)]
    answers = await asyncio.gather(*(scene.do("lab", command) for command in commands))
    assert statuses(answers) == [200, 200, 200, 200, 200, 201]
    assert len({orjson.loads(answer.body)["id"] for answer in answers}) == 1


async def test_one_account_linked_in_parallel_is_linked_once(scene: Scene) -> None:
    def command() -> LinkAccount:
        return LinkAccount(
            id=new_id(), person=person_id("lab"), organisation=org_id("lab"), role="lab",
            account_digest=account_digest(ISSUER, "twice"),
        )  # fmt: skip

    answers = await asyncio.gather(*(scene.do("registrar", command()) for _ in range(4)))
    assert statuses(answers) == [201, 409, 409, 409]


async def test_counsel_is_appointed_while_accounts_of_the_person_are_linked(scene: Scene) -> None:
    """The set of accounts grows under the appointment: it is read again after the last lock."""
    await scene.do("court", LinkPerson(case=scene.case, person=person_id("oversight"), role="convicted",
                                       source=fresh("source", "File p. 3")))  # fmt: skip
    appoint = AppointCounsel(
        case=scene.case, counsel=person_id("defence"), client=person_id("oversight"),
        source=AppointmentSource(kind="court_appointment", reference="Auto-7"),
    )  # fmt: skip
    links = [
        LinkAccount(id=new_id(), person=person_id("defence"), organisation=org_id("defence"), role="defence",
                    account_digest=account_digest(ISSUER, f"second-{n}"))
        for n in range(6)
    ]  # fmt: skip
    appointed, *linked = await asyncio.gather(
        scene.do("court", appoint), *(scene.do("registrar", link) for link in links)
    )
    assert (appointed.status, {answer.status for answer in linked}) == (200, {201})


async def test_sets_that_grew_before_the_last_lock_are_seen_and_the_command_begins_anew(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account is linked after the accounts of counsel were read, and before the last lock was taken."""
    real, calls = gathering._closed, 0

    async def after_a_link(session, reach, last):  # type: ignore[no-untyped-def]
        nonlocal calls
        calls += reach.accounts_of != frozenset()
        if reach.accounts_of and calls == 1:
            link = LinkAccount(
                id=new_id(), person=person_id("defence"), organisation=org_id("defence"), role="defence",
                account_digest=account_digest(ISSUER, "in between"),
            )  # fmt: skip
            assert (await scene.do("registrar", link)).status == 201
        return await real(session, reach, last)

    await scene.do("court", LinkPerson(case=scene.case, person=person_id("auditor"), role="accused",
                                       source=fresh("source", "File p. 9")))  # fmt: skip
    monkeypatch.setattr(gathering, "_closed", after_a_link)
    appoint = AppointCounsel(
        case=scene.case, counsel=person_id("defence"), client=person_id("auditor"),
        source=AppointmentSource(kind="court_appointment", reference="Auto-8"),
    )  # fmt: skip
    answer = await scene.do("court", appoint)
    assert (answer.status, calls) == (200, 2)


async def test_who_waits_too_long_for_a_lock_gets_503_with_retry_after_and_a_free_key(scene: Scene) -> None:
    sample, key = await scene.registered(), new_id()
    amend = AmendSample(sample=sample, reason=fresh("reason", "x"), seal="S-7")
    patient, scene.engine = scene.engine, engine(scene.url, lock_seconds=0.2)
    try:
        async with patient.begin() as other:
            await other.execute(text("SELECT 1 FROM sample WHERE id = CAST(:id AS uuid) FOR UPDATE"), {"id": sample})
            with pytest.raises(Problem) as busy:
                await scene.do("lab", amend, key=key)
        assert (busy.value.status, busy.value.code, busy.value.headers) == (503, "busy", {"Retry-After": "1"})
        assert (await scene.do("lab", amend, key=key)).status == 200
    finally:
        await scene.engine.dispose()
        scene.engine = patient


@pytest.mark.parametrize(
    "lost", [gathering.SetsChanged(), asyncpg.UniqueViolationError(), asyncpg.DeadlockDetectedError()]
)
async def test_who_loses_race_after_race_gets_503_and_a_free_key(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, lost: Exception
) -> None:
    async def always_grown(*_: object) -> None:
        raise lost

    key, command, before = new_id(), scene.sample(), await scene.counts()
    monkeypatch.setattr(recording, "gather", always_grown)
    with pytest.raises(Problem) as busy:
        await scene.do("lab", command, key=key)
    monkeypatch.undo()
    assert (busy.value.status, busy.value.code) == (503, "busy")
    assert await scene.counts() == before
    assert (await scene.do("lab", command, key=key)).status == 201


@pytest.mark.parametrize("stage", ["claiming", "gather", "write"])
async def test_g1_a_connection_that_dies_within_the_transaction_leaves_nothing_and_the_key_free(
    scene: Scene, postgres_server: str, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    """The session is ended by the server right after each stage, as when the process or the server is killed."""
    real = getattr(recording, stage)

    async def then_killed(connection, *arguments):  # type: ignore[no-untyped-def]
        done = await real(connection, *arguments)
        pid = await connection.fetchval("SELECT pg_backend_pid()")
        link = await asyncpg.connect(postgres_server)
        await link.execute("SELECT pg_terminate_backend($1, 5000)", pid)
        await link.close()
        return done

    key, command, before = new_id(), scene.sample(), await scene.counts()
    monkeypatch.setattr(recording, stage, then_killed)
    with pytest.raises(Problem) as away:
        await scene.do("lab", command, key=key)
    monkeypatch.undo()
    assert (away.value.status, away.value.code) == (503, "database-away")
    assert await scene.counts() == before
    assert (await scene.do("lab", command, key=key)).status == 201


async def test_g1_an_answer_that_was_lost_after_the_commit_is_got_by_the_same_key(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client is told 503 although all is recorded: the retry says what was recorded, and records nothing."""
    key, command = new_id(), scene.sample()

    @asynccontextmanager
    async def dropped(pool: AsyncEngine) -> AsyncIterator[Driver]:
        async with lent(pool) as link:
            yield link
        raise ConnectionResetError("the answer of COMMIT never arrived")

    monkeypatch.setattr(recording, "lent", dropped)
    with pytest.raises(Problem) as away:
        await scene.do("lab", command, key=key)
    monkeypatch.undo()
    assert away.value.status == 503
    again = await scene.do("lab", command, key=key)
    assert (again.status, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert len(await scene.events(command.subject())) == 1


async def _blocked(scene: Scene) -> None:
    """Returns once a statement of this database waits for a lock."""
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity"
                 " WHERE datname = current_database())")  # fmt: skip
    async with asyncio.timeout(10):
        while True:
            async with scene.engine.connect() as connection:
                if (await connection.execute(waits)).scalar_one():
                    return
            await asyncio.sleep(0.01)


async def test_an_account_that_is_closed_while_its_key_is_waited_for_has_no_standing(scene: Scene) -> None:
    account, key = LinkAccount(
        id=new_id(), person=person_id("lab"), organisation=org_id("lab"), role="lab",
        account_digest=account_digest(ISSUER, "leaves"),
    ), new_id()  # fmt: skip
    assert (await scene.do("registrar", account)).status == 201
    claims = text("INSERT INTO command (account, key, fingerprint) VALUES (:account, :key, '')")
    async with scene.engine.connect() as twin:
        await twin.execute(claims, {"account": account.account_digest, "key": key})
        waiting = asyncio.create_task(scene.do("leaves", scene.sample(), key=key))
        await _blocked(scene)
        assert (
            await scene.do("registrar", CloseAccount(account=account.id, reason=fresh("reason", "x")))
        ).status == 200
        await twin.rollback()
    with pytest.raises(Problem) as nobody:
        await waiting
    assert nobody.value.status == 404
    async with scene.engine.connect() as connection:
        kept = await connection.execute(text("SELECT 1 FROM command WHERE key = :key"), {"key": key})
        assert kept.first() is None


async def test_a_label_that_was_given_up_while_the_case_was_waited_for_is_free(scene: Scene) -> None:
    label = f"FREED-{new_id()[:8]}"
    holder = orjson.loads((await scene.do("lab", scene.sample(label=label))).body)["id"]
    async with scene.engine.connect() as other:
        await other.execute(text('SELECT 1 FROM "case" WHERE id = CAST(:id AS uuid) FOR UPDATE'), {"id": scene.case})
        waiting = asyncio.create_task(scene.do("lab", scene.sample(label=label)))
        await _blocked(scene)
        async with scene.engine.begin() as connection:
            gives = text("UPDATE sample SET label = 'G-' || label WHERE id = CAST(:id AS uuid)")
            await connection.execute(gives, {"id": holder})
        before = (await other.execute(text("SELECT clock_timestamp()"))).scalar_one()
        await other.rollback()
    answer = await waiting
    assert answer.status == 201
    assert parse_instant(orjson.loads(answer.body)["updated_at"]) > before, "the clock is read after the lock"
