"""The export of a case: all that its reader may see and nothing else, proved, whole or not at all (G7, G12)."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from cadena_verify.cli import main as verify
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.custody.api.exports import Library
from shared.database import connect
from shared.events import new_id
from shared.notes import Signer
from tests.services.custody.api.office import House, Office, a_sample
from tests.services.custody.little_log import ORIGIN, LittleLog

pytestmark = pytest.mark.asyncio(loop_scope="module")
PLACE = "Calle 5 de Mayo 12, Cholula"
Line = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def owner(house: House) -> AsyncIterator[Any]:
    connection = await connect(house.urls["owner"])
    yield connection
    await connection.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ledger(house: House, office: Office, owner: Any) -> AsyncIterator[LittleLog]:
    ledger = LittleLog(house.log, house.cosigner, state=house.settings().state_dir)
    await ledger.seal(owner)
    async with ledger.published() as published:
        office.app.state.library = Library(published, lambda: ledger.vkey)
        yield ledger


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def case(office: Office, owner: Any, ledger: LittleLog) -> str:
    """A case with two items, one of them handed over, a proposal, a refusal, a hold, an amendment; all sealed."""
    case = await office.case()
    await office.counsel(case)
    one, two = await office.sample(case), await office.sample(case)
    await office.accept(await office.offer([one["id"]]))
    await office.post("lab", "/v1/samples", a_sample(case) | {"label": two["label"]})
    amended = {"changes": {"seal": "S-2"}, "reason": "Misread at intake"}
    await office.did("lab", f"/v1/samples/{two['id']}/amendments", amended, if_match=1)
    await office.did("defence", "/v1/holds", {"sample": two["id"], "reason": "Retest asked for"})
    ledger.pad(300)
    await ledger.seal(owner)
    return case


async def export(office: Office, account: str, case: str) -> list[Line]:
    answer = await office.get(account, f"/v1/cases/{case}/export")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/jsonl"
    return [json.loads(line) for line in answer.content.splitlines()]


def verified(lines: list[Line], ledger: LittleLog, folder: Path, vkey: str = "") -> int:
    file = folder / "case.jsonl"
    file.write_text("".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines))
    return verify(["case", str(file), "--vkey", vkey or ledger.vkey])


def events(lines: list[Line]) -> list[Line]:
    return [json.loads(line["event"]) for line in lines if "event" in line]


def texts(lines: list[Line]) -> list[Line]:
    return [line["sealed"] for line in lines if "sealed" in line]


async def test_an_export_passes_the_verifier_and_holds_the_case_and_what_is_of_it(
    office: Office, ledger: LittleLog, case: str, tmp_path: Path
) -> None:
    lines = await export(office, "defence", case)
    assert verified(lines, ledger, tmp_path) == 0
    assert lines[0] | {"made_at": ""} == {
        "format": "cadena-case-export/1", "installation": "demo", "origin": ORIGIN, "case": case, "made_at": "",
        "checkpoint": lines[0]["checkpoint"],
    }  # fmt: skip
    kinds = [event["type"].removeprefix("org.cadena.custody.") for event in events(lines)]
    assert kinds[0] == "installation.founded.v1"
    assert kinds.count("sample.registered.v1") == 2
    assert {
        "case.opened.v1", "case.person_linked.v1", "case.counsel_appointed.v1", "offer.made.v1", "sample.offered.v1",
        "offer.accepted.v1", "sample.transferred.v1", "sample.amended.v1", "command.refused.v1", "hold.placed.v1",
    } <= set(kinds)  # fmt: skip
    assert lines[-1] == {"end": {"events": len(kinds), "sealed": len(texts(lines))}}
    assert {(text["field"], text["value"]) for text in texts(lines)} >= {
        ("collected_place", PLACE), ("reason", "Misread at intake"), ("source", "Sentencia 12/2019"),
    }  # fmt: skip
    indexes = [line["index"] for line in lines if "event" in line]
    assert indexes == sorted(indexes)


async def test_what_no_head_covers_yet_comes_with_its_promise(
    office: Office, owner: Any, ledger: LittleLog, tmp_path: Path
) -> None:
    case = await office.case()
    early = await office.sample(case)
    await ledger.seal(owner)
    late = await office.sample(case)
    lines = await export(office, "prosecutor", case)
    unsealed = [line for line in lines if "promise" in line]
    assert verified(lines, ledger, tmp_path) == 0
    assert [(line["index"], line["promise"]) for line in unsealed] == [(None, late["promises"][0])]
    assert early["promises"][0] not in str(lines)
    await ledger.seal(owner)
    assert verified(await export(office, "prosecutor", case), ledger, tmp_path) == 0


@pytest.mark.parametrize("account", ["prosecutor", "court", "oversight", "defence", "auditor"])
async def test_who_may_read_the_case_whole_may_take_it(
    office: Office, ledger: LittleLog, case: str, tmp_path: Path, account: str
) -> None:
    lines = await export(office, account, case)
    assert verified(lines, ledger, tmp_path) == 0
    assert bool(texts(lines)) == (account != "auditor")


@pytest.mark.parametrize("account", ["lab", "lab_2", "custodian", "prosecutor_2", "defence_2", "courier", "registrar"])
async def test_g12_for_others_the_export_is_not_there_as_for_an_unknown_case(
    office: Office, case: str, account: str
) -> None:
    answers = [await office.get(account, f"/v1/cases/{one}/export") for one in (case, new_id())]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


async def test_g12_items_of_another_case_stay_out_also_those_of_one_offer(
    office: Office, owner: Any, ledger: LittleLog, tmp_path: Path
) -> None:
    mine, other = await office.case(), await office.case(authority="prosecutor_2")
    one, two = await office.sample(mine), await office.sample(other)
    offer = await office.offer([one["id"], two["id"]])
    await ledger.seal(owner)
    lines = await export(office, "prosecutor", mine)
    assert verified(lines, ledger, tmp_path) == 0
    subjects = {event.get("subject") for event in events(lines)}
    assert f"sample/{one['id']}" in subjects
    assert not subjects & {f"sample/{two['id']}", f"offer/{offer['id']}", f"case/{other}"}
    assert f"offer/{offer['id']}" in {event.get("subject") for event in events(await export(office, "court", mine))}


async def test_a_text_that_was_erased_or_changed_is_told_as_such_and_the_rest_stands(
    office: Office, owner: Any, ledger: LittleLog, tmp_path: Path
) -> None:
    case = await office.case()
    one, two = await office.sample(case), await office.sample(case)
    await ledger.seal(owner)
    of = "event_id = (SELECT id FROM event WHERE subject = $1 AND sequence = 1)"
    await owner.execute(f"DELETE FROM sealed_value WHERE {of}", f"sample/{one['id']}")
    await owner.execute(f"UPDATE sealed_value SET value = 'Elsewhere' WHERE {of}", f"sample/{two['id']}")
    lines = await export(office, "prosecutor", case)
    assert [{"erased", "lost"} & text.keys() for text in texts(lines)] == [{"erased"}, {"lost"}]
    assert "Elsewhere" not in str(lines)
    assert verified(lines, ledger, tmp_path) == 0


@pytest.mark.parametrize(
    "broken", [httpx2.ConnectError("refused"), httpx2.Response(500), httpx2.Response(200, content=b"nonsense")]
)
async def test_without_the_log_there_is_a_problem_and_nothing_half(
    office: Office, ledger: LittleLog, case: str, broken: httpx2.Response | Exception
) -> None:
    ledger.broken = broken
    answer = await office.get("court", f"/v1/cases/{case}/export")
    ledger.broken = None
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:cadena:problem:log-away")
    assert answer.headers["retry-after"] == "10"


async def test_a_log_that_fails_midway_or_was_changed_is_a_problem_and_nothing_half(
    office: Office, ledger: LittleLog, case: str
) -> None:
    ledger.gone = "tile/1/"
    assert (await office.get("court", f"/v1/cases/{case}/export")).status_code == 503
    ledger.gone = "nothing"
    ledger.signed, real = ledger.note(), ledger.entries[1]
    ledger.entries[1] = b"changed"
    assert (await office.get("court", f"/v1/cases/{case}/export")).status_code == 503
    ledger.signed, ledger.entries[1] = "", real
    assert (await office.get("court", f"/v1/cases/{case}/export")).status_code == 200


async def test_the_key_that_is_configured_counts_and_not_the_one_that_signed(
    office: Office, ledger: LittleLog, case: str
) -> None:
    ours, ledger.signer = ledger.signer, Signer(ORIGIN, Ed25519PrivateKey.generate())
    office.app.state.library = Library(office.app.state.library.published, lambda: ours.key.vkey)
    assert (await office.get("court", f"/v1/cases/{case}/export")).status_code == 503
    ledger.signer = ours
    office.app.state.library = Library(office.app.state.library.published, lambda: "no key")
    assert (await office.get("court", f"/v1/cases/{case}/export")).status_code == 503
    office.app.state.library = Library(office.app.state.library.published, lambda: ledger.vkey)
    assert (await office.get("court", f"/v1/cases/{case}/export")).status_code == 200


async def test_a_case_of_many_chunks_is_whole(office: Office, owner: Any, ledger: LittleLog, tmp_path: Path) -> None:
    case = await office.case()
    samples = [a_sample(case) | {"key": new_id()} for _ in range(450)]
    headers = office.headers("lab")
    assert (
        await office.client.post("/v1/samples:batch", json={"samples": samples}, headers=headers)
    ).status_code == 200
    await ledger.seal(owner)
    lines = await export(office, "court", case)
    assert lines[-1] == {"end": {"events": 452, "sealed": 450}}
    assert verified(lines, ledger, tmp_path) == 0
