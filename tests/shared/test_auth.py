"""Tokens: what RFC 9068 demands, and what a forger would try."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr, ValidationError

from shared import auth
from shared.access_token import LEEWAY_SECONDS, NotAToken, Unverified, judge, unpack
from shared.accounts import account_digest
from shared.auth import Authenticator
from shared.issuer_keys import IssuerKeys, KeysUnavailable
from shared.jwks import IssuerKey
from shared.problems import Problem
from shared.settings import DEV_ISSUER, TokenSettings, database_is_local
from tests.shared.issuers import NAME, Private, jwk, signed
from tests.shared.issuers import bearer as any_bearer
from tests.shared.issuers import claims as any_claims

KEY, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
CURVE, RSA = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
NOW = int(time.time())
HEADER = b'{"alg":"EdDSA","kid":"k1","typ":"at+jwt"}'


@pytest.fixture
def authenticator(tmp_path: Path) -> Authenticator:
    keys = [jwk(KEY, "k1"), jwk(CURVE, "curve"), jwk(RSA, "rsa")]
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": keys}))
    return Authenticator(settings(jwks=str(tmp_path / "jwks.json")), "custody", clock=lambda: NOW)


def settings(**changes: Any) -> TokenSettings:
    usual: dict[str, Any] = {
        "listen_port": 1,
        "database_url": SecretStr("postgresql://u@/d?host=/tmp/x"),
        "issuer": NAME,
        "jwks": "x",
    }
    return TokenSettings(**(usual | changes))


def claims(**changes: Any) -> dict[str, Any]:
    return any_claims(**({"iat": NOW, "exp": NOW + 60} | changes))


def bearer(key: Any, kid: str, alg: str, header: dict[str, Any] | None = None, **changes: Any) -> str:
    return any_bearer(key, kid, alg, header, **({"iat": NOW, "exp": NOW + 60} | changes))


def token(key: Any = KEY, alg: str = "EdDSA", header: dict[str, Any] | None = None, **changes: Any) -> str:
    return bearer(key, "k1", alg, header, **changes)


def raw(header: bytes = HEADER, payload: bytes | None = None, key: Ed25519PrivateKey = KEY) -> str:
    return "Bearer " + signed(header, json.dumps(claims()).encode() if payload is None else payload, key)


async def test_a_good_token_is_a_principal(authenticator: Authenticator) -> None:
    principal = await authenticator.principal(token(scope="a b"))
    assert principal.account == account_digest(NAME, "ana")
    assert (principal.subject, principal.client, principal.scopes) == ("ana", "c", frozenset("ab"))
    longest = await authenticator.principal(token(sub="a" * 255))
    assert longest.scopes == frozenset()


GOOD: dict[str, Callable[[], str]] = {
    "one audience": lambda: token(aud="custody"), "the long type": lambda: token(header={"typ": "application/at+jwt"}),
    "capitals in the type": lambda: token(header={"typ": "AT+JWT"}), "ES256": lambda: bearer(CURVE, "curve", "ES256"),
    "RS256": lambda: bearer(RSA, "rsa", "RS256"), "a thumbprint": lambda: token(header={"x5t#S256": "abc"}),
    "an issuer's clock a little ahead": lambda: token(iat=NOW + LEEWAY_SECONDS, nbf=NOW + LEEWAY_SECONDS),
    "an hour": lambda: token(iat=NOW, exp=NOW + 3600), "just over": lambda: token(iat=NOW - 60, exp=NOW - LEEWAY_SECONDS + 1),
    "claims of no concern": lambda: token(realm_access={"roles": ["x"]}, acr="1"),
    "spaces before it": lambda: token().replace("Bearer ", "bEaReR   "), "bytes of our own": raw,
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
async def test_what_an_issuer_may_send(authenticator: Authenticator, name: str) -> None:
    assert (await authenticator.principal(GOOD[name]())).subject == "ana"


def unsigned(alg: str = "none") -> str:
    parts = [{"typ": "at+jwt", "alg": alg, "kid": "k1"}, claims()]
    return "Bearer " + ".".join(_base64(json.dumps(part).encode()) for part in parts) + "."


def confused(public: bytes, kid: str) -> str:
    """A token whose HMAC key is the public key that everyone may read."""
    parts = [json.dumps({"typ": "at+jwt", "alg": "HS256", "kid": kid}).encode(), json.dumps(claims()).encode()]
    said = ".".join(map(_base64, parts))
    return f"Bearer {said}.{_base64(hmac.digest(public, said.encode(), hashlib.sha256))}"


def _base64(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def pem(key: Private) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def payload(said: str) -> bytes:
    """Good claims, with more said behind them."""
    return json.dumps(claims()).encode()[:-1] + said.encode() + b"}"


def respelt() -> str:
    """The same bytes in another base64url: the last character's unused bits are set."""
    good = token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return good[:-1] + alphabet[alphabet.index(good[-1]) + 1]


