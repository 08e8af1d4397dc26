"""The routes over ASGI on a real database as `notify_api`: whose data one may give and see, keys, promises, refusals."""

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.notify.api.answers import NoticeAnswer, Notices, PartyAnswer, SubscriptionAnswer, Subscriptions
from services.notify.rules.party import MOST_GIVEN
from services.notify.settings import LINK_KEY, PROMISE_KEY
from shared.accounts import account_digest, command_hash
from shared.events import Event, new_id
from shared.facts.notices import PartyAddressGiven, SubscriptionMade
from shared.facts.people import AccountServiceLinked
from shared.keys import load_key, public_text
from tests.services.notify.conftest import Client
from tests.services.notify.facts import item, proposal
from tests.services.notify.test_intake import give_and_verify
from tests.services.notify.world import ISSUER, World
from tests.shared.statements import heard

Clients = Callable[[str], Client]
ADDRESS = {"address": "ana@example.org", "language": "en"}
TOO_OFTEN = "urn:cadena:problem:address-changed-too-often"


async def test_a_party_gives_its_own_address_and_the_answer_promises_the_fact(world: World, client: Clients) -> None:
    ana = await world.account("ana", "defence")
    key = new_id()
    answer = await client("ana").post("/v1/parties", ADDRESS, key)
    assert answer.status_code == 201
    body = answer.json()
    PartyAnswer.model_validate_json(answer.content)
    assert (body["id"], body["version"], body["address_state"], body["reachable"]) == (ana, 1, "given", False)
    assert answer.headers["etag"] == '"1"'
    [fact] = await world.own_facts("party")
    assert fact.subject == f"party/{ana}"
    assert fact.actor.person == ana
    assert fact.actor.role == "defence"
    assert fact.command == command_hash(account_digest(ISSUER, "ana"), key)
    claims = jwt.decode(body["promises"][0], options={"verify_signature": False})
    assert claims["event"] == fact.id
    assert claims["sha256"] == hashlib.sha256(fact.to_bytes()).hexdigest()


async def test_nobody_acts_by_a_closed_account_and_its_subject_may_be_somebody_else_again(
    world: World, client: Clients
) -> None:
    ana = await world.account("ana", "defence")
    assert (await client("ana").post("/v1/parties", ADDRESS)).status_code == 201
    await world.close("ana")
    assert (await client("ana").post("/v1/parties", ADDRESS)).status_code == 404
    assert (await client("ana").get(f"/v1/parties/{ana}")).status_code == 404
    again = await world.account("ana", "court")
    assert (await client("ana").post("/v1/parties", ADDRESS)).json()["id"] == again != ana
    await world.account("ana", "defence")  # of two that stand under one digest the first counts
    assert (await client("ana").get(f"/v1/parties/{again}")).status_code == 200


async def test_g4_a_system_is_no_party(world: World, client: Clients) -> None:
    operator = await world.account("ana", "lab")
    system = AccountServiceLinked(
        operator=operator, organisation=world.lab, role="lab", account_digest=account_digest(ISSUER, "lims")
    )
    await world.seal(world.fact(f"account/{new_id()}", system))
    assert (await client("lims").post("/v1/parties", ADDRESS)).status_code == 404
    assert (await client("ana").post("/v1/parties", ADDRESS)).status_code == 201


async def test_the_address_stands_in_no_event_answer_or_link(world: World, client: Clients) -> None:
    await world.account("ana", "defence")
    answer = await client("ana").post("/v1/parties", ADDRESS)
    assert "ana@" not in answer.text
    [fact] = await world.own_facts("party")
    assert "ana@" not in fact.to_bytes().decode()
    assert isinstance(fact.fact(), PartyAddressGiven)
    [delivery] = await world.rows("SELECT message, notice FROM delivery")
    link = next(line for line in bytes(delivery.message).replace(b"=\r\n", b"").split(b"\r\n") if b":verify" in line)
    assert b"ana@" not in link
    assert delivery.notice is None


async def test_only_the_party_itself_reads_its_address(world: World, client: Clients) -> None:
    ana = await world.account("ana", "defence")
    await world.account("berta", "court")
    await client("ana").post("/v1/parties", ADDRESS)
    own = await client("ana").get(f"/v1/parties/{ana}")
    PartyAnswer.model_validate_json(own.content)
    assert own.json()["address"] == "ana@example.org"
    assert own.json()["address_in_use"] is None


