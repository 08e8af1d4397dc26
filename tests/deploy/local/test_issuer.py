"""The dev issuer's tokens are what an API takes: RFC 9068, Ed25519, an audience each."""

import json
import stat
from pathlib import Path

import jwt
import pytest

from deploy.local.issuer import ISSUER, DevIssuer
from deploy.local.ports import free_ports
from shared.auth import Authenticator
from shared.problems import Problem
from shared.settings import TokenSettings


def settings(issuer: DevIssuer) -> TokenSettings:
    return TokenSettings(
        listen_port=free_ports(1)[0],
        database_url="postgresql://custody_api@/custody?host=%2Ftmp%2Fx",
        issuer=ISSUER,
        jwks=str(issuer.jwks),
    )


async def test_its_tokens_are_taken_for_their_audience_only(tmp_path: Path) -> None:
    issuer = DevIssuer(tmp_path)
    bearer = f"Bearer {issuer.mint('lab-1', ['custody', 'notify'], ['custody:sample:register'], 60)}"
    principal = await Authenticator(settings(issuer), "custody").principal(bearer)
    assert (principal.issuer, principal.subject) == (ISSUER, "lab-1")
    assert principal.scopes == {"custody:sample:register"}
    with pytest.raises(Problem):
        await Authenticator(settings(issuer), "audit").principal(bearer)


async def test_a_token_of_another_key_or_past_its_time_is_refused(tmp_path: Path) -> None:
    issuer, stranger = DevIssuer(tmp_path / "a"), DevIssuer(tmp_path / "b")
    for token in (stranger.mint("lab-1", ["custody"], [], 60), issuer.mint("lab-1", ["custody"], [], -120)):
        with pytest.raises(Problem):
            await Authenticator(settings(issuer), "custody").principal(f"Bearer {token}")


def test_the_key_is_kept_private_and_the_same(tmp_path: Path) -> None:
    first, second = DevIssuer(tmp_path), DevIssuer(tmp_path)
    assert first.key_id == second.key_id
    assert stat.S_IMODE((tmp_path / "issuer" / "key.pem").stat().st_mode) == 0o600
    assert "d" not in json.loads(first.jwks.read_text())["keys"][0]
    header = jwt.get_unverified_header(first.mint("x", ["custody"], [], 60))
    assert (header["typ"], header["alg"], header["kid"]) == ("at+jwt", "EdDSA", first.key_id)