FORGED = {
    "no header": None, "no bearer": "Basic abc", "empty": "Bearer ", "garbage": "Bearer a.b.c", "huge": "Bearer " + "a" * 9000,
    "two parts": "Bearer e30.e30", "four parts": token() + ".e30", "a line in it": token() + "\n.", "another letter": token() + "ñ",
    "alg none": unsigned(), "alg None": unsigned("None"), "alg of nothing": unsigned(""),
    "hmac with the public key": confused(KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), "k1"),
    "hmac with the public PEM": confused(pem(KEY), "k1"), "hmac with the RSA key's PEM": confused(pem(RSA), "rsa"),
    "PS256": bearer(RSA, "rsa", "PS256"), "RS512": bearer(RSA, "rsa", "RS512"), "ES256 under an RSA id": bearer(CURVE, "rsa", "ES256"),
    "another key": token(OTHER), "another kid": token(header={"kid": "k2"}),
    "kid a path": token(header={"kid": "../../k1"}), "kid SQL": token(header={"kid": "k1' OR '1'='1"}), "kid huge": token(header={"kid": "k" * 4000}),
    "kid a number": raw(b'{"alg":"EdDSA","kid":1,"typ":"at+jwt"}'), "no kid": raw(b'{"alg":"EdDSA","typ":"at+jwt"}'),
    "typ JWT": token(header={"typ": "JWT"}), "no typ": raw(b'{"alg":"EdDSA","kid":"k1"}'), "typ a list": raw(b'{"alg":"EdDSA","kid":"k1","typ":["at+jwt"]}'),
    "an rsa key under our kid": token(rsa.generate_private_key(65537, 2048), "RS256"),
    "its own jwk": token(OTHER, header={"jwk": jwk(OTHER, "k1")}), "its own jwk, though well signed": token(header={"jwk": jwk(KEY, "k1")}),
    "jku": token(header={"jku": "https://issuer.example/keys"}), "x5u": token(header={"x5u": "https://issuer.example/cert"}),
    "x5c": token(header={"x5c": ["MIIB"]}), "crit": token(header={"crit": ["exp"]}), "crit of nothing": token(header={"crit": []}),
    "zip": token(header={"zip": "DEF"}), "b64": raw(b'{"alg":"EdDSA","b64":false,"kid":"k1","typ":"at+jwt"}'),
    "alg twice": raw(b'{"alg":"none","alg":"EdDSA","kid":"k1","typ":"at+jwt"}'), "kid twice": raw(b'{"alg":"EdDSA","kid":"k2","kid":"k1","typ":"at+jwt"}'),
    "a header that is a list": raw(b'["at+jwt"]'), "a header that is no JSON": raw(b'{"alg"'), "a header in UTF-16": raw(HEADER.decode().encode("utf-16")),
    "sub twice": raw(payload=payload(',"sub":"eva"')), "exp twice": raw(payload=payload(',"exp":9999999999')), "a member twice, deep": raw(payload=payload(',"a":{"b":1,"b":2}')),
    "a payload that is a list": raw(payload=b"[]"), "a payload that is no JSON": raw(payload=b"{"), "a payload of nothing": raw(payload=b" "),
    "a changed payload": token().rpartition(".")[0] + "." + token(sub="eva").rpartition(".")[2], "other bits": respelt(),
    "audit's only": token(aud="audit"), "no audience": token(aud=None), "an audience in an object": token(aud={"custody": 1}),
    "an audience among numbers": raw(payload=json.dumps(claims() | {"aud": ["custody", 1]}).encode()), "audiences without end": token(aud=["custody"] * 51),
    "another issuer": token(iss="https://other.example"), "an issuer with a slash": token(iss=NAME + "/"), "no issuer": token(iss=None),
    "issuers in a list": raw(payload=json.dumps(claims() | {"iss": [NAME]}).encode()),
    "expired": token(iat=NOW - 60, exp=NOW - LEEWAY_SECONDS), "not yet": token(nbf=NOW + 90), "issued tomorrow": token(iat=NOW + 86400, exp=NOW + 86460),
    "for ever": token(exp=NOW + 4000), "for ever, by an early iat": token(iat=0), "in the year 9999": token(exp=253402300799),
    "no subject": token(sub=None), "no jti": token(jti=None), "no client": token(client_id=None), "no expiry": token(exp=None), "no iat": token(iat=None),
    "exp a text": token(exp=str(NOW + 60)), "exp a float": token(exp=NOW + 60.5), "exp true": token(exp=True), "exp below nothing": token(exp=-1),
    "exp beyond all": raw(payload=payload("").replace(b'"exp": ', b'"exp": 9999999999999999999')), "exp infinite": raw(payload=payload(',"x":Infinity')),
    "nbf a text": token(nbf="0"), "iat a list": token(iat=[NOW]), "jti a number": token(jti=7), "a jti of 256 characters": token(jti="j" * 256),
    "scopes in a list": token(scope=["custody:read"]), "scopes in an object": token(scope={}),
    "a scope of null": raw(payload=payload(',"scope":null')),
    "a subject of half a character": token(sub=chr(0xd800)), "a subject of nothing": token(sub=""),
    "a subject that cannot be registered": token(sub="josé"), "a subject with a line": token(sub="a\n"), "a subject of a number": raw(payload=payload("").replace(b'"ana"', b"7")),
    "a subject of 256 characters": token(sub="a" * 256), "a client in a list": token(client_id=["c"]),
    "a client of half a character": token(client_id=chr(0xd800)), "a deep header": raw(b'{"a":' + b"[" * 3000), "a deep payload": raw(payload=b'{"a":' + b"[" * 3000),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_token_is_a_401(authenticator: Authenticator, name: str) -> None:
    with pytest.raises(Problem) as refused:
        await authenticator.principal(FORGED[name])
    assert refused.value.status == 401
    assert "WWW-Authenticate" in refused.value.headers
    assert refused.value.detail in (
        "Send an access token: Authorization: Bearer …", "The token is not valid here, or no longer; get a new one.",
    )  # fmt: skip


