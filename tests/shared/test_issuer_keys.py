"""The issuer's keys over real TLS on loopback: rotation, outage, and who can make us ask how often."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretStr, ValidationError

from shared.auth import Authenticator
from shared.issuer_keys import AGE, COOLDOWN_SECONDS, FETCHES, IssuerKeys, from_file, from_url
from shared.jwks import MAX_SET_BYTES
from shared.problems import Problem
from shared.settings import DEV_ISSUER, TokenSettings
from tests.shared.issuers import NAME, Issuer, bearer, jwk, running

OLD, NEW, FORGER = (Ed25519PrivateKey.generate() for _ in range(3))
REFRESH, STALE = 300.0, 3600.0


class Clock:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
async def issuer(tmp_path: Path) -> AsyncIterator[Issuer]:
    async with running(tmp_path) as one:
        one.keys = [jwk(OLD, "old")]
        yield one


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(issuer: Issuer, clock: Clock) -> IssuerKeys:
    return IssuerKeys(from_url(issuer.url, issuer.ca_file), refresh=REFRESH, stale=STALE, clock=clock)


@pytest.fixture
def authenticator(keys: IssuerKeys, issuer: Issuer) -> Authenticator:
    return Authenticator(settings(jwks=issuer.url), "custody", keys=keys)


def settings(**changes: object) -> TokenSettings:
    usual = {"listen_port": 1, "database_url": SecretStr("postgresql://u@/d?host=/tmp/x"), "issuer": NAME}
    return TokenSettings(**(usual | changes))  # type: ignore[arg-type]


async def status(authenticator: Authenticator, authorization: str) -> int:
    try:
        await authenticator.principal(authorization)
    except Problem as problem:
        refused = problem
    else:
        return 200
    assert refused.code == {401: "invalid-token", 503: "issuer-unreachable"}[refused.status]
    assert ("Retry-After" in refused.headers) == (refused.status == 503)
    return refused.status


async def test_keys_are_fetched_once_and_kept(authenticator: Authenticator, issuer: Issuer) -> None:
    assert [await status(authenticator, bearer(OLD, "old")) for _ in range(3)] == [200] * 3
    assert issuer.asked == 1


async def test_many_at_once_are_one_fetch(authenticator: Authenticator, issuer: Issuer) -> None:
    issuer.stuck.clear()
    waiting = [asyncio.create_task(status(authenticator, bearer(OLD, "old"))) for _ in range(20)]
    await _until(lambda: issuer.asked == 1)
    waiting[0].cancel()  # who gives up takes nobody else's fetch away
    issuer.stuck.set()
    assert await asyncio.gather(*waiting[1:]) == [200] * 19
    assert issuer.asked == 1


async def test_a_new_key_is_taken_at_its_first_use(authenticator: Authenticator, issuer: Issuer, clock: Clock) -> None:
    assert await status(authenticator, bearer(OLD, "old")) == 200
    issuer.keys.append(jwk(NEW, "new"))
    clock.pass_by(COOLDOWN_SECONDS)
    assert await status(authenticator, bearer(NEW, "new")) == 200
    assert issuer.asked == 2


async def test_unknown_ids_do_not_hammer_the_issuer(authenticator: Authenticator, issuer: Issuer, clock: Clock) -> None:
    assert await status(authenticator, bearer(OLD, "old")) == 200
    for round_ in range(1, 4):
        clock.pass_by(COOLDOWN_SECONDS)
        forged = [bearer(FORGER, f"{round_}-{number}") for number in range(25)]
        assert set(await asyncio.gather(*(status(authenticator, one) for one in forged))) == {401}
        assert issuer.asked == 1 + round_


@pytest.mark.parametrize("kid", ["", "k" * 256, "ключ", "a b", "a\n", "\x00"])
async def test_an_id_that_no_key_can_have_is_refused_without_asking(
    authenticator: Authenticator, issuer: Issuer, kid: str
) -> None:
    assert await status(authenticator, bearer(FORGER, kid)) == 401
    assert issuer.asked == 0


async def test_a_withdrawn_key_is_refused_at_the_stated_age(
    authenticator: Authenticator, issuer: Issuer, clock: Clock
) -> None:
    assert await status(authenticator, bearer(OLD, "old")) == 200
    issuer.keys = [jwk(NEW, "new")]
    clock.pass_by(REFRESH)
    assert await status(authenticator, bearer(OLD, "old")) == 401


async def test_keys_are_renewed_beside_the_requests_before_they_are_due(
    authenticator: Authenticator, issuer: Issuer, clock: Clock
) -> None:
    assert await status(authenticator, bearer(OLD, "old")) == 200
    issuer.stuck.clear()
    clock.pass_by(REFRESH * 0.9)
    assert await status(authenticator, bearer(OLD, "old")) == 200, "it does not wait for a fetch that is only early"
    await _until(lambda: issuer.asked == 2)


FAILURES: dict[str, dict[str, Any]] = {
    "an error": {"status": "500 No"}, "a redirect": {"status": "302 Found", "headers": ["Location: /keys"]},
    "no JSON": {"body": b"<html>"}, "no set": {"body": b"[]"}, "an empty set": {"body": b'{"keys": []}'},
    "a member twice": {"body": b'{"keys": [], "keys": []}'}, "too large": {"body": b" " * (MAX_SET_BYTES + 1)},
    "compressed": {"headers": ["Content-Encoding: gzip"]},
    "a secret": {"body": json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "old", "alg": "HS256"}]}).encode()},
}  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
async def test_g12_an_outage_is_bridged_for_so_long_and_then_nobody_is_judged(
    authenticator: Authenticator, keys: IssuerKeys, issuer: Issuer, clock: Clock, name: str
) -> None:
    assert await status(authenticator, bearer(OLD, "old")) == 200
    good = dict(vars(issuer))
    vars(issuer).update(FAILURES[name])
    clock.pass_by(REFRESH)
    assert await status(authenticator, bearer(OLD, "old")) == 200, "a set that failed replaces no good one"
    clock.pass_by(STALE - REFRESH - 1)
    assert await status(authenticator, bearer(OLD, "old")) == 200
    await keys.demand_usable()
    clock.pass_by(1)
    assert await status(authenticator, bearer(OLD, "old")) == 503
    assert await status(authenticator, bearer(FORGER, "old")) == 503, "not even a forged one is judged"
    with pytest.raises(Exception, match="no keys of the token issuer"):
        await keys.demand_usable()
    assert _age() >= STALE
    vars(issuer).update(status=good["status"], body=good["body"], headers=good["headers"])
    clock.pass_by(COOLDOWN_SECONDS)
    assert await status(authenticator, bearer(OLD, "old")) == 200
    await keys.demand_usable()
    assert _age() < REFRESH


async def test_in_an_outage_the_issuer_is_asked_only_so_often(
    authenticator: Authenticator, issuer: Issuer, clock: Clock
) -> None:
    issuer.status = "503 Later"
    assert [await status(authenticator, bearer(OLD, "old")) for _ in range(5)] == [503] * 5
    assert issuer.asked == 1
    clock.pass_by(COOLDOWN_SECONDS)
    assert [await status(authenticator, bearer(OLD, "old")) for _ in range(5)] == [503] * 5
    assert issuer.asked == 2


async def test_in_an_outage_a_key_that_may_be_new_is_neither_taken_nor_called_false(
    authenticator: Authenticator, issuer: Issuer, clock: Clock
) -> None:
    assert await status(authenticator, bearer(OLD, "old")) == 200
    issuer.status = "503 Later"
    clock.pass_by(COOLDOWN_SECONDS)
    assert await status(authenticator, bearer(NEW, "new")) == 503
    assert await status(authenticator, bearer(OLD, "old")) == 200


async def test_a_server_that_the_authorities_do_not_know_is_no_issuer(issuer: Issuer) -> None:
    before = FETCHES.labels("unreachable")._value.get()
    stranger = Authenticator(settings(jwks=issuer.url), "custody")
    assert await status(stranger, bearer(OLD, "old")) == 503
    assert (issuer.asked, FETCHES.labels("unreachable")._value.get()) == (0, before + 1)


async def test_a_running_service_follows_the_issuer_by_itself(issuer: Issuer) -> None:
    keys = IssuerKeys(from_url(issuer.url, issuer.ca_file), refresh=0.1, stale=60, cooldown=0)
    async with keys:
        await _until(lambda: issuer.asked > 3)
    assert keys._follower is not None
    assert keys._follower.done()


async def test_a_file_that_changed_is_read_at_once_and_one_that_broke_changes_nothing(
    tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [jwk(OLD, "old")]}))
    authenticator = Authenticator(settings(jwks=str(path)), "custody")
    assert await status(authenticator, bearer(OLD, "old")) == 200
    path.write_text(json.dumps({"keys": [jwk(NEW, "new"), jwk(OLD, "old")]}))
    assert await status(authenticator, bearer(NEW, "new")) == 200
    path.write_text("{")
    assert await status(authenticator, bearer(NEW, "new")) == 200
    path.unlink()
    assert await status(authenticator, bearer(NEW, "new")) == 200
    path.write_text(json.dumps({"keys": [jwk(NEW, "new")]}))
    assert await status(authenticator, bearer(OLD, "old")) == 401
    gone = IssuerKeys(from_file(tmp_path / "never"), refresh=REFRESH, stale=STALE, clock=clock)
    with pytest.raises(Exception, match="no keys of the token issuer"):
        await gone.demand_usable()


@pytest.mark.parametrize(
    "change",
    [
        {"jwks": "http://issuer.example/keys"}, {"jwks": "HTTPS://issuer.example/keys"}, {"jwks": "ftp://127.0.0.1/k"},
        {"jwks": "https://user:word@issuer.example/keys"}, {"jwks": "https://"}, {"jwks": "https://a.example/k#b"},
        {"jwks": "http://127.0.0.1.example/keys"}, {"jwks": "jwks.json", "jwks_stale_seconds": 299},
        {"issuer": DEV_ISSUER, "jwks": "https://issuer.example/keys"},
    ],
    ids=lambda change: str(list(change.values())),
)  # fmt: skip
def test_where_keys_may_not_come_from(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**change)


@pytest.mark.parametrize("jwks", ["https://issuer.example/keys", "http://127.0.0.1:8080/keys", "/etc/jwks.json"])
def test_where_keys_may_come_from(jwks: str) -> None:
    assert settings(jwks=jwks).jwks == jwks


def _age() -> float:
    return next(metric.samples[0].value for metric in AGE.collect())


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - what is waited for happens in a server
            await asyncio.sleep(0.01)
