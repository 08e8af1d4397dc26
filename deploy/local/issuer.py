"""The dev issuer: a signing key and a JWKS file, no process. Services refuse its tokens off loopback.

Tokens follow RFC 9068 (JWT profile for access tokens), signed with Ed25519.
"""

import hashlib
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from deploy.local.files import private_folder, write_json, write_private
from deploy.local.problem import StackProblem

ISSUER = "urn:cadena:dev"
CLIENT = "cadena-local"


class DevIssuer:
    """Key and JWKS in `<state>/issuer`, made on first use, kept after."""

    def __init__(self, state: Path) -> None:
        folder = private_folder(state / "issuer")
        self.jwks = folder / "jwks.json"
        self._key = self._load_or_make(folder / "key.pem")
        public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id = hashlib.sha256(public).hexdigest()[:16]
        x = urlsafe_b64encode(public).rstrip(b"=").decode()
        key = {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.key_id, "x": x}
        write_json(self.jwks, {"keys": [key]})

    def mint(self, subject: str, audiences: Sequence[str], scopes: Sequence[str], lifetime: int) -> str:
        """An access token for `subject`, good from now for `lifetime` seconds."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": subject,
            "aud": list(audiences),
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "jti": str(uuid.uuid4()),
            "client_id": CLIENT,
            "scope": " ".join(scopes),
        }
        return jwt.encode(claims, self._key, algorithm="EdDSA", headers={"typ": "at+jwt", "kid": self.key_id})

    @staticmethod
    def _load_or_make(path: Path) -> Ed25519PrivateKey:
        if path.exists():
            key = load_pem_private_key(path.read_bytes(), password=None)
            if not isinstance(key, Ed25519PrivateKey):
                raise StackProblem(f"{path} is not an Ed25519 key.")
            return key
        key = Ed25519PrivateKey.generate()
        write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return key