async def test_g12_unknown_and_not_yours_are_the_same_answer(world: World, client: Clients) -> None:
    ana = await world.account("ana", "defence")
    await world.account("berta", "court")
    await client("ana").post("/v1/parties", ADDRESS)
    berta = client("berta")
    assert (await berta.get(f"/v1/parties/{ana}")).content == (await berta.get(f"/v1/parties/{new_id()}")).content
    case = await world.case(ana)
    not_hers = await berta.post("/v1/subscriptions", {"case": case})
    unknown = await berta.post("/v1/subscriptions", {"case": new_id()})
    assert not_hers.status_code == 404
    assert not_hers.content == unknown.content
    stranger = await client("nobody").get(f"/v1/parties/{ana}")
    assert stranger.status_code == 404


async def test_counsel_of_record_subscribes_once_and_the_second_time_is_a_recorded_refusal(
    world: World, client: Clients
) -> None:
    ana = await world.account("ana", "defence")
    case = await world.case(ana)
    first = await client("ana").post("/v1/subscriptions", {"case": case})
    assert first.status_code == 201
    SubscriptionAnswer.model_validate_json(first.content)
    [fact] = await world.own_facts("subscription")
    assert fact.fact() == SubscriptionMade(person=ana, case=case)
    second = await client("ana").post("/v1/subscriptions", {"case": case})
    assert (second.status_code, second.json()["type"]) == (409, "urn:cadena:problem:already-subscribed")
    assert len(second.json()["promises"]) == 1
    listed = await client("ana").get("/v1/subscriptions")
    Subscriptions.model_validate_json(listed.content)
    assert [each["case"] for each in listed.json()["items"]] == [case]


async def test_g9_the_refusal_is_a_fact_without_subject_or_version(world: World, client: Clients) -> None:
    ana = await world.account("ana", "defence")
    case = await world.case(ana)
    await client("ana").post("/v1/subscriptions", {"case": case})
    await client("ana").post("/v1/subscriptions", {"case": case})
    [refused] = await world.own_facts("command.refused")
    assert (refused.outcome, refused.subject, refused.sequence) == ("refused", None, None)
    assert refused.data["code"] == "already-subscribed"
    assert refused.data["verb"] == "subscription.make"


async def test_g1_one_key_fifty_times_in_parallel_is_one_fact_and_one_answer(world: World, client: Clients) -> None:
    await world.account("ana", "defence")
    key, ana = new_id(), client("ana")
    answers = await asyncio.gather(*(ana.post("/v1/parties", ADDRESS, key) for _ in range(50)))
    assert {answer.content for answer in answers} == {answers[0].content}
    assert {answer.status_code for answer in answers} == {201}
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert len(await world.own_facts("party")) == 1
    assert len(await world.rows("SELECT id FROM delivery")) == 1
    other = await ana.post("/v1/parties", ADDRESS | {"language": "es"}, key)
    assert (other.status_code, other.json()["type"]) == (422, "urn:cadena:problem:key-reused")


async def test_parallel_changes_of_one_address_have_versions_without_a_gap(world: World, client: Clients) -> None:
    await world.account("ana", "defence")
    ana = client("ana")
    bodies = [{"address": f"ana{number}@example.org"} for number in range(12)]
    answers = await asyncio.gather(*(ana.post("/v1/parties", body) for body in bodies))
    given = [answer.json() for answer in answers if answer.status_code != 409]
    assert sorted(each["version"] for each in given) == list(range(1, MOST_GIVEN + 1))
    assert {answer.json()["type"] for answer in answers if answer.status_code == 409} == {TOO_OFTEN}
    facts = sorted(await world.own_facts("address_given"), key=lambda fact: fact.sequence or 0)
    times = [fact.time for fact in facts]
    assert times == sorted(set(times))


async def test_g9_the_sixth_address_within_a_day_is_refused_and_the_refusal_is_a_fact(
    world: World, client: Clients
) -> None:
    await world.account("ana", "defence")
    await world.account("berta", "defence")
    for _ in range(MOST_GIVEN):
        assert (await client("ana").post("/v1/parties", ADDRESS)).status_code in (200, 201)
    key = new_id()
    refused = await client("ana").post("/v1/parties", ADDRESS, key)
    assert (refused.status_code, refused.json()["type"]) == (409, TOO_OFTEN)
    assert len(refused.json()["promises"]) == 1
    assert (await client("ana").post("/v1/parties", ADDRESS, key)).content == refused.content
    [fact] = await world.own_facts("command.refused")
    assert (fact.data["verb"], fact.data["code"]) == ("party.give_address", "address-changed-too-often")
    assert len(await world.rows("SELECT id FROM delivery")) == MOST_GIVEN
    assert (await client("berta").post("/v1/parties", ADDRESS)).status_code == 201, "another party's count is its own"


