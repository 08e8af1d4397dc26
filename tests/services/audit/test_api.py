"""The read API over a real database: tiles for every size, proofs against one head, entries by token (G7, G12)."""

import asyncio
import secrets
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator

import httpx2
import orjson
import pytest

from deploy.local.issuer import ISSUER, DevIssuer
from deploy.local.ports import free_ports
from services.audit.app import api_app
from services.audit.settings import ApiSettings
from shared import merkle, tiles
from shared.accounts import account_digest
from shared.events import new_id
from shared.facts.auditors import AuditorAppointed, AuditorDismissed
from shared.facts.people import AccountClosed, AccountLinked
from shared.kafka import KafkaConfig
from shared.merkle import leaf_hash, root_of
from shared.notes import cosigned_at, open_checkpoint, open_note
from shared.tiles import Tile, frame, unframe
from tests.conftest import Templates
from tests.services.audit.rig import NOTIFY, Rig, event, linked, said

SIZES = (1, 2, 6, 255, 256, 257, 511, 512, 600)
HOUR = 3600
ZERO = "0190a1b2-c3d4-7e5f-8a6b-000000000000"


@pytest.fixture(scope="module")
def ledger(
    database_templates: Templates, kafka_broker: KafkaConfig, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rig]:
    """A ledger with a head at each of SIZES; its first entries say who is who."""
    for urls in database_templates.copy("audit"):
        rig = Rig(urls, kafka_broker, f"t{secrets.token_hex(4)}.", tmp_path_factory.mktemp("ledger"))
        asyncio.run(fill(rig))
        yield rig


async def fill(rig: Rig) -> None:
    people = [linked(ISSUER, "ana", "auditor"), linked(ISSUER, "luis", "lab")]
    people.append(linked(ISSUER, "luis", "auditor"))  # of two facts about one account the lower index counts
    theirs = linked(ISSUER, "eva", "auditor", source=NOTIFY)  # who is an auditor is custody's word
    people.append(event(type="org.cadena.custody.account.linked.v1", data={"broken": True}))
    told = {1: [rig.founding], 2: [theirs], 6: people, 255: appointments()}
    async with rig.writing():
        for size in SIZES:
            new = told.get(size, [])
            more = [event() for _ in range(size - await rig.signed() - len(new))]
            await rig.send(*new, *more, topic=rig.kafka.notify_topic if size == 2 else None)
            await rig.until_signed(size)


def appointments() -> list[bytes]:
    """A court's auditors `expert`, `dismissed` and `lab_expert`; and `closed`, an auditor whose account was closed."""
    facts: list[bytes] = []
    for number, subject in enumerate(("expert", "dismissed", "lab_expert")):
        digest = account_digest(ISSUER, subject)
        appointed = AuditorAppointed(person=new_id(), account_digest=digest, order="AC-2026-91")
        facts.append(said(f"auditor/{ZERO[:-1]}{number}", appointed))
    account, reason = f"account/{ZERO}", f"sha256:{'0' * 64}"
    role = AccountLinked(
        person=ZERO, organisation=ZERO, role="auditor", account_digest=account_digest(ISSUER, "closed")
    )
    return [
        *facts, linked(ISSUER, "lab_expert", "lab"), said(account, role),
        said(account, AccountClosed(reason=reason), sequence=2),
        said(f"auditor/{ZERO[:-1]}1", AuditorDismissed(reason=reason), sequence=2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("subject", "status"),
    [("expert", 200), ("lab_expert", 200), ("dismissed", 403), ("closed", 403), ("luis", 403), ("stranger", 403)],
)
async def test_g12_a_court_opens_the_entries_to_an_account_and_closes_them(
    http: httpx2.AsyncClient, issuer: DevIssuer, subject: str, status: int
) -> None:
    answer = await http.get("/tile/entries/000", headers=bearer(issuer, subject))
    assert answer.status_code == status
    if subject in ("dismissed", "closed"):
        peer = await http.get("/tile/entries/000", headers=bearer(issuer, subject, "ledger:read"))
        assert peer.status_code == 403, "who is no auditor any more is no service by that"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> DevIssuer:
    return DevIssuer(tmp_path_factory.mktemp("issuer"))


@pytest.fixture
async def http(ledger: Rig, issuer: DevIssuer) -> AsyncIterator[httpx2.AsyncClient]:
    settings = ApiSettings(
        installation="test", origin="cadena.example/test", listen_port=1, database_url=ledger.urls["api"],
        issuer=ISSUER, jwks=str(issuer.jwks),
    )  # fmt: skip
    app = api_app(settings)
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://audit") as one,
    ):
        yield one


