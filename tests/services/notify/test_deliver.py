"""Handing mail over: at least once, the same bytes each time, and the server's word as a fact that is not service."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy.ext.asyncio import AsyncEngine

from services.notify.channels.mail import MailChannel, Outcome, Postponed, Refused, Taken
from services.notify.loops.deliver import LEASE, Deliver
from shared.facts.notices import NoticeAccepted, NoticeRejected
from tests.services.notify.conftest import Client
from tests.services.notify.facts import NOTIFY, item, proposal
from tests.services.notify.test_intake import give_and_verify
from tests.services.notify.world import SENDER, World


class Server:
    """A mail server whose replies the test sets, per command; `taken` is every message it read to its last byte."""

    def __init__(self) -> None:
        self.replies: dict[str, list[str]] = {"RCPT": [], "DATA": [], "MAIL": []}
        self.drop_after_data = 0
        self.taken: list[bytes] = []
        self.readers: list[list[str]] = []
        self.port = 0

    def _reply(self, command: str) -> str | None:
        return self.replies[command].pop(0) if self.replies[command] else None

    async def handle_MAIL(  # noqa: N802 - the library's names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self._reply("MAIL")
        if reply is None:
            envelope.mail_from = address
        return reply or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self._reply("RCPT")
        if reply is None:
            envelope.rcpt_tos.append(address)
        return reply or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        reply = self._reply("DATA")
        if reply:
            return reply
        self.taken.append(envelope.original_content or b"")
        self.readers.append(envelope.rcpt_tos)
        if self.drop_after_data:
            self.drop_after_data -= 1
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "250 taken"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    handler = Server()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(handler, hostname="mx.example", loop=loop), "127.0.0.1", 0)
    handler.port = listening.sockets[0].getsockname()[1]
    yield handler
    listening.close()


@pytest.fixture
def channel(server: Server) -> MailChannel:
    return MailChannel(f"smtp://127.0.0.1:{server.port}", SENDER, seconds=5)


async def planned(world: World, owner: AsyncEngine) -> str:
    """A case whose counsel has one notice waiting; returns the notice."""
    ana = await world.account("ana", "defence")
    case = await world.case(ana)
    await give_and_verify(world, owner, ana)
    await world.propose(proposal(item(case, world.lab), recipients={ana: case}))
    return str((await world.rows("SELECT id::text FROM notice"))[0].id)


async def due_now(owner: AsyncEngine) -> None:
    """Let time pass until everything is due again."""
    async with owner.begin() as connection:
        await connection.exec_driver_sql("UPDATE delivery SET due_at = now() WHERE state = 'due'")


def deliver(world: World, channel: MailChannel) -> Deliver:
    return Deliver(world.engine, NOTIFY, channel, spread=lambda: 0.0)


async def test_g4_acceptance_is_recorded_as_a_fact_of_the_notice_and_nothing_more(
    world: World, owner: AsyncEngine, server: Server, channel: MailChannel
) -> None:
    notice = await planned(world, owner)
    assert await deliver(world, channel).one()
    [accepted] = await world.own_facts("notice.accepted")
    assert (accepted.subject, accepted.sequence, accepted.fact()) == (f"notice/{notice}", 2, NoticeAccepted(attempt=1))
    assert server.readers == [["ana@example.org"]]
    [row] = await world.rows("SELECT status, version FROM notice")
    assert tuple(row) == ("accepted", 2)
    assert not await deliver(world, channel).one()


async def test_the_server_reads_the_stored_bytes_exactly(
    world: World, owner: AsyncEngine, server: Server, channel: MailChannel
) -> None:
    await planned(world, owner)
    await deliver(world, channel).one()
    [row] = await world.rows("SELECT message FROM delivery")
    assert server.taken[0].rstrip(b"\r\n") == bytes(row.message).rstrip(b"\r\n")


async def test_a_dropped_connection_is_tried_again_with_the_same_message(
    world: World, owner: AsyncEngine, server: Server, channel: MailChannel
) -> None:
    """The server took the message, and we cannot know: the second copy has the same Message-ID and the same bytes."""
    notice = await planned(world, owner)
    server.drop_after_data = 1
    await deliver(world, channel).one()
    assert await world.own_facts("notice.accepted") == []
    await due_now(owner)
    await deliver(world, channel).one()
    first, second = server.taken
    assert first == second
    assert message_from_bytes(first, policy=default)["Message-ID"] == f"<{notice}@cadena.example>"
    [accepted] = await world.own_facts("notice.accepted")
    assert accepted.fact() == NoticeAccepted(attempt=2)
    outcomes = await world.rows("SELECT number, outcome FROM attempt ORDER BY number")
    assert [tuple(row) for row in outcomes] == [(1, "postponed"), (2, "taken")]


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
async def test_a_refusal_for_good_is_a_fact_and_ends_the_attempts(
    world: World, owner: AsyncEngine, server: Server, channel: MailChannel, command: str
) -> None:
    await planned(world, owner)
    server.replies[command] = ["550 no such reader"]
    await deliver(world, channel).one()
    [rejected] = await world.own_facts("notice.rejected")
    assert rejected.fact() == NoticeRejected(attempt=1, reply_code=550)
    assert [row.state for row in await world.rows("SELECT state FROM delivery")] == ["rejected"]
    assert server.taken == []


@pytest.mark.parametrize(
    ("command", "reply"),
    [("RCPT", "450 later"), ("DATA", "451 later"), ("MAIL", "550 not from you"), ("MAIL", "421 closing")],
)
async def test_what_may_pass_or_is_our_trouble_is_tried_again_later(
    world: World, owner: AsyncEngine, server: Server, channel: MailChannel, command: str, reply: str
) -> None:
    await planned(world, owner)
    server.replies[command] = [reply]
    await deliver(world, channel).one()
    assert await world.own_facts("notice.rejected") == []
    [row] = await world.rows("SELECT state, attempts, due_at - clock_timestamp() AS wait FROM delivery")
    assert (row.state, row.attempts) == ("due", 1)
    assert 0 < row.wait.total_seconds() <= 5
    await due_now(owner)
    await deliver(world, channel).one()
    assert len(await world.own_facts("notice.accepted")) == 1


async def test_no_server_at_all_is_a_postponement(world: World) -> None:
    outcome = await MailChannel("smtp://127.0.0.1:1", SENDER, seconds=2).send("ana@example.org", b"x")
    assert isinstance(outcome, Postponed)
    assert outcome.reply_code is None


@pytest.mark.parametrize("url", ["http://127.0.0.1", "smtp://", "127.0.0.1:25", ""])
def test_a_mail_server_is_named_by_an_smtp_url(url: str) -> None:
    with pytest.raises(ValueError, match="smtp://"):
        MailChannel(url, SENDER)


class Scripted:
    """A way out that fails at chosen calls, or runs something in the middle of one."""

    def __init__(self, *outcomes: Outcome | BaseException) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[bytes] = []
        self.called = asyncio.Event()
        self.during: Callable[[], Awaitable[None]] | None = None

    async def send(self, recipient: str, message: bytes) -> Outcome:
        self.sent.append(message)
        self.called.set()
        if self.during is not None:
            await self.during()
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


async def test_g1_a_process_that_dies_in_an_attempt_leaves_the_mail_due_again(world: World, owner: AsyncEngine) -> None:
    await planned(world, owner)
    channel = Scripted(asyncio.CancelledError(), Taken())
    with pytest.raises(asyncio.CancelledError):
        await Deliver(world.engine, NOTIFY, channel).one()
    [row] = await world.rows("SELECT state, due_at - clock_timestamp() AS wait FROM delivery")
    assert row.state == "due"
    assert 0 < row.wait.total_seconds() <= LEASE.total_seconds()
    await due_now(owner)
    await Deliver(world.engine, NOTIFY, channel).one()
    assert channel.sent[0] == channel.sent[1]
    [accepted] = await world.own_facts("notice.accepted")
    assert accepted.fact() == NoticeAccepted(attempt=2)


async def test_two_deliverers_do_not_take_the_same_mail(world: World, owner: AsyncEngine) -> None:
    await planned(world, owner)
    channel = Scripted(Taken(), Taken())
    results = await asyncio.gather(*(Deliver(world.engine, NOTIFY, channel).one() for _ in range(4)))
    assert sorted(results) == [False, False, False, True]
    assert len(channel.sent) == 1


async def test_an_overtaken_attempt_adds_no_second_fact(world: World, owner: AsyncEngine) -> None:
    """The lease ran out, another attempt was accepted; the late one then hears no."""
    await planned(world, owner)
    late = Scripted(Refused(550))

    async def meanwhile() -> None:
        late.during = None
        await due_now(owner)
        await Deliver(world.engine, NOTIFY, Scripted(Taken())).one()

    late.during = meanwhile
    await Deliver(world.engine, NOTIFY, late).one()
    assert [each.fact() for each in await world.own_facts("notice.")][-1] == NoticeAccepted(attempt=2)
    assert await world.own_facts("notice.rejected") == []


async def test_g4_waits_grow_and_a_notice_is_never_given_up(world: World, owner: AsyncEngine) -> None:
    await planned(world, owner)
    channel = Scripted(*[Postponed(None, "nobody there")] * 20)
    waits = []
    for _ in range(20):
        await due_now(owner)
        await Deliver(world.engine, NOTIFY, channel, spread=lambda: 0.0).one()
        [row] = await world.rows("SELECT state, due_at - clock_timestamp() AS wait FROM delivery")
        assert row.state == "due"
        waits.append(round(row.wait.total_seconds()))
    assert waits == sorted(waits)
    assert waits[-1] == 24 * 3600


async def test_an_address_link_out_of_time_is_not_sent(world: World, owner: AsyncEngine) -> None:
    async with owner.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO delivery VALUES (gen_random_uuid(), NULL, 'a@example.org', 'x', 'due', 0, now(), now())"
        )
    channel = Scripted(Taken())
    assert not await Deliver(world.engine, NOTIFY, channel).one()
    assert channel.sent == []
    assert [row.state for row in await world.rows("SELECT state FROM delivery")] == ["dropped"]


async def test_of_the_links_of_one_party_only_the_newest_is_sent(world: World, client: Callable[[str], Client]) -> None:
    for name in ("ana", "berta"):
        await world.account(name, "defence")
    for name, address in (("ana", "a1"), ("berta", "b1"), ("ana", "a2"), ("ana", "a3")):
        await client(name).post("/v1/parties", {"address": f"{address}@example.org"})
    channel = Scripted(Taken(), Taken(), Taken(), Taken())
    while await Deliver(world.engine, NOTIFY, channel).one():
        pass
    found = await world.rows("SELECT recipient, state FROM delivery ORDER BY recipient")
    assert [(row.recipient.partition("@")[0], row.state) for row in found] == [
        ("a1", "dropped"), ("a2", "dropped"), ("a3", "accepted"), ("b1", "accepted"),
    ]  # fmt: skip
    assert len(channel.sent) == 2


async def test_run_delivers_what_comes_due_and_stops_when_told(world: World, owner: AsyncEngine) -> None:
    channel = Scripted(Taken())
    stop = asyncio.Event()
    running = asyncio.create_task(Deliver(world.engine, NOTIFY, channel).run(stop))
    await planned(world, owner)
    async with asyncio.timeout(20):
        await channel.called.wait()
        stop.set()
        await running
    assert len(channel.sent) == 1
    assert len(await world.own_facts("notice.accepted")) == 1