async def test_after_a_day_an_address_may_be_given_again(world: World, client: Clients, owner: AsyncEngine) -> None:
    await world.account("ana", "defence")
    for _ in range(MOST_GIVEN):
        await client("ana").post("/v1/parties", ADDRESS)
    await client("ana").post("/v1/parties", ADDRESS)
    for age, status in (("23 hours 59 minutes", 409), ("1 minute", 200)):
        async with owner.begin() as connection:
            await connection.execute(text(f"UPDATE event SET time = time - interval '{age}'"))
        assert (await client("ana").post("/v1/parties", ADDRESS)).status_code == status


@pytest.mark.parametrize(
    "body",
    [
        {}, [], {"address": "=?utf-8?q?x?=@b.c"}, {"address": "ana@example.org", "phone": "1"}, {"address": "ana"}, {"address": "a@b.org, c@d.org"},
        {"address": "ana@example.org\r\nBcc: x@example.org"}, {"address": "ana@example.org", "language": "fr"},
        {"address": None}, {"address": 1}, {"address": "ana@example.org", "person": new_id()},
    ],
)  # fmt: skip
async def test_a_malformed_address_is_refused_and_nothing_is_recorded(
    world: World, client: Clients, owner: Any, body: Any
) -> None:
    await world.account("ana", "defence")
    answer = await client("ana").post("/v1/parties", body)
    assert answer.status_code == 422
    assert "ana@example" not in answer.text
    async with owner.connect() as connection:
        for table in ("command", "answer", "delivery", "event", "party"):
            assert (await connection.exec_driver_sql(f"SELECT count(*) FROM {table}")).scalar_one() == 0


async def test_before_leaf_0_everything_is_a_503(worker: Any, client: Clients) -> None:
    for answer in (
        await client("ana").post("/v1/parties", ADDRESS),
        await client("ana").get("/v1/notices"),
        await client("ana").get("/v1/subscriptions"),
    ):
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:cadena:problem:not-founded")
        assert "retry-after" in answer.headers


async def test_without_a_token_or_with_one_of_another_service_nothing_is_answered(
    world: World, app: FastAPI, browser: Any
) -> None:
    await world.account("ana", "defence")
    token = app.state.issuer.mint("ana", ["custody"], [], 3600)
    for headers in ({}, {"Authorization": f"Bearer {token}"}):
        assert (await browser.get("/v1/notices", headers=headers)).status_code == 401


async def noticed(world: World, owner: Any) -> tuple[str, str, str]:
    """Two counsel of two cases, one of them without an address, and a proposal that touches both."""
    ana, berta = await world.account("ana", "defence"), await world.account("berta", "defence")
    one, two = await world.case(ana), await world.case(berta)
    await give_and_verify(world, owner, ana)
    fact = proposal(item(one, world.lab), item(two, world.lab), recipients={ana: one, berta: two})
    subject, _ = await world.propose(fact)
    return ana, berta, subject


async def test_g12_each_party_sees_its_own_notices_and_courts_oversight_and_auditors_all(
    world: World, client: Clients, owner: Any
) -> None:
    ana, berta, subject = await noticed(world, owner)
    for role in ("court", "oversight", "auditor", "lab", "prosecutor", "registrar"):
        await world.account(role, role)
    seen = {}
    for name in ("ana", "berta", "court", "oversight", "auditor", "lab", "prosecutor", "registrar"):
        answer = await client(name).get(f"/v1/notices?proposal={subject}")
        Notices.model_validate_json(answer.content)
        seen[name] = {each["person"] for each in answer.json()["items"]}
    both = {ana, berta}
    assert seen == {"ana": {ana}, "berta": {berta}, "court": both, "oversight": both, "auditor": both,
                    "lab": set(), "prosecutor": set(), "registrar": set()}  # fmt: skip


async def test_a_notice_says_what_became_of_it_and_where_the_ledger_holds_that(
    world: World, client: Clients, owner: Any
) -> None:
    await noticed(world, owner)
    [item] = (await client("ana").get("/v1/notices")).json()["items"]
    assert (item["status"], item["seal"]) == ("planned", {"state": "recorded"})
    await world.seal_own()
    [item] = (await client("ana").get("/v1/notices")).json()["items"]
    NoticeAnswer.model_validate(item, strict=False)
    assert item["seal"]["state"] == "sealed"
    assert item["seal"]["index"] < item["seal"]["head"] == world.ledger.position.size
    [item] = (await client("berta").get("/v1/notices")).json()["items"]
    assert item["status"] == "unaddressed"


