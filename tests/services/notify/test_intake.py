"""Sealed entries become directory, notices and mail, in one transaction with the reader's place."""

import subprocess
import sys
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.notify import mail, store
from services.notify.loops.intake import FOREIGN, TOO_OLD, Intake
from services.notify.rules import party, subscription
from services.notify.tables import EVENTS
from shared.accounts import clock_command
from shared.canonical import canonical
from shared.events import Actor, Draft, Event, new_id
from shared.facts.cases import CaseOpened
from shared.facts.notices import NoticePlanned, NoticeUnaddressed
from shared.facts.people import AccountLinked, InstallationFounded, Organisation, Pack, Registrar
from shared.facts.proposals import ProposalWithdrawn
from shared.outbox import Recorded, stage
from shared.reader_position import PositionMoved
from shared.sealed import fresh
from tests.services.notify.facts import CUSTODY, NOTIFY, ZERO, event, item, later, proposal, sha256
from tests.services.notify.world import SENDER, World


async def give_and_verify(world: World, owner: AsyncEngine, person: str, address: str = "ana@example.org") -> None:
    """As the API would record it; the facts are staged and not sealed yet."""
    sealed = fresh("address", address)
    async with owner.begin() as connection:
        state = await store.party(connection, person)
        for step in (party.GiveAddress(person, sealed, "es"), party.VerifyAddress(person, sealed.digest)):
            decided = party.verify(state, step) if isinstance(step, party.VerifyAddress) else party.give(step, 0)
            assert isinstance(decided, Draft)
            version = (state.version if state else 0) + 1
            made = event(decided.subject, decided.fact, version, source=NOTIFY, time=later(version))
            await stage(connection, EVENTS, [Recorded.of(made)])
            state = party.apply(state, made)
            if state.verified == sealed.digest:
                await store.save_verified(connection, state)
            else:
                await store.save_given(connection, state, address)


async def deliveries(world: World) -> list[EmailMessage]:
    found = [
        message_from_bytes(row.message, policy=default)
        for row in await world.rows("SELECT message FROM delivery ORDER BY id")
    ]
    return [message for message in found if isinstance(message, EmailMessage)]


async def test_counsel_of_record_with_a_verified_address_gets_the_notice(world: World, owner: AsyncEngine) -> None:
    ana = await world.account("ana", "defence")
    case = await world.case(ana)
    await give_and_verify(world, owner, ana)
    subject, made = await world.propose(proposal(item(case, world.lab), recipients={ana: case}))
    [message] = await deliveries(world)
    assert message["To"] == "ana@example.org"
    [planned] = await world.own_facts("notice")
    fact = planned.fact()
    assert isinstance(fact, NoticePlanned)
    raw = (await world.rows("SELECT message FROM delivery"))[0].message
    assert (fact.proposal, fact.person, fact.message_sha256) == (subject, ana, sha256(raw))
    assert planned.cause == made.id
    assert planned.command == clock_command(made.id, 0)
    assert planned.actor == Actor(service="notify")


async def test_the_attached_event_and_proof_verify_offline_with_the_vkey_of_leaf_0(
    world: World, owner: AsyncEngine, tmp_path: Path
) -> None:
    ana = await world.account("ana", "defence")
    case = await world.case(ana)
    await give_and_verify(world, owner, ana)
    _, made = await world.propose(proposal(item(case, world.lab), recipients={ana: case}))
    [message] = await deliveries(world)
    for part in message.iter_attachments():
        (tmp_path / str(part.get_filename())).write_bytes(part.get_payload(decode=True))  # type: ignore[arg-type]
    assert (tmp_path / mail.PROPOSAL).read_bytes() == made.to_bytes()

    def verify() -> int:
        argv = [sys.executable, "-m", "cadena_verify", "proof", str(tmp_path / mail.PROPOSAL), "--vkey",
                world.ledger.vkey, "--cosigner", world.ledger.cosigner_vkey]  # fmt: skip
        return subprocess.run(argv, capture_output=True, check=False).returncode

    assert verify() == 0
    (tmp_path / mail.PROPOSAL).write_bytes(made.to_bytes().replace(b"2046", b"2047", 1))
    assert verify() != 0


async def test_a_recipient_without_a_verified_address_gives_the_fact_that_it_was_not_told(world: World) -> None:
    ana = await world.account("ana", "defence")
    case = await world.case(ana)
    subject, _ = await world.propose(proposal(item(case, world.lab), recipients={ana: case}))
    assert await deliveries(world) == []
    [stated] = await world.own_facts("notice")
    assert stated.fact() == NoticeUnaddressed(proposal=subject, person=ana, capacity="counsel_of_record")


