"""The page of an address link: GET shows, POST acts, once; and the address is used from then on."""

import re
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from services.notify.links import LIFETIME, AddressLink
from services.notify.pages.texts import TEXTS, preferred
from shared.events import new_id
from shared.facts.notices import PartyAddressVerified
from tests.services.notify.conftest import PUBLIC_URL, Client
from tests.services.notify.facts import item, proposal
from tests.services.notify.world import World

Clients = Callable[[str], Client]


async def links(world: World) -> list[str]:
    """The links that were mailed, oldest first, as paths of the app."""
    found = []
    for row in await world.rows("SELECT message FROM delivery WHERE notice IS NULL ORDER BY id"):
        text = message_from_bytes(bytes(row.message), policy=default).get_content()
        found.append(re.search(rf"{re.escape(PUBLIC_URL)}(/\S+)", text)[1])  # type: ignore[index]
    return found


async def given(world: World, client: Clients, address: str = "ana@example.org", language: str = "en") -> str:
    """Ana gives an address; returns the path of the link in the newest mail."""
    await client("ana").post("/v1/parties", {"address": address, "language": language})
    return (await links(world))[-1]


@pytest.fixture
async def ana(world: World) -> str:
    return await world.account("ana", "defence")


async def test_get_shows_and_changes_nothing_however_often(
    world: World, client: Clients, ana: str, browser: httpx2.AsyncClient
) -> None:
    link = await given(world, client)
    for _ in range(3):
        shown = await browser.get(link)
        assert shown.status_code == 200
        assert '<form method="post">' in shown.text
        assert '<html lang="en">' in shown.text
    assert await world.own_facts("address_verified") == []


async def test_post_confirms_once_and_shows_its_promise(
    world: World, client: Clients, ana: str, browser: httpx2.AsyncClient
) -> None:
    link = await given(world, client)
    first, second = await browser.post(link), await browser.post(link)
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    [verified] = await world.own_facts("address_verified")
    assert isinstance(verified.fact(), PartyAddressVerified)
    assert verified.actor.person == ana
    assert verified.actor.role is None
    [promise] = re.findall(r"<code>(\S+)</code>", first.text)
    assert promise.count(".") == 2
    party = (await client("ana").get(f"/v1/parties/{ana}")).json()
    assert (party["address_state"], party["reachable"], party["address_in_use"]) == (
        "verified",
        True,
        "ana@example.org",
    )


async def test_notices_go_to_the_confirmed_address_and_to_the_old_one_until_the_new_one_is_confirmed(
    world: World, client: Clients, ana: str, browser: httpx2.AsyncClient
) -> None:
    case = await world.case(ana)
    await browser.post(await given(world, client))
    second = await given(world, client, "ana@example.net")

    async def readers() -> list[Any]:
        return [
            row.recipient
            for row in await world.rows("SELECT recipient FROM delivery WHERE notice IS NOT NULL ORDER BY id")
        ]

    await world.propose(proposal(item(case, world.lab), recipients={ana: case}))
    assert await readers() == ["ana@example.org"]
    await browser.post(second)
    await world.seal_own()
    assert await readers() == ["ana@example.org", "ana@example.net"]


async def test_a_link_to_an_address_that_was_replaced_is_refused_and_the_refusal_is_a_fact(
    world: World, client: Clients, ana: str, browser: httpx2.AsyncClient
) -> None:
    old = await given(world, client)
    await given(world, client, "ana@example.net")
    answer = await browser.post(old)
    assert answer.status_code == 409
    assert TEXTS["en"].superseded_title in answer.text
    assert TEXTS["en"].refusal_note in answer.text
    assert TEXTS["en"].promise_note not in answer.text
    [refused] = await world.own_facts("command.refused")
    assert refused.data["code"] == "link-superseded"
    assert await world.own_facts("address_verified") == []


async def test_two_links_to_one_address_confirm_it_once(
    world: World, client: Clients, ana: str, browser: httpx2.AsyncClient
) -> None:
    first = await given(world, client)
    answer = await browser.post(first)
    assert answer.status_code == 200
    again = await given(world, client)
    assert (await browser.post(again)).status_code == 200
    assert len(await world.own_facts("address_verified")) == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_link_that_is_not_good_is_told_in_words_and_records_nothing(
    world: World, client: Clients, ana: str, app: FastAPI, browser: httpx2.AsyncClient, method: str
) -> None:
    link = await given(world, client)
    digest = (await world.rows("SELECT given FROM party"))[0].given
    made = app.state.desk.post.links
    [now] = await world.rows("SELECT clock_timestamp() AS now")
    expired = made.make(AddressLink(ana, digest, new_id()), now.now - LIFETIME)
    for path in (
        link[:-3], link.split("?")[0], link.replace(ana, new_id()), f"/v1/parties/{ana}:verify?token={expired}",
        f"/v1/parties/{ana}:verify?token=%00", f"/v1/parties/{ana}:verify?token=" + "x" * 5000,
    ):  # fmt: skip
        answer = await browser.request(method, path, headers={"Accept-Language": "es-MX,es;q=0.9"})
        assert answer.status_code == 400, path
        assert TEXTS["es"].invalid_title in answer.text
    assert await world.own_facts("verified") == []
    assert await world.own_facts("refused") == []


async def test_the_page_lets_a_browser_run_nothing_and_tell_nobody(
    world: World, client: Clients, ana: str, browser: httpx2.AsyncClient
) -> None:
    page = await browser.get(await given(world, client))
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "'unsafe" not in policy
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert "<script" not in page.text
    assert "ana@" not in page.text


async def test_the_style_is_what_the_policy_allows(
    world: World, client: Clients, ana: str, browser: httpx2.AsyncClient
) -> None:
    import base64
    import hashlib

    page = await browser.get(await given(world, client))
    style = re.search(r"<style>(.*)</style>", page.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"'sha256-{digest}'" in page.headers["content-security-policy"]


async def test_the_page_speaks_the_language_of_the_party(
    world: World, client: Clients, ana: str, browser: httpx2.AsyncClient
) -> None:
    page = await browser.get(await given(world, client, language="es"), headers={"Accept-Language": "en"})
    assert '<html lang="es">' in page.text
    assert TEXTS["es"].button in page.text


@pytest.mark.parametrize(
    ("header", "language"),
    [("", "es"), ("en", "en"), ("en-GB,en;q=0.8", "en"), ("fr, es;q=0.5, en;q=0.4", "es"), ("de", "es"), (";,;", "es")],
)
def test_the_browsers_language_is_the_first_of_ours(header: str, language: str) -> None:
    assert preferred(header) == language
