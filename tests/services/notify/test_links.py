"""Address links: read only as they were made, for their party and purpose, within seven days."""

from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.notify.links import LIFETIME, PURPOSE, TYPE, AddressLink, AddressLinks, LinkInvalid
from shared.events import new_id
from tests.services.notify.facts import NOTIFY, NOW, digest

KEY = Ed25519PrivateKey.generate()
LINKS = AddressLinks(NOTIFY, KEY)
ANA, BERTA = new_id(), new_id()
LINK = AddressLink(ANA, digest("ana@example.org"), new_id())


def token(key: Ed25519PrivateKey = KEY, typ: str = TYPE, **changes: Any) -> str:
    claims = {"iss": NOTIFY, "sub": ANA, "address": LINK.digest, "jti": LINK.nonce, "purpose": PURPOSE,
              "exp": int((NOW + LIFETIME).timestamp())} | changes  # fmt: skip
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"typ": typ})


def test_a_link_is_read_as_it_was_made_until_its_last_second() -> None:
    made = LINKS.make(LINK, NOW)
    assert LINKS.read(made, ANA, NOW) == LINK
    assert LINKS.read(made, ANA, NOW + LIFETIME - timedelta(seconds=1)) == LINK
    with pytest.raises(LinkInvalid):
        LINKS.read(made, ANA, NOW + LIFETIME)


def test_it_names_the_address_by_digest_only() -> None:
    assert "example.org" not in str(jwt.decode(LINKS.make(LINK, NOW), options={"verify_signature": False}))


@pytest.mark.parametrize(
    ("forged", "party"),
    [
        (token(), BERTA),
        (token(sub=BERTA), ANA),
        (token(key=Ed25519PrivateKey.generate()), ANA),
        (token(typ="at+jwt"), ANA),
        (token(typ="cadena-promise+jwt"), ANA),
        (token(purpose="object"), ANA),
        (token(purpose=None), ANA),
        (token(iss="urn:cadena:other:notify"), ANA),
        (token(exp=None), ANA),
        (token(exp=10**30), ANA),
        (token(jti="1"), ANA),
        (token(address="ana@example.org"), ANA),
        (token(address=None), ANA),
        ("eyJhbGciOiJub25lIiwidHlwIjoiY2FkZW5hLWxpbmsrand0In0.e30.", ANA),
        (jwt.encode({"sub": ANA, "iss": NOTIFY}, "x" * 64, algorithm="HS256"), ANA),
        (token()[:-4], ANA),
        (token() + "." + "x" * 3000, ANA),
        ("", ANA),
        ("é", ANA),
        ("a.b.c", ANA),
    ],
    ids=range(20),
)
def test_anything_else_is_no_link(forged: str, party: str) -> None:
    with pytest.raises(LinkInvalid):
        LINKS.read(forged, party, NOW)
