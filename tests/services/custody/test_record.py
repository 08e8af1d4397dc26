"""The one transaction: keys, versions, refusals, answers (G1, G9)."""

import asyncio
import hashlib

import jwt
import orjson
import pytest
from sqlalchemy import text

from services.custody.rules.organisation import RegisterOrganisation
from services.custody.rules.sample import AmendSample
from shared.events import new_id
from shared.problems import Problem
from shared.sealed import fresh
from tests.services.custody.scene import Scene, org_id


async def test_a_new_subject_is_answered_with_its_state_version_and_a_promise_of_the_stored_bytes(scene: Scene) -> None:
    command = scene.sample()
    answer = await scene.do("lab", command)
    body = orjson.loads(answer.body)
    [event] = await scene.events(command.subject())
    assert (answer.status, answer.headers["ETag"], answer.headers["Content-Type"]) == (201, '"1"', "application/json")
    assert (body["id"], body["version"], body["custodian"]["organisation"]) == (command.id, 1, org_id("lab"))
    [promise] = body["promises"]
    claims = jwt.decode(promise, scene.key.public_key(), algorithms=["EdDSA"], options={"verify_iss": False})
    assert (claims["event"], claims["sha256"]) == (event.id, hashlib.sha256(event.to_bytes()).hexdigest())


