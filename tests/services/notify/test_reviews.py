"""Who subscribed to a case is told, once, that the keeping of its items will end; nobody else is."""

import asyncio
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.notify import mail, render_review, store
from services.notify.loops.restored import restored
from services.notify.render import CaseNames, Directory, Leaf
from services.notify.rules import subscription
from services.notify.tables import EVENTS
from shared.events import Draft, Event, new_id
from shared.facts.notices import Language, NoticeReviewPlanned, NoticeReviewUnaddressed
from shared.facts.retention import ReviewedItem, ReviewOpened
from shared.outbox import Recorded, stage
from tests.services.notify.facts import NOTIFY, event, sha256
from tests.services.notify.test_intake import deliveries, give_and_verify
from tests.services.notify.world import SENDER, World

UNTIL = date(2027, 4, 30)


def reviewed(case: str, holder: str, lead: int = 12, until: date = UNTIL) -> ReviewOpened:
    item = ReviewedItem(sample=new_id(), label="LAB-7", held_by=holder, until=until, rule="WI-KEEP", version=1)
    return ReviewOpened(case=case, lead_months=lead, items=[item])


async def subscribe(world: World, owner: AsyncEngine, person: str, case: str) -> None:
    """As the API would record it, and sealed."""
    async with owner.begin() as connection:
        decided = subscription.subscribe(None, subscription.Subscribe(new_id(), person, case))
        assert isinstance(decided, Draft)
        made = event(decided.subject, decided.fact, source=NOTIFY)
        await stage(connection, EVENTS, [Recorded.of(made)])
        await store.add_subscription(connection, subscription.apply(made))
    await world.seal_own()


async def open_review(world: World, case: str, lead: int = 12) -> tuple[str, Event]:
    review = new_id()
    made = world.fact(f"review/{review}", reviewed(case, world.lab, lead))
    await world.seal(b'{"some":"entry"}', made)
    return review, made


async def counsel(world: World, owner: AsyncEngine, name: str = "counsel") -> str:
    person = await world.account(name, "defence")
    await give_and_verify(world, owner, person, f"{name}@example.org")
    await world.seal_own()
    return person


async def test_who_subscribed_gets_one_mail_of_a_review_and_counsel_who_did_not_gets_none(
    world: World, owner: AsyncEngine
) -> None:
    follows, other = await counsel(world, owner, "follows"), await counsel(world, owner, "other")
    case = await world.case(follows, other)
    await subscribe(world, owner, follows, case)
    review, made = await open_review(world, case)
    await world.seal(made)
    [message] = await deliveries(world)
    assert message["To"] == "follows@example.org"
    [planned] = await world.own_facts("notice")
    raw = (await world.rows("SELECT message FROM delivery"))[0].message
    fact = planned.fact()
    assert isinstance(fact, NoticeReviewPlanned)
    assert (fact.review, fact.person, fact.message_sha256) == (review, follows, sha256(raw))
    assert planned.cause == made.id
    [row] = await world.rows("SELECT proposal, review::text, capacity, status FROM notice")
    assert tuple(row) == (None, review, "subscriber", "planned")


async def test_who_speaks_for_nobody_in_the_case_any_more_or_never_did_is_not_told(
    world: World, owner: AsyncEngine
) -> None:
    stranger = await counsel(world, owner)
    case = await world.case()
    await subscribe(world, owner, stranger, case)
    await open_review(world, case)
    assert (await deliveries(world), await world.own_facts("notice")) == ([], [])


async def test_the_attached_review_and_proof_verify_offline(world: World, owner: AsyncEngine, tmp_path: Path) -> None:
    person = await counsel(world, owner)
    case = await world.case(person)
    await subscribe(world, owner, person, case)
    _, made = await open_review(world, case)
    [message] = await deliveries(world)
    for part in message.iter_attachments():
        (tmp_path / str(part.get_filename())).write_bytes(part.get_payload(decode=True))  # type: ignore[arg-type]
    assert (tmp_path / mail.REVIEW).read_bytes() == made.to_bytes()
    argv = [sys.executable, "-m", "cadena_verify", "proof", str(tmp_path / mail.REVIEW), "--vkey", world.ledger.vkey,
            "--cosigner", world.ledger.cosigner_vkey]  # fmt: skip
    assert (await asyncio.to_thread(subprocess.run, argv, capture_output=True, check=False)).returncode == 0