async def test_an_address_verified_later_gets_a_notice_of_each_open_proposal(world: World, owner: AsyncEngine) -> None:
    ana = await world.account("ana", "defence")
    case = await world.case(ana)
    subjects = [(await world.propose(proposal(item(case, world.lab), recipients={ana: case})))[0] for _ in range(2)]
    closed, _ = await world.propose(proposal(item(case, world.lab), recipients={ana: case}))
    await world.seal(world.fact(f"proposal/{closed}", ProposalWithdrawn(reason=ZERO)))
    await give_and_verify(world, owner, ana)
    assert await deliveries(world) == []
    await world.seal_own()
    facts = [each.fact() for each in await world.own_facts("notice.planned")]
    assert sorted(fact.proposal for fact in facts if isinstance(fact, NoticePlanned)) == sorted(subjects)
    assert len(await deliveries(world)) == 2


async def test_counsel_appointed_later_is_told_of_the_open_proposal(world: World, owner: AsyncEngine) -> None:
    ana, berta = await world.account("ana", "defence"), await world.account("berta", "defence")
    case = await world.case(ana)
    await give_and_verify(world, owner, berta, "berta@example.org")
    await world.propose(proposal(item(case, world.lab), recipients={ana: case}))
    await world.appoint(case, berta)
    assert [message["To"] for message in await deliveries(world)] == ["berta@example.org"]


async def test_a_subscription_that_is_sealed_does_not_tell_counsel_twice(world: World, owner: AsyncEngine) -> None:
    ana = await world.account("ana", "defence")
    case = await world.case(ana)
    await give_and_verify(world, owner, ana)
    async with owner.begin() as connection:
        decided = subscription.subscribe(None, subscription.Subscribe(new_id(), ana, case))
        assert isinstance(decided, Draft)
        made = event(decided.subject, decided.fact, source=NOTIFY)
        await stage(connection, EVENTS, [Recorded.of(made)])
        await store.add_subscription(connection, subscription.apply(made))
    await world.propose(proposal(item(case, world.lab), recipients={ana: case}))
    await world.seal_own()
    assert len(await deliveries(world)) == 1


async def test_a_withdrawn_proposal_is_told_to_nobody_further_and_waiting_mail_is_dropped(
    world: World, owner: AsyncEngine
) -> None:
    ana, berta = await world.account("ana", "defence"), await world.account("berta", "defence")
    case = await world.case(ana)
    await give_and_verify(world, owner, ana)
    await give_and_verify(world, owner, berta, "berta@example.org")
    subject, _ = await world.propose(proposal(item(case, world.lab), recipients={ana: case}))
    await world.seal(world.fact(f"proposal/{subject}", ProposalWithdrawn(reason=ZERO)))
    assert [row.state for row in await world.rows("SELECT state FROM delivery")] == ["dropped"]
    await world.appoint(case, berta)
    assert len(await deliveries(world)) == 1


async def test_a_withdrawal_read_before_its_proposal_suppresses_no_notice(world: World, owner: AsyncEngine) -> None:
    ana = await world.account("ana", "defence")
    case = await world.case(ana)
    await give_and_verify(world, owner, ana)
    subject = new_id()
    withdrawn = event(f"proposal/{subject}", ProposalWithdrawn(reason=ZERO), 2)
    made = event(f"proposal/{subject}", proposal(item(case, world.lab), recipients={ana: case}), 1)
    await world.seal(withdrawn, made)
    assert [row.state for row in await world.rows("SELECT state FROM delivery")] == ["due"]


async def test_g1_own_facts_are_marked_sealed_at_their_index_and_only_if_the_bytes_are_ours(
    world: World, owner: AsyncEngine
) -> None:
    ana = await world.account("ana", "defence")
    await give_and_verify(world, owner, ana)
    [given, verified] = await world.own_facts("party")
    forged = given.model_copy(update={"time": later(9)})
    before = FOREIGN._value.get()
    first = world.ledger.position.size
    await world.seal(forged, verified, given)
    marked = await world.rows("SELECT event_id::text, idx, size FROM sealed ORDER BY idx")
    assert [tuple(row) for row in marked] == [(verified.id, first + 1, first + 3), (given.id, first + 2, first + 3)]
    assert FOREIGN._value.get() == before + 1


