"""In an installation that was founded as a demonstration each mail, page and fact of notify says DEMO; in no other one."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.notify import mail
from services.notify.channels.mail import Taken
from services.notify.loops.deliver import Deliver
from tests.services.notify.conftest import PUBLIC_URL, Client
from tests.services.notify.facts import NOTIFY, item, proposal
from tests.services.notify.test_intake import deliveries
from tests.services.notify.test_reviews import open_review, subscribe
from tests.services.notify.world import World


class Accepts:
    """A mail server that takes everything."""

    async def send(self, recipient: str, message: bytes) -> Taken:
        return Taken()


async def _all_said(
    world: World, owner: AsyncEngine, client: Callable[[str], Client], browser: httpx2.AsyncClient
) -> str:
    """An address is given and confirmed, a proposal and a review are told and taken; the confirmation's page."""
    person = await world.account("ana", "defence")
    case = await world.case(person)
    await client("ana").post("/v1/parties", {"address": "ana@example.org", "language": "en"})
    [asked] = await deliveries(world)
    link = re.search(rf"{re.escape(PUBLIC_URL)}(/\S+)", asked.get_content())
    assert link is not None
    shown = await browser.get(link[1])
    page = await browser.post(link[1])
    await world.seal_own()
    await subscribe(world, owner, person, case)
    await world.propose(proposal(item(case, world.lab), recipients={person: case}))
    await open_review(world, case)
    deliver = Deliver(world.engine, NOTIFY, Accepts())
    while await deliver.one():
        pass
    return shown.text + page.text


async def test_g4_each_mail_page_and_fact_of_a_demonstration_says_so(
    worker: AsyncEngine,
    owner: AsyncEngine,
    client: Callable[[str], Client],
    browser: httpx2.AsyncClient,
    tmp_path: Path,
) -> None:
    world = World(worker, demo=True)
    await world.found()
    pages = await _all_said(world, owner, client, browser)
    assert pages.count("DEMO: this is a demonstration") == 2
    mails = await deliveries(world)
    assert len(mails) == 3
    for message in mails:
        body = message.get_body(("plain",))
        assert body is not None
        assert message["Subject"].startswith("DEMO. ")
        assert body.get_content().startswith("DEMO: this is a demonstration")
    facts = [each for each in await world.own_facts("") if each.type != "org.cadena.notify.subscription.made.v1"]
    assert {each.demo for each in facts} == {True}
    assert {each.type.rpartition(".v")[0].removeprefix("org.cadena.notify.") for each in facts} == {
        "party.address_given", "party.address_verified", "notice.planned", "notice.review_planned", "notice.accepted",
    }  # fmt: skip
    for part in mails[-1].iter_attachments():
        (tmp_path / str(part.get_filename())).write_bytes(part.get_payload(decode=True))  # type: ignore[arg-type]
    argv = [sys.executable, "-m", "cadena_verify", "proof", str(tmp_path / mail.REVIEW), "--vkey", world.ledger.vkey]
    said = await asyncio.to_thread(subprocess.run, argv, capture_output=True, check=True, text=True)
    assert said.stdout.splitlines()[-1].startswith("DEMO: ")


async def test_where_no_demonstration_was_founded_nothing_says_so(
    world: World, owner: AsyncEngine, client: Callable[[str], Client], browser: httpx2.AsyncClient
) -> None:
    assert "DEMO" not in await _all_said(world, owner, client, browser)
    assert [message for message in await deliveries(world) if "DEMO" in message.as_string()] == []
    assert {each.demo for each in await world.own_facts("")} == {None}


@pytest.mark.parametrize("size", [1, 2])
async def test_it_is_known_from_the_batch_on_that_holds_leaf_0(worker: AsyncEngine, size: int) -> None:
    world = World(worker, demo=size == 1)
    await world.found()
    [row] = await world.rows("SELECT demo FROM installation")
    assert row.demo is (size == 1)