async def test_without_a_verified_address_it_is_a_fact_that_the_subscriber_was_not_told_and_later_is(
    world: World, owner: AsyncEngine
) -> None:
    person = await world.account("counsel", "defence")
    case = await world.case(person)
    await subscribe(world, owner, person, case)
    review, _ = await open_review(world, case)
    [stated] = await world.own_facts("notice")
    assert stated.fact() == NoticeReviewUnaddressed(review=review, person=person)
    await give_and_verify(world, owner, person)
    await world.seal_own()
    assert len(await deliveries(world)) == 1


async def test_who_subscribes_later_is_told_of_the_latest_review_before_an_end(
    world: World, owner: AsyncEngine
) -> None:
    person = await counsel(world, owner)
    case = await world.case(person)
    await open_review(world, case, lead=12)
    latest, _ = await open_review(world, case, lead=6)
    assert await deliveries(world) == []
    await subscribe(world, owner, person, case)
    [planned] = await world.own_facts("notice")
    assert planned.data["review"] == latest
    assert len(await deliveries(world)) == 1


async def test_after_a_restoration_who_was_not_told_is_told_once(world: World, owner: AsyncEngine) -> None:
    person = await counsel(world, owner)
    case = await world.case(person)
    await subscribe(world, owner, person, case)
    world.intake._restoring = lambda: True
    review, _ = await open_review(world, case)
    assert await deliveries(world) == []
    for _ in range(2):
        async with world.engine.begin() as connection:
            await restored(connection, NOTIFY, SENDER)
    [planned] = await world.own_facts("notice")
    assert planned.data["review"] == review
    assert len(await deliveries(world)) == 1


LAB = new_id()
NAMES = Directory({LAB: "Laboratorio\nNorte"}, {LAB: CaseNames("2026/17-B", "Fiscalía")}, ("Tribunal Primero",))
LEAF = Leaf("cadena.example/demo", "cadena.example/demo+2a52108c+AQOhB7", 41, 57)


@pytest.mark.parametrize(
    ("language", "lead", "first", "parts"),
    [
        ("es", 6, "El 30 de abril de 2027 termina el plazo de conservación de 1 muestra biológica.", ("Faltan 6 meses",)),
        ("es", 1, "El 30 de abril de 2027 termina", ("Faltan 1 mes o menos",)),
        ("es", 0, "El plazo de conservación de 1 muestra biológica terminó el 30 de abril de 2027.", ("ha pasado",)),
        ("en", 6, "On 30 April 2027 the retention period of 1 biological sample ends.", ("6 months away",)),
        ("en", 0, "The retention period of 1 biological sample ended on 30 April 2027.", ("has passed",)),
    ],
)  # fmt: skip
def test_the_letter_says_which_items_until_when_and_that_nothing_is_destroyed(
    language: Language, lead: int, first: str, parts: tuple[str, ...]
) -> None:
    fact = reviewed(LAB, LAB, lead)
    letter = render_review.review("n-1", "r-1", fact, language, NAMES, LEAF)
    assert letter.text.splitlines()[0].startswith(first)
    wanted = (*parts, "LAB-7", "WI-KEEP", fact.items[0].sample, "Laboratorio Norte", "2026/17-B", "Tribunal Primero",
              LEAF.vkey, "review.json", "r-1")  # fmt: skip
    assert [part for part in wanted if part not in letter.text] == []


@pytest.mark.parametrize("language", get_args(Language))
def test_the_subject_tells_no_fact_of_the_case(language: Language) -> None:
    subject = render_review.review("n-1", "r-1", reviewed(LAB, LAB), language, NAMES, LEAF).subject
    assert [fact for fact in ("LAB-7", "2026/17-B", "2027", "Fiscal", "Laboratorio") if fact in subject] == []
