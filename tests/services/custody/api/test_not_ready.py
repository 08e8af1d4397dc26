"""Before the founding, and while the database is away, the API says so and keeps no key."""

from pathlib import Path

import httpx2
import pytest

from deploy.local.issuer import DevIssuer
from shared.keys import make_key
from tests.services.custody.api.office import House, Office, a_sample, found_house, opened

NOBODY = "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b"


def bare(urls: dict[str, str], folder: Path) -> House:
    make_key(folder / "keys" / "custody-promise.pem")
    return House(urls, folder / "keys", DevIssuer(folder))


def told(answer: httpx2.Response) -> tuple[int, str]:
    assert answer.headers["retry-after"]
    return answer.status_code, answer.json()["type"]


async def both(office: Office) -> set[tuple[int, str]]:
    """A read and a recording, by the first registrar."""
    read = await office.get("registrar", f"/v1/cases/{NOBODY}")
    made = await office.post("registrar", "/v1/persons", {"name": "Ana"}, key=NOBODY)
    return {told(read), told(made)}


async def test_before_the_founding_everything_waits(custody_database: dict[str, str], tmp_path: Path) -> None:
    house = bare(custody_database, tmp_path)
    async with opened(house) as office:
        assert await both(office) == {(503, "urn:cadena:problem:not-founded")}
        assert (await office.client.get("/healthz")).status_code == 200
        ready = await office.client.get("/readyz")
        assert (ready.status_code, ready.json()["probes"]["database"]) == (503, "ok")
        await found_house(house)
        assert (await office.client.get("/readyz")).status_code == 200
        await office.did("registrar", "/v1/persons", {"name": "Ana"}, key=NOBODY)


async def test_while_the_database_is_away_a_retry_is_asked_for(tmp_path: Path) -> None:
    house = bare({"api": f"postgresql://custody_api:x@/custody?host={tmp_path}"}, tmp_path)
    async with opened(house) as office:
        assert await both(office) == {(503, "urn:cadena:problem:database-away")}
        assert (await office.client.get("/readyz")).status_code == 503


async def test_while_the_issuers_keys_cannot_be_had_nobody_is_judged_and_the_key_stays_free(
    custody_database: dict[str, str], tmp_path: Path
) -> None:
    house = bare(custody_database, tmp_path)
    kept = house.issuer.jwks.read_bytes()
    house.issuer.jwks.write_text('{"keys": []}')
    async with opened(house) as office:
        assert await both(office) == {(503, "urn:cadena:problem:issuer-unreachable")}
        ready = await office.client.get("/readyz")
        assert (ready.status_code, ready.json()["probes"]["issuer"].partition(":")[0]) == (503, "IssuerUnreachable")
        missing = await office.client.post("/v1/persons", json={"name": "Ana"})
        assert missing.status_code == 401, "no token is no token"
        house.issuer.jwks.write_bytes(kept)
        made = await office.post("registrar", "/v1/persons", {"name": "Ana"}, key=NOBODY)
        assert made.status_code != 503 or made.json()["type"] == "urn:cadena:problem:not-founded"
        assert (await office.client.get("/readyz")).json()["probes"]["issuer"] == "ok"


@pytest.mark.parametrize("missing", ["token", "body"])
async def test_what_is_wrong_with_a_request_is_told_all_the_same(tmp_path: Path, missing: str) -> None:
    house = bare({"api": f"postgresql://custody_api:x@/custody?host={tmp_path}"}, tmp_path)
    async with opened(house) as office:
        headers = {} if missing == "token" else office.headers("lab")
        answer = await office.client.post("/v1/samples", json=a_sample(NOBODY) | {"x": 1}, headers=headers)
        assert answer.status_code == (401 if missing == "token" else 422)