async def test_notices_come_in_pages_without_gap_or_repeat(world: World, client: Clients, owner: Any) -> None:
    ana = await world.account("ana", "defence")
    case = await world.case(ana)
    await give_and_verify(world, owner, ana)
    for _ in range(5):
        await world.propose(proposal(item(case, world.lab), recipients={ana: case}))
    found, path = [], "/v1/notices?limit=2"
    while path:
        answer = await client("ana").get(path)
        found += [each["id"] for each in answer.json()["items"]]
        following = answer.json()["next"]
        assert (following is None) == ("link" not in answer.headers)
        path = f"/v1/notices?limit=2&cursor={following}" if following else ""
    assert len(found) == len(set(found)) == 5
    assert (await client("ana").get("/v1/notices?cursor=x")).status_code == 400
    assert (await client("ana").get("/v1/notices?limit=0")).status_code == 422


async def test_own_facts_read_back_as_events(world: World, client: Clients) -> None:
    await world.account("ana", "defence")
    await client("ana").post("/v1/parties", ADDRESS)
    [row] = await world.rows("SELECT bytes, sha256 FROM event")
    assert Event.from_bytes(row.bytes).to_bytes() == row.bytes
    assert hashlib.sha256(row.bytes).digest() == row.sha256


@pytest.mark.parametrize(
    ("scopes", "may_give", "may_read"),
    [
        ([], True, True),
        (["openid", "custody:read"], True, True),
        (["notify:read"], False, True),
        (["notify:party:give_address"], True, False),
        (["notify:subscription:make"], False, False),
    ],
)
async def test_scopes_narrow_what_an_account_may_do(
    world: World, app: FastAPI, browser: Any, scopes: list[str], may_give: bool, may_read: bool
) -> None:
    await world.account("ana", "defence")
    client = Client(browser, app.state.issuer.mint("ana", ["notify"], scopes, 3600))
    gave, read = await client.post("/v1/parties", ADDRESS), await client.get("/v1/notices")
    assert (gave.status_code, read.status_code) == (201 if may_give else 403, 200 if may_read else 403)
    assert len(await world.own_facts("party")) == (1 if may_give else 0)


async def test_it_is_ready_once_leaf_0_names_its_keys(
    worker: AsyncEngine, app: FastAPI, browser: Any, tmp_path: Path
) -> None:
    async def probes() -> tuple[int, dict[str, str]]:
        answer = await browser.get("/readyz")
        return answer.status_code, answer.json()["probes"]

    status, found = await probes()
    assert (status, found["database"]) == (503, "ok")
    assert found["founded"].startswith("NotFounded")
    promise, link = (public_text(load_key(tmp_path / "keys" / name).public_key()) for name in (PROMISE_KEY, LINK_KEY))
    await World(worker).found(promise, link)
    assert await probes() == (200, {"database": "ok", "founded": "ok", "issuer": "ok"})


async def test_with_other_keys_than_leaf_0_names_it_is_not_ready(world: World, app: FastAPI, browser: Any) -> None:
    answer = await browser.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["probes"]["founded"].startswith("OtherKeys")


async def test_g12_unknown_and_not_yours_are_one_answer_by_the_same_statements(
    app: FastAPI, world: World, client: Clients
) -> None:
    await world.account("ana", "defence")
    berta = await world.account("berta", "defence")
    assert (await client("berta").post("/v1/parties", ADDRESS)).status_code == 201
    case = await world.case(berta)
    made, _ = await world.propose(proposal(item(case, world.lab), recipients={berta: case}))
    tries: list[tuple[str, str, dict[str, str] | None]] = [
        (f"/v1/parties/{berta}", f"/v1/parties/{new_id()}", None),
        (f"/v1/notices?proposal={made}", f"/v1/notices?proposal={new_id()}", None),
        (case, new_id(), {}),
    ]
    for theirs, nobodys, body in tries:
        seen = [await watched(app, client("ana"), one, body) for one in (theirs, nobodys)]
        assert seen[0] == seen[1], theirs
        assert seen[0][1], "it was looked for"


async def watched(
    app: FastAPI, who: Client, what: str, body: dict[str, str] | None
) -> tuple[tuple[int, bytes, list[tuple[str, str]]], list[str]]:
    """Status, body and headers of a read, or of a subscription to a case, and the statements that it took."""
    with heard(app.state.desk.engine) as asked:
        answer = await (who.get(what) if body is None else who.post("/v1/subscriptions", {"case": what}))
    return (answer.status_code, answer.content, sorted(answer.headers.items())), asked