async def test_g1_one_key_fifty_times_in_parallel_is_one_event_and_fifty_identical_answers(scene: Scene) -> None:
    key, command = new_id(), scene.sample()
    answers = await asyncio.gather(
        *(scene.do("lab", scene.sample(label=command.label), key=key, said="same") for _ in range(50))
    )
    assert len({(answer.status, answer.body) for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    registered = [event for event in await scene.events() if event.data.get("label") == command.label]
    assert len(registered) == 1


async def test_g1_a_retry_after_later_changes_returns_the_very_bytes_of_the_first_answer(scene: Scene) -> None:
    key, command = new_id(), scene.sample()
    first = await scene.do("lab", command, key=key)
    amended = AmendSample(sample=command.id, reason=fresh("reason", "Misread"), seal="S-2")
    await scene.do("lab", amended, if_match=1)
    again = await scene.do("lab", scene.sample(), key=key)
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers == first.headers | {"Idempotent-Replayed": "true"}


async def test_g1_one_key_with_another_body_is_422_and_records_nothing(scene: Scene) -> None:
    key = new_id()
    await scene.do("lab", scene.sample(), key=key, said="one")
    before = await scene.counts()
    with pytest.raises(Problem) as refused:
        await scene.do("lab", scene.sample(), key=key, said="other")
    assert (refused.value.status, refused.value.code) == (422, "key-reused")
    assert await scene.counts() == before


async def test_g1_one_key_of_two_accounts_is_two_commands(scene: Scene) -> None:
    key = new_id()
    one, two = await scene.do("lab", scene.sample(), key=key), await scene.do("lab_2", scene.sample(), key=key)
    assert one.body != two.body
    ids = [orjson.loads(answer.body)["id"] for answer in (one, two)]
    [first], [second] = [await scene.events(f"sample/{key}") for key in ids]
    assert first.command != second.command


async def test_g9_a_refusal_by_a_rule_is_a_fact_without_version_and_is_kept_under_its_key(scene: Scene) -> None:
    taken, key = scene.sample(), new_id()
    await scene.do("lab", taken)
    before = await scene.counts()
    refused = await scene.do("lab", scene.sample(label=taken.label), key=key)
    after = await scene.counts()
    event = (await scene.events())[-1]
    body = orjson.loads(refused.body)
    assert (refused.status, body["type"]) == (409, "urn:cadena:problem:label-taken")
    assert refused.headers == {"Content-Type": "application/problem+json"}
    assert (event.type, event.outcome) == ("org.cadena.custody.command.refused.v1", "refused")
    assert (event.subject, event.sequence) == (None, None)
    assert event.data == {"verb": "sample.register", "code": "label-taken", "target": f"case/{scene.case}"}
    assert len(body["promises"]) == 1
    assert after == before | {name: before[name] + 1 for name in ("event", "command", "answer")}
    assert (await scene.do("lab", scene.sample(), key=key)).body == refused.body


async def test_g9_a_refusal_by_role_is_a_fact_403(scene: Scene) -> None:
    amend = AmendSample(sample=await scene.registered(), reason=fresh("reason", "x"), seal="S-9")
    refused = await scene.do("prosecutor", amend, if_match=1)
    assert (refused.status, (await scene.events())[-1].data["code"]) == (403, "role-forbids")


@pytest.mark.parametrize("who", ["custodian", "nobody"])
async def test_g12_without_standing_the_answer_is_404_as_for_unknown_and_nothing_is_recorded(
    scene: Scene, who: str
) -> None:
    before_id = await scene.registered()
    before = await scene.counts()
    said = set()
    for sample in (before_id, new_id()):
        amend = AmendSample(sample=sample, reason=fresh("reason", "x"), seal="S-9")
        with pytest.raises(Problem) as refused:
            await scene.do(who, amend, if_match=1)
        said.add((refused.value.status, refused.value.code, refused.value.title, refused.value.detail))
    assert {status for status, *_ in said} == {404}
    assert len(said) == 1
    assert await scene.counts() == before


async def test_a_stale_version_is_412_and_leaves_the_key_free(scene: Scene) -> None:
    sample, key = await scene.registered(), new_id()
    amend = AmendSample(sample=sample, reason=fresh("reason", "Misread"), seal="S-2")
    await scene.do("lab", amend, if_match=1)
    before = await scene.counts()
    again = AmendSample(sample=sample, reason=fresh("reason", "Misread"), seal="S-3")
    with pytest.raises(Problem) as stale:
        await scene.do("lab", again, key=key, if_match=1)
    assert (stale.value.status, stale.value.headers) == (412, {"ETag": '"2"'})
    assert await scene.counts() == before
    done = await scene.do("lab", again, key=key, if_match=2)
    assert (done.status, done.headers["ETag"]) == (200, '"3"')


async def test_an_unknown_reference_is_422_and_leaves_the_key_free(scene: Scene) -> None:
    key = new_id()
    with pytest.raises(Problem) as refused:
        await scene.do("lab", scene.sample(case=new_id()), key=key)
    assert (refused.value.status, refused.value.code) == (422, "unknown-reference")
    assert (await scene.do("lab", scene.sample(), key=key)).status == 201


async def test_texts_are_kept_beside_the_event_and_only_their_digest_in_it(scene: Scene) -> None:
    command = scene.sample()
    await scene.do("lab", command)
    [event] = await scene.events(command.subject())
    async with scene.engine.connect() as connection:
        kept = (
            await connection.execute(
                text("SELECT field, value, salt FROM sealed_value WHERE event_id = :id"), {"id": event.id}
            )
        ).one()
    assert kept == ("collected_place", "Kitchen, Calle 5", command.collected_place.salt)
    assert event.data["collected_place"] == command.collected_place.digest
    assert b"Kitchen" not in event.to_bytes()


async def test_the_time_of_a_subject_never_stands_still_or_runs_back(
    scene: Scene, custody_database: dict[str, str]
) -> None:
    """A subject whose last event lies ahead of the clock (a clock set back) goes on by a microsecond."""
    sample = await scene.registered()
    async with scene.engine.begin() as connection:
        await connection.execute(
            text("UPDATE sample SET updated_at = now() + interval '1 hour' WHERE id = CAST(:id AS uuid)"),
            {"id": sample},
        )
    for seal, version in (("S-2", 1), ("S-3", 2)):
        amend = AmendSample(sample=sample, reason=fresh("reason", "Misread"), seal=seal)
        await scene.do("lab", amend, if_match=version)
    times = [event.time for event in await scene.events(f"sample/{sample}")][1:]
    assert (times[1] - times[0]).microseconds == 1


async def test_two_events_of_parallel_commands_have_versions_without_a_gap(scene: Scene) -> None:
    sample = await scene.registered()
    amends = [AmendSample(sample=sample, reason=fresh("reason", "x"), seal=f"S-{n}") for n in range(10, 20)]
    answers = await asyncio.gather(*(scene.do("lab", amend) for amend in amends))
    assert {answer.status for answer in answers} == {200}
    events = await scene.events(f"sample/{sample}")
    assert [event.sequence for event in events] == list(range(1, 12))
    assert [event.time for event in events] == sorted({event.time for event in events})


async def test_an_organisation_name_in_any_script_comes_back_as_it_was(scene: Scene) -> None:
    command = RegisterOrganisation(id=new_id(), name="Сот сараптамасы, Ñandú №5", kind="lab", independent=True)
    answer = await scene.do("registrar", command)
    assert orjson.loads(answer.body)["name"] == command.name