def bearer(issuer: DevIssuer, subject: str, *scopes: str, audience: str = "audit") -> dict[str, str]:
    return {"Authorization": f"Bearer {issuer.mint(subject, [audience], scopes, HOUR)}"}


async def test_the_checkpoint_is_signed_and_cosigned_and_never_cached(ledger: Rig, http: httpx2.AsyncClient) -> None:
    answer = await http.get("/checkpoint")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    head = open_checkpoint(answer.content, ledger.keys.log.key)
    leaves = [leaf_hash(entry) for entry in await ledger.entries()]
    assert (head.size, head.root) == (600, root_of(leaves))
    (cosignature,) = open_note(answer.content, [ledger.keys.cosigner.key]).verified
    assert cosigned_at(cosignature) > 1_700_000_000


async def test_g7_every_tile_of_every_size_is_served_as_the_entries_make_it(
    ledger: Rig, http: httpx2.AsyncClient, issuer: DevIssuer
) -> None:
    entries = await ledger.entries()
    leaves = [leaf_hash(entry) for entry in entries]
    roots = [root_of(leaves[at : at + 256]) for at in range(0, 512, 256)]
    rows = {0: leaves, 1: roots}
    auditor = bearer(issuer, "ana")
    for size in (*SIZES, 3, 100, 300, 599):
        for level in tiles.levels_of(size):
            for tile in tiles.tiles_of(level, size):
                answer = await http.get(tile.path)
                assert answer.status_code == 200, tile
                assert answer.content == b"".join(rows[level][tile.first : tile.first + tile.width]), tile
                assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        for bundle in tiles.tiles_of(None, size):
            answer = await http.get(bundle.path, headers=auditor)
            assert answer.content == frame(entries[bundle.first : bundle.first + bundle.width]), bundle
            assert answer.headers["cache-control"].startswith("private")


