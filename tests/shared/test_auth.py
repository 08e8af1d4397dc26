"""Tokens: what RFC 9068 demands, and what a forger would try."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr, ValidationError

from shared.accounts import account_digest
from shared.auth import Authenticator
from shared.keys import public_text
from shared.problems import Problem
from shared.settings import DEV_ISSUER, TokenSettings, database_is_local

KEY, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()


@pytest.fixture
def settings(tmp_path: Path) -> TokenSettings:
    jwk = {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "EdDSA",
        "use": "sig",
        "kid": "k1",
        "x": public_text(KEY.public_key()),
    }
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [jwk]}))
    return TokenSettings(
        listen_port=1,
        database_url=SecretStr("postgresql://u@/d?host=/tmp/x"),
        issuer=DEV_ISSUER,
        jwks=str(tmp_path / "jwks.json"),
    )


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    base = {
        "iss": DEV_ISSUER,
        "aud": ["custody", "audit"],
        "sub": "ana",
        "exp": now + 60,
        "iat": now,
        "jti": "1",
        "client_id": "c",
    }
    return {name: value for name, value in (base | changes).items() if value is not None}


def token(key: Any = KEY, alg: str = "EdDSA", header: dict[str, Any] | None = None, **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, alg, headers={"typ": "at+jwt", "kid": "k1"} | (header or {}))


async def test_a_scope_of_null_is_no_scope_at_all_and_no_token(settings: TokenSettings) -> None:
    raw = jwt.encode(claims() | {"scope": None}, KEY, "EdDSA", headers={"typ": "at+jwt", "kid": "k1"})
    with pytest.raises(Problem):
        await Authenticator(settings, "custody").principal(f"Bearer {raw}")
    longest = f"Bearer {token(sub='a' * 255)}"
    assert (await Authenticator(settings, "custody").principal(longest)).scopes == frozenset()


async def test_a_good_token_is_a_principal(settings: TokenSettings) -> None:
    principal = await Authenticator(settings, "custody").principal(f"Bearer {token(scope='a b')}")
    assert principal.account == account_digest(DEV_ISSUER, "ana")
    assert principal.scopes == {"a", "b"}


def unsigned() -> str:
    parts = [{"typ": "at+jwt", "alg": "none", "kid": "k1"}, claims()]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


def confused() -> str:
    """A token whose HMAC key is the public key that everyone may read."""
    public = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return jwt.encode(claims(), public, "HS256", headers={"typ": "at+jwt", "kid": "k1"})


def deep() -> str:
    return base64.urlsafe_b64encode(b'{"a":' + b"[" * 5000).rstrip(b"=").decode() + ".e30.e30"


FORGED = {
    "no header": None, "no bearer": "Basic abc", "empty": "Bearer ", "garbage": "Bearer a.b.c", "huge": "Bearer " + "a" * 9000,
    "alg none": f"Bearer {unsigned()}", "hmac with the public key": f"Bearer {confused()}",
    "another key": f"Bearer {token(OTHER)}", "another kid": f"Bearer {token(header={'kid': 'k2'})}",
    "kid no text": f"Bearer {token(header={'kid': '../k1'})}", "typ JWT": f"Bearer {token(header={'typ': 'JWT'})}",
    "an rsa key under our kid": f"Bearer {token(rsa.generate_private_key(65537, 2048), 'RS256')}",
    "its own jwk": f"Bearer {token(OTHER, header={'jwk': {'kty': 'OKP', 'crv': 'Ed25519', 'x': public_text(OTHER.public_key())}})}",
    "audit's only": f"Bearer {token(aud='audit')}", "another issuer": f"Bearer {token(iss='urn:other')}",
    "expired": f"Bearer {token(exp=int(time.time()) - 1)}", "not yet": f"Bearer {token(nbf=int(time.time()) + 60)}",
    "no subject": f"Bearer {token(sub=None)}", "no jti": f"Bearer {token(jti=None)}", "no client": f"Bearer {token(client_id=None)}",
    "no expiry": f"Bearer {token(exp=None)}",
    "scopes in a list": f"Bearer {token(scope=['custody:read'])}", "scopes in an object": f"Bearer {token(scope={})}",
    "a subject of half a character": f"Bearer {token(sub=chr(0xd800))}", "a subject of nothing": f"Bearer {token(sub='')}",
    "a subject that cannot be registered": f"Bearer {token(sub='josé')}", "a subject with a line": f"Bearer {token(sub='a' + chr(10))}",
    "a subject of 256 characters": f"Bearer {token(sub='a' * 256)}", "a client in a list": f"Bearer {token(client_id=['c'])}",
    "a client of half a character": f"Bearer {token(client_id=chr(0xd800))}", "a deep header": f"Bearer {deep()}",
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_token_is_a_401(settings: TokenSettings, name: str) -> None:
    with pytest.raises(Problem) as refused:
        await Authenticator(settings, "custody").principal(FORGED[name])
    assert refused.value.status == 401
    assert "WWW-Authenticate" in refused.value.headers


@pytest.mark.parametrize(
    "change", [{"listen_host": "0.0.0.0"}, {"database_url": "postgresql://u@db.example/d"}, {"database_url": "postgresql://u@h/d?host=h"}]
)  # fmt: skip
def test_the_dev_issuer_is_refused_off_loopback(change: dict[str, str]) -> None:
    fields = {
        "listen_port": 1,
        "database_url": "postgresql://u@/d?host=/tmp",
        "issuer": DEV_ISSUER,
        "jwks": "x",
    } | change
    with pytest.raises(ValidationError, match="loopback"):
        TokenSettings(**fields)  # type: ignore[arg-type]


def test_where_a_database_is_local() -> None:
    assert database_is_local("postgresql://u:p@127.0.0.1:5432/d")
    assert not database_is_local("postgresql://u:p@10.0.0.1/d?application_name=127.0.0.1")