async def test_of_two_leaves_with_one_id_or_one_command_and_ordinal_the_lower_counts(world: World) -> None:
    made = world.fact(f"case/{new_id()}", CaseOpened(authority=world.authority, folio="F-1"))
    same_id = made.model_copy(update={"subject": f"case/{new_id()}"})
    same_command = made.model_copy(update={"id": new_id(), "subject": f"case/{new_id()}"})
    other_ordinal = made.model_copy(update={"id": new_id(), "ordinal": 1, "subject": f"case/{new_id()}"})
    await world.seal(made, same_id, same_command)
    await world.seal(same_id, same_command, other_ordinal)
    known = {row.id for row in await world.rows("SELECT id::text FROM case_file")}
    assert known == {made.subject.partition("/")[2], other_ordinal.subject.partition("/")[2]}  # type: ignore[union-attr]


def unholdable() -> InstallationFounded:
    """Leaf 0 with a text that PostgreSQL cannot hold."""
    organisation = Organisation(id=new_id(), name="A", kind="court", independent=True)
    return InstallationFounded(
        installation="demo2", origin="a\x00b", log_vkey="v", cosigner_vkey="c", promise_keys={}, link_key="k",
        organisations=[organisation], pack=Pack(id="flat", version=1, sha256="0" * 64),
        registrar=Registrar(person=new_id(), name=ZERO, organisation=new_id(), account=new_id(), account_digest="0" * 64),
    )  # fmt: skip


def foreign(source: str) -> Event:
    fact = AccountLinked(person=new_id(), organisation=new_id(), role="court", account_digest="1" * 64)
    return event(f"account/{new_id()}", fact, source=source)


@pytest.mark.parametrize(
    "raw",
    [
        foreign(CUSTODY).model_copy(update={"subject": "account/me"}).to_bytes(),
        foreign(CUSTODY).model_copy(update={"subject": f"person/{new_id()}"}).to_bytes(),
        foreign(CUSTODY).model_copy(update={"subject": None, "sequence": None}).to_bytes(),
        event(f"account/{new_id()}", unholdable()).to_bytes().replace(b"custody.installation.founded", b"custody.account.linked"),
        event("installation/demo2", unholdable()).to_bytes(),
        b"", b"[]", b'"x"', b"{}", b'{"type":1,"source":2,"id":3}', b"\xff\xfe", b"[" * 60_000,
        foreign("urn:cadena:other:custody").to_bytes(),
        foreign(NOTIFY).to_bytes(),
        foreign(CUSTODY).model_copy(update={"outcome": "refused"}).to_bytes(),
        foreign(CUSTODY).to_bytes().replace(b'"role":"court"', b'"role":"king"'),
        foreign(CUSTODY).to_bytes() + b" ",
        canonical({**foreign(CUSTODY).model_dump(mode="json", exclude_none=True), "type": "org.cadena.custody.item.lost.v1"}),
    ],
)  # fmt: skip
async def test_nothing_in_an_entry_stops_the_reading_or_slips_into_the_directory(world: World, raw: bytes) -> None:
    size = world.ledger.position.size
    await world.seal(raw)
    assert await world.rows("SELECT id FROM account") == []
    assert [row.id for row in await world.rows("SELECT id FROM installation")] == ["demo"]
    [row] = await world.rows("SELECT size FROM reader_position")
    assert row.size == size + 1


async def test_an_unknown_type_about_destruction_is_an_alarm(world: World) -> None:
    plain = foreign(CUSTODY).model_dump(mode="json", exclude_none=True)
    before = TOO_OLD._value.get()
    await world.seal(canonical({**plain, "type": "org.cadena.custody.proposal.executed.v1"}))
    assert TOO_OLD._value.get() == before + 1


async def test_g1_of_two_workers_that_read_the_same_batch_one_has_an_effect(world: World, owner: AsyncEngine) -> None:
    ana = await world.account("ana", "defence")
    case = await world.case(ana)
    await give_and_verify(world, owner, ana)
    made = event(f"proposal/{new_id()}", proposal(item(case, world.lab), recipients={ana: case}))
    batch = world.ledger.seal([made.to_bytes()])
    twin = Intake(world.engine, CUSTODY, NOTIFY, SENDER)
    await twin.take(batch)
    with pytest.raises(PositionMoved):
        await world.intake.take(batch)
    assert len(await deliveries(world)) == 1