@pytest.mark.parametrize(
    "path",
    ["tile/0/002.p/89", "tile/0/002", "tile/0/003.p/1", "tile/1/000.p/3", "tile/1/000", "tile/2/000.p/1", "tile/0/2",
     "tile/0/000.p/256", "tile/63/000", "tile/64/000", "tile/-1/000", "tile/", "tile/0/x001", "tile/entry/000",
     "tile/0/000.p/0", "tiles/0/000", "tile/0/" + "x001/" * 1434 + "001", "tile/0/" + "x999/" * 6 + "999", "checkpoint%0a", "vkey%0A",
     "tile/0/%2e%2e/000"],
)  # fmt: skip
async def test_what_no_head_implies_is_not_there(http: httpx2.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:cadena:problem:not-found")


async def test_entries_that_no_head_implies_are_not_there(
    ledger: Rig, http: httpx2.AsyncClient, issuer: DevIssuer
) -> None:
    """Such as those that were appended and are not signed yet."""
    await ledger.execute("INSERT INTO fragment VALUES (600, $1)", frame([event()]))
    try:
        for path in ("entries/002.p/89", "entries/002", "entries/9", "0/002.p/89"):
            assert (await http.get(f"tile/{path}", headers=bearer(issuer, "ana"))).status_code == 404
        assert (await http.get("tile/entries/002.p/88", headers=bearer(issuer, "ana"))).status_code == 200
    finally:
        await ledger.execute("DELETE FROM fragment WHERE first = 600")


async def test_g12_entries_are_for_auditors_and_peers(http: httpx2.AsyncClient, issuer: DevIssuer) -> None:
    path = Tile(None, 0).path
    for subject, scopes, status in [
        ("ana", (), 200), ("service:custody-worker", ("ledger:read",), 200), ("service:custody-worker", (), 403),
        ("ana", ("audit:entries:read",), 200), ("ana", ("audit:checkpoint:read",), 403), ("ana", ("custody:read",), 200),
        ("service:custody-worker", ("audit:entries:read",), 403), ("luis", ("audit:entries:read",), 403),
        ("luis", (), 403), ("luis", ("ledger:read",), 403), ("eva", (), 403), ("nobody", ("ledger",), 403),
    ]:  # fmt: skip
        answer = await http.get(path, headers=bearer(issuer, subject, *scopes))
        assert answer.status_code == status, subject
    narrow = await http.get(path, headers=bearer(issuer, "ana", "audit:checkpoint:read"))
    assert narrow.json()["type"] == "urn:cadena:problem:scope-too-narrow"
    refused = await http.get(path, headers=bearer(issuer, "luis"))
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"] == "urn:cadena:problem:entries-are-for-auditors"


async def test_g12_a_token_for_another_service_or_none_is_no_token(http: httpx2.AsyncClient, issuer: DevIssuer) -> None:
    path = Tile(None, 0).path
    for headers in ({}, bearer(issuer, "ana", audience="custody"), {"Authorization": "Bearer x"}):
        answer = await http.get(path, headers=headers)
        assert answer.status_code == 401
        assert "www-authenticate" in answer.headers
    assert (await http.get("/tile/entries/999")).status_code == 401, "before it says what is there"


async def test_a_role_given_after_the_first_request_is_known_at_the_next(
    ledger: Rig, http: httpx2.AsyncClient, issuer: DevIssuer
) -> None:
    path, newcomer = Tile(None, 0).path, f"new-{new_id()}"
    assert (await http.get(path, headers=bearer(issuer, newcomer))).status_code == 403
    size = await ledger.signed()
    try:
        await ledger.seal(linked(ISSUER, newcomer, "auditor"), size=size + 1)
        assert (await http.get(path, headers=bearer(issuer, newcomer))).status_code == 200
    finally:
        await set_back(ledger, size)


async def set_back(ledger: Rig, size: int) -> None:
    """Take the ledger to an earlier size, for the next test; as its owner could."""
    for table, column in (("head", "size"), ("fragment", "first + 1"), ("seen", "idx + 1"), ("offset", "size")):
        await ledger.execute(f'DELETE FROM "{table}" WHERE {column} > {size}')


def parse(proof: str) -> tuple[int, list[bytes], str]:
    head, _, checkpoint = proof.partition("\n\n")
    first, index, *hashes = head.split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    return int(index.removeprefix("index ")), [b64decode(line) for line in hashes], checkpoint


async def test_g7_each_event_is_proved_against_each_head_that_covers_it(ledger: Rig, http: httpx2.AsyncClient) -> None:
    entries = await ledger.entries()
    for index in (0, 1, 5, 254, 255, 256, 257, 400, 511, 512, 599):
        event_id = orjson.loads(entries[index])["id"]
        for size in (None, *SIZES):
            asked = {} if size is None else {"size": size}
            answer = await http.get(f"/v1/proofs/{event_id}", params=asked)
            if size is not None and index >= size:
                assert answer.status_code == 404
                continue
            found, hashes, checkpoint = parse(answer.text)
            head = open_checkpoint(checkpoint, ledger.keys.log.key)
            assert (found, head.size) == (index, size or 600)
            merkle.verify_inclusion(leaf_hash(entries[index]), index, head.size, hashes, head.root)


async def test_no_proof_of_what_is_not_there(ledger: Rig, http: httpx2.AsyncClient) -> None:
    known = orjson.loads(ledger.founding)["id"]
    for path, status in [
        (f"/v1/proofs/{new_id()}", 404), (f"/v1/proofs/{known}?size=7", 404), (f"/v1/proofs/{known}?size=601", 404),
        ("/v1/proofs/nonsense", 404), (f"/v1/proofs/{known}?size=-1", 422), (f"/v1/proofs/{known}?size=x", 422),
        (f"/v1/proofs/{known}?size=1_0", 422), (f"/v1/proofs/{known}?size=%201", 422), ("/v1/checkpoints?after=5.0", 422),
        ("/v1/checkpoints?limit=%2B5", 422), ("/v1/consistency?from=1_0&to=100", 422), ("/v1/consistency?from=1&to=1.0", 422),
        (f"/v1/proofs/{known.upper()}", 200),
    ]:  # fmt: skip
        answer = await http.get(path)
        assert answer.status_code == status, path
        assert status == 200 or answer.headers["content-type"] == "application/problem+json"


async def test_g8_any_two_sizes_are_shown_to_be_one_history(ledger: Rig, http: httpx2.AsyncClient) -> None:
    leaves = [leaf_hash(entry) for entry in await ledger.entries()]
    for old in (0, 1, 2, 100, 255, 256, 257, 512, 600):
        for new in (1, 256, 300, 511, 512, 600):
            answer = await http.get("/v1/consistency", params={"from": old, "to": new})
            if old > new:
                assert answer.status_code == 422
                continue
            said = answer.json()
            assert (said["from"], said["to"]) == (old, new)
            hashes = [b64decode(value) for value in said["hashes"]]
            merkle.verify_consistency(old, root_of(leaves[:old]), new, root_of(leaves[:new]), hashes)
    for params in ({"from": 1, "to": 601}, {"from": -1, "to": 5}, {"from": 1}, {}):
        assert (await http.get("/v1/consistency", params=params)).status_code == 422


async def test_every_head_ever_signed_is_listed_page_by_page(ledger: Rig, http: httpx2.AsyncClient) -> None:
    found, after = [], 0
    while after is not None:
        page = (await http.get("/v1/checkpoints", params={"after": after, "limit": 3})).json()
        assert len(page["checkpoints"]) <= 3
        found += page["checkpoints"]
        after = page["next"]
    sizes = [head["size"] for head in found]
    assert sizes == sorted(set(sizes))
    assert set(SIZES) <= set(sizes)
    for head in found:
        assert open_checkpoint(head["note"], ledger.keys.log.key).size == head["size"]
        open_note(head["note"] + head["cosignature"], [ledger.keys.cosigner.key])
    assert (await http.get("/v1/checkpoints", params={"limit": 1001})).status_code == 422


async def test_the_vkey_is_leaf_0s(ledger: Rig, http: httpx2.AsyncClient) -> None:
    assert (await http.get("/vkey")).text == ledger.keys.log.key.vkey + "\n"


async def test_the_probes(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/healthz")).status_code == 200
    ready = await http.get("/readyz")
    assert (ready.status_code, ready.json()["probes"]) == (200, {"database": "ok", "issuer": "ok"})


async def test_a_damaged_row_is_not_there_rather_than_a_riddle(
    ledger: Rig, http: httpx2.AsyncClient, issuer: DevIssuer
) -> None:
    size = await ledger.signed()
    await ledger.execute("CREATE TABLE kept AS TABLE fragment")
    try:
        await ledger.execute(f"DELETE FROM fragment WHERE first >= {size // 256 * 256}")
        bundle = Tile(None, size // 256, size % 256)
        assert (await http.get(bundle.path, headers=bearer(issuer, "ana"))).status_code == 404
        assert (await http.get(Tile(0, size // 256, size % 256).path)).status_code == 404
    finally:
        await ledger.execute("TRUNCATE fragment; INSERT INTO fragment TABLE kept; DROP TABLE kept")
    assert len(unframe((await http.get(bundle.path, headers=bearer(issuer, "ana"))).content)) == bundle.width


async def test_a_database_that_does_not_answer_is_a_503(issuer: DevIssuer) -> None:
    (nobody,) = free_ports(1)
    settings = ApiSettings(
        installation="test", listen_port=1, database_url=f"postgresql://audit_api@127.0.0.1:{nobody}/audit",
        issuer=ISSUER, jwks=str(issuer.jwks),
    )  # fmt: skip
    app = api_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://audit") as http,
    ):
        for path in ("/checkpoint", "/v1/checkpoints", Tile(0, 0, 1).path):
            answer = await http.get(path)
            assert (answer.status_code, answer.json()["type"]) == (503, "urn:cadena:problem:database-away")
            assert answer.headers["retry-after"]


async def test_an_empty_log_has_no_checkpoint(rig: Rig, issuer: DevIssuer) -> None:
    settings = ApiSettings(
        installation="test", listen_port=1, database_url=rig.urls["api"], issuer=ISSUER, jwks=str(issuer.jwks)
    )
    app = api_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://audit") as http,
    ):
        for path in ("/checkpoint", "/vkey", "/tile/0/000", "/tile/0/000.p/1", f"/v1/proofs/{new_id()}"):
            assert (await http.get(path)).status_code == 404, path
        assert (await http.get("/v1/checkpoints")).json() == {"checkpoints": [], "next": None}
        assert (await http.get("/v1/consistency", params={"from": 0, "to": 0})).json()["hashes"] == []
