"""Address links: a JWS by notify's link key over party, address, nonce and purpose, spent at notify's own page.

The link is the one secret that may stand in a URL. It names the address by its digest only, and works for seven days.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import TypeAdapter, ValidationError

from shared.keys import key_id
from shared.text import SealedDigest, Uuid

TYPE = "cadena-link+jwt"
PURPOSE = "verify-address"
LIFETIME = timedelta(days=7)
MAX_TOKEN_CHARACTERS = 2048


class LinkInvalid(ValueError):
    """Not a link of ours for this purpose and party, or out of time; who holds it is told no more."""


@dataclass(frozen=True, slots=True)
class AddressLink:
    """What a link says: that who holds it reads at the address of that digest. `nonce` makes its use one command."""

    party: Uuid
    digest: SealedDigest
    nonce: Uuid


_READ: TypeAdapter[AddressLink] = TypeAdapter(AddressLink)


class AddressLinks:
    """Makes and reads address links of one installation."""

    def __init__(self, source: str, key: Ed25519PrivateKey) -> None:
        self._source, self._key, self._public = source, key, key.public_key()
        self._headers = {"typ": TYPE, "kid": key_id(self._public)}

    def make(self, link: AddressLink, now: datetime) -> str:
        """The token of a link that ends seven days after `now`."""
        claims = {
            "iss": self._source, "sub": link.party, "address": link.digest, "jti": link.nonce, "purpose": PURPOSE,
            "exp": int((now + LIFETIME).timestamp()),
        }  # fmt: skip
        return jwt.encode(claims, self._key, algorithm="EdDSA", headers=self._headers)

    def read(self, token: str, party: str, now: datetime) -> AddressLink:
        """The link in a token for that party; raises LinkInvalid. `now` is the database's clock."""
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise LinkInvalid("too long")
        try:
            header = jwt.get_unverified_header(token)
            claims = jwt.decode(
                token, self._public, algorithms=["EdDSA"], issuer=self._source,
                options={"require": ["iss", "sub", "exp", "jti"], "verify_exp": False},
            )  # fmt: skip
            said = _READ.validate_python({"party": claims["sub"], "digest": claims["address"], "nonce": claims["jti"]})
            ends = datetime.fromtimestamp(claims["exp"], UTC)
        except (jwt.PyJWTError, ValidationError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise LinkInvalid("not a link of ours") from error
        if header.get("typ") != TYPE or claims.get("purpose") != PURPOSE or said.party != party or now >= ends:
            raise LinkInvalid("not for this, or out of time")
        return said
