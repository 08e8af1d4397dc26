"""A token issuer on loopback that serves a set of keys over TLS, and fails in whatever way a test asks for."""

import asyncio
import json
import ssl
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

Private = Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
NAME = "https://issuer.example"


def jwk(key: Private, kid: str, **members: Any) -> dict[str, Any]:
    """The public half of a key as a set of keys lists it; a member that is None is left out."""
    if isinstance(key, Ed25519PrivateKey):
        said, alg = OKPAlgorithm.to_jwk(key.public_key()), "EdDSA"
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        said, alg = ECAlgorithm.to_jwk(key.public_key()), "ES256"
    else:
        said, alg = RSAAlgorithm.to_jwk(key.public_key()), "RS256"
    plain = {"kty": "", **json.loads(said), "use": "sig", "alg": alg, "kid": kid} | members
    plain.pop("key_ops", None) if "key_ops" not in members else None
    return {name: value for name, value in plain.items() if value is not None}


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good token for custody; a change to None leaves one out."""
    now = int(time.time())
    usual = {
        "iss": NAME, "aud": ["custody", "audit"], "sub": "ana", "exp": now + 60, "iat": now, "jti": "1",
        "client_id": "c",
    }  # fmt: skip
    return {name: value for name, value in (usual | changes).items() if value is not None}


def signed(header: bytes, payload: bytes, key: Ed25519PrivateKey) -> str:
    """A token of exactly these bytes, well signed: what no library would make."""
    parts = [_base64(header), _base64(payload)]
    return ".".join([*parts, _base64(key.sign(".".join(parts).encode()))])


def bearer(key: Any, kid: str, alg: str = "EdDSA", header: dict[str, Any] | None = None, **changes: Any) -> str:
    """The Authorization header of a token."""
    return "Bearer " + jwt.encode(claims(**changes), key, alg, headers={"typ": "at+jwt", "kid": kid} | (header or {}))


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


class Issuer:
    """What it serves, and how it fails. `asked` counts the requests that it saw."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = []
        self.body: bytes | None = None
        self.status = "200 OK"
        self.headers: list[str] = []
        self.stuck = asyncio.Event()
        self.stuck.set()
        self.asked = 0
        self.url = ""
        self.ca_file = Path()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        try:
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            await self.stuck.wait()
            body = json.dumps({"keys": self.keys}).encode() if self.body is None else self.body
            head = [f"HTTP/1.1 {self.status}", f"Content-Length: {len(body)}", "Connection: close", *self.headers]
            writer.write("\r\n".join([*head, "", ""]).encode() + body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Issuer]:
    """An issuer on a free port of loopback, with a certificate of an authority of its own."""
    issuer = Issuer()
    issuer.ca_file = folder / "issuer.pem"
    context = _tls(issuer.ca_file)
    server = await asyncio.start_server(issuer.serve, "127.0.0.1", 0, ssl=context)
    issuer.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys"
    try:
        yield issuer
    finally:
        issuer.stuck.set()
        server.close()
        await server.wait_closed()


def _tls(file: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(x509.KeyUsage(True, False, False, False, False, True, False, False, False), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file.write_bytes(certificate.public_bytes(Encoding.PEM))
    private = file.with_suffix(".key")
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, private)
    return context
