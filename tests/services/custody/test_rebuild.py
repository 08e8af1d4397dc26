"""State is what the events say (G6): `rebuild --check` finds every row that says otherwise, and names it."""

import asyncio

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from services.custody.__main__ import app
from services.custody.rebuild import check
from services.custody.rules.offer import AcceptOffer, ItemReceipt, RefuseOffer
from services.custody.rules.proposal import MakeProposal
from services.custody.rules.sample import AmendSample
from shared.events import new_id
from shared.sealed import fresh
from shared.text import parse_instant
from tests.services.custody.scene import Scene, org_id


async def populate(scene: Scene) -> None:
    """Rows of more than one version of every noun that has one."""
    samples = [await scene.registered() for _ in range(3)]
    offer = await scene.offered(*samples)
    receipts = tuple(ItemReceipt(sample=sample, seal="S-1", condition="intact") for sample in samples)
    await scene.do("custodian", AcceptOffer(offer=offer, receipts=receipts))
    offer = await scene.offered(samples[0], who="custodian", to="lab_2")
    await scene.do("lab_2", RefuseOffer(offer=offer, reason="broken_seal"))
    expired = scene.sample(collected_at=parse_instant("2000-01-31T09:30:00Z"))
    await scene.do("lab", expired)
    await scene.do("lab", AmendSample(sample=expired.id, reason=fresh("reason", "Misread"), seal="S-2"))
    proposal = MakeProposal(
        id=new_id(), samples=(expired.id,), planned_on=parse_instant("2090-01-01T00:00:00Z").date(),
        reason="retention_over", method="incineration",
    )  # fmt: skip
    assert (await scene.do("prosecutor", proposal)).status == 201


@pytest.fixture(scope="module")
def populated(founded: Scene) -> Scene:
    """The scene with something of everything, once a module."""

    async def act() -> None:
        founded.open(pool_size=1)
        await populate(founded)
        await founded.engine.dispose()

    asyncio.run(act())
    return founded


@pytest.fixture
async def busy(populated: Scene, scene: Scene) -> Scene:
    """The populated scene, connected in the test's loop."""
    return scene


async def test_g6_state_is_the_fold_of_its_events(busy: Scene) -> None:
    report = await check(busy.engine)
    assert report.differences == []
    assert report.events == (await busy.counts())["event"]
    assert report.subjects > 20


DEFECTS = [
    ("a member changed", "UPDATE sample SET label = 'FORGED' WHERE id = (SELECT min(id::text)::uuid FROM sample)",
     "label is 'FORGED' in the row"),
    ("custody moved", "UPDATE sample SET custodian_org = root WHERE id = (SELECT min(id::text)::uuid FROM sample)",
     "custodian_org is"),
    ("a period shortened", "UPDATE sample SET retention_until = '2001-01-01' WHERE label LIKE 'L-%'",
     "retention_until is '2001-01-01' in the row"),
    ("counsel added", """UPDATE "case" SET counsel = '[{"counsel": "x", "client": "y", "kind": "court_appointment",
     "reference": "z", "document_sha256": null}]'""", "counsel is"),
    ("a version changed", "UPDATE offer SET version = version + 1", "version is"),
    ("a row removed", "DELETE FROM offer", "its events make a row, and there is none"),
    ("a row inserted", "INSERT INTO person (id, version, updated_at, person_name) VALUES "
     "('0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b', 1, now(), 'sha256:0')",
     "person/0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b: there is a row, and no event made it"),
    ("an event removed", "DELETE FROM event WHERE type LIKE '%sample.offered%'", "does not follow"),
    ("an event's bytes changed",
     "UPDATE event SET bytes = convert_to(replace(convert_from(bytes, 'UTF8'), '\"S-1\"', '\"S-3\"'), 'UTF8')",
     "its bytes have not the stored SHA-256"),
    ("an event's bytes cut", "UPDATE event SET bytes = substr(bytes, 1, 40) WHERE type LIKE '%proposal%'",
     "its bytes are no event"),
    ("an event's column changed", "UPDATE event SET time = time + interval '1 second' WHERE type LIKE '%founded%'",
     "time is"),
    ("a refusal changed", "UPDATE event SET ordinal = 7 WHERE subject IS NULL OR type LIKE '%founded%'", "ordinal is 7"),
]  # fmt: skip


@pytest.mark.parametrize(("defect", "sql", "sentence"), DEFECTS, ids=[name for name, *_ in DEFECTS])
async def test_g6_a_row_that_says_otherwise_is_found_and_named(
    busy: Scene, custody_database: dict[str, str], defect: str, sql: str, sentence: str
) -> None:
    """The owner of the database changes it; what is kept aside puts it back for the next test."""
    link = await asyncpg.connect(custody_database["owner"])
    try:
        await keep_aside(link)
        assert await link.execute(sql) not in ("UPDATE 0", "DELETE 0")
        found = (await check(busy.engine)).differences
        assert any(sentence in line for line in found), found
        await put_back(link)
    finally:
        await link.close()
    assert (await check(busy.engine)).differences == []


TABLES = ("event", "person", '"case"', "sample", "offer")


async def keep_aside(link: "asyncpg.Connection") -> None:
    for table in TABLES:
        await link.execute(f"CREATE TEMP TABLE {aside(table)} AS SELECT * FROM {table}")


async def put_back(link: "asyncpg.Connection") -> None:
    for table in TABLES:
        overriding = "OVERRIDING SYSTEM VALUE" if table == "event" else ""
        await link.execute(f"DELETE FROM {table}")
        await link.execute(f"INSERT INTO {table} {overriding} SELECT * FROM {aside(table)}")


def aside(table: str) -> str:
    return f"aside_{table.strip(chr(34))}"


def run(url: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    monkeypatch.setenv("CADENA_DATABASE_URL", url)
    return CliRunner().invoke(app, ["rebuild", *arguments])


def test_the_command_says_what_it_compared_and_its_exit_code_tells(
    populated: Scene, custody_database: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def turn_round() -> None:
        asyncio.run(execute(custody_database["owner"], "UPDATE organisation SET independent = NOT independent"))

    same = run(custody_database["api"], monkeypatch, "--check")
    assert (same.exit_code, same.stdout.endswith(" subjects folded, 0 differences\n")) == (0, True)
    turn_round()
    other = run(custody_database["api"], monkeypatch, "--check")
    turn_round()
    line = f"organisation/{org_id('prosecutor')}: independent is True in the row, False by its events"
    assert other.exit_code == 1
    assert line in other.stdout.splitlines()


async def execute(url: str, sql: str) -> None:
    link = await asyncpg.connect(url)
    await link.execute(sql)
    await link.close()


def test_the_command_only_checks_and_says_when_there_is_no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    assert run(url, monkeypatch).exit_code == 2
    away = run(url, monkeypatch, "--check")
    assert (away.exit_code, "the database cannot be read" in away.stderr) == (3, True)