class Held:
    """An issuer whose set of keys, clock and reach a test moves; `judged` counts the signatures that were checked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys = [jwk(KEY, "k1")]
        self.now, self.judged = float(NOW), 0
        plainly = IssuerKey.signed

        def counted(key: IssuerKey, token: Unverified) -> bool:
            self.judged += 1
            return plainly(key, token)

        monkeypatch.setattr(IssuerKey, "signed", counted)
        kept = IssuerKeys(self.fetch, refresh=300, stale=900, clock=lambda: self.now)
        self.authenticator = Authenticator(settings(), "custody", keys=kept, clock=lambda: self.now)

    async def fetch(self) -> bytes:
        if not self.keys:
            raise KeysUnavailable("away")
        return json.dumps({"keys": self.keys}).encode()

    async def says(self, bearer: str) -> int:
        """The status of a request with this header."""
        try:
            principal = await self.authenticator.principal(bearer)
        except Problem as problem:
            return problem.status
        assert principal.subject == "ana"
        return 200


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    return Held(monkeypatch)


async def test_a_signature_is_checked_once_for_each_set_of_keys(held: Held) -> None:
    good = token(exp=NOW + 3000)
    assert [await held.says(good) for _ in range(3)] == [200] * 3
    assert held.judged == 1
    held.now += 301
    assert [await held.says(good) for _ in range(3)] == [200] * 3
    assert held.judged == 2


@pytest.mark.parametrize("after", [[jwk(OTHER, "k2")], [jwk(OTHER, "k1")], [jwk(OTHER, "k1"), jwk(KEY, "k2")]])
async def test_a_remembered_token_ends_with_its_key(held: Held, after: list[dict[str, Any]]) -> None:
    good = token(exp=NOW + 3000)
    assert await held.says(good) == 200
    held.keys = after
    held.now += 301
    assert [await held.says(good) for _ in range(2)] == [401] * 2


async def test_a_key_that_is_taken_out_of_a_file_ends_its_tokens_at_once(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [jwk(KEY, "k1")]}))
    authenticator, good = Authenticator(settings(jwks=str(path)), "custody", clock=lambda: NOW), token()
    assert (await authenticator.principal(good)).subject == "ana"
    path.write_text(json.dumps({"keys": [jwk(OTHER, "k2")]}))
    with pytest.raises(Problem) as refused:
        await authenticator.principal(good)
    assert refused.value.status == 401


async def test_a_remembered_token_is_judged_by_its_time(held: Held) -> None:
    good = token(iat=NOW, nbf=NOW + 10, exp=NOW + 200)
    assert await held.says(good) == 200
    held.now = NOW + 10 - LEEWAY_SECONDS - 1  # a clock that was set back
    assert await held.says(good) == 401
    held.now = NOW + 200 + LEEWAY_SECONDS - 1
    assert await held.says(good) == 200
    held.now += 1
    assert await held.says(good) == 401


async def test_a_remembered_token_is_not_judged_by_keys_that_are_too_old(held: Held) -> None:
    good = token(exp=NOW + 3000)
    assert await held.says(good) == 200
    held.keys = []
    held.now += 899
    assert await held.says(good) == 200
    held.now += 1
    assert await held.says(good) == 503


async def test_no_more_tokens_are_remembered_than_is_said(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "REMEMBERED", 2)
    given = [token(jti=str(number)) for number in range(3)]
    for one in (*given, given[2], given[1], given[0]):
        assert await held.says(one) == 200
    assert held.judged == 4, "the first was forgotten"


def test_each_time_is_judged_by_the_second() -> None:
    def at(now: float, longest: float = 100) -> bool:
        said = json.dumps(claims(iat=1000, nbf=1010, exp=1100)).encode()
        try:
            judge(said, issuer=NAME, audience="custody", now=now, longest=longest)
        except NotAToken:
            return False
        return True

    assert [at(1010 - LEEWAY_SECONDS - 1), at(1010 - LEEWAY_SECONDS)] == [False, True]
    assert [at(1100 + LEEWAY_SECONDS - 0.1), at(1100 + LEEWAY_SECONDS)] == [True, False]
    assert [at(1050, longest=99), at(1050, longest=100)] == [False, True]


def test_what_is_verified_is_what_is_read() -> None:
    good = token().removeprefix("Bearer ")
    taken = unpack(good)
    assert taken.signed.decode() == good.rpartition(".")[0]
    assert json.loads(taken.payload)["sub"] == "ana"
    assert jwt.get_unverified_header(good)["kid"] == taken.kid


@pytest.mark.parametrize(
    "change",
    [
        {"listen_host": "0.0.0.0"}, {"database_url": "postgresql://u@db.example/d"},
        {"database_url": "postgresql://u@h/d?host=h"}, {"jwks": "https://127.0.0.1/keys"},
    ],
)  # fmt: skip
def test_the_dev_issuer_is_refused_off_loopback(change: dict[str, str]) -> None:
    assert settings(issuer=DEV_ISSUER).issuer == DEV_ISSUER
    with pytest.raises(ValidationError, match="loopback"):
        settings(issuer=DEV_ISSUER, **change)


def test_where_a_database_is_local() -> None:
    assert database_is_local("postgresql://u:p@127.0.0.1:5432/d")
    assert not database_is_local("postgresql://u:p@10.0.0.1/d?application_name=127.0.0.1")
