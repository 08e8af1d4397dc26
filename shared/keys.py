"""Ed25519 keys as files: PKCS #8 PEM, mode 0600, made once and never overwritten."""

import base64
import hashlib
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)


class KeyUnusable(RuntimeError):
    """A key file is absent, readable by others, or no Ed25519 key."""


def make_key(path: Path) -> Ed25519PrivateKey:
    """The key in the file, made first if there is none; the file is written whole or not at all."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        draft = path.with_suffix(f".{os.getpid()}.new")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails if another process was first: its key stands
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return load_key(path)


def load_key(path: Path) -> Ed25519PrivateKey:
    """The private key in the file. Raises KeyUnusable with a sentence."""
    try:
        mode, pem = path.stat().st_mode & 0o077, path.read_bytes()
    except OSError as error:
        raise KeyUnusable(f"{path.name}: {error.strerror}; the command `keys` makes it") from error
    if mode:
        raise KeyUnusable(f"{path.name} can be read by others; it must have mode 0600")
    try:
        key = load_pem_private_key(pem, None)
    except ValueError as error:
        raise KeyUnusable(f"{path.name} is not a private key in PEM") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable(f"{path.name} is not an Ed25519 key")
    return key


def raw_public(key: Ed25519PublicKey) -> bytes:
    """The 32 bytes of a public key."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def public_text(key: Ed25519PublicKey) -> str:
    """The public key as it stands in leaf 0: base64url without padding."""
    return base64.urlsafe_b64encode(raw_public(key)).rstrip(b"=").decode()


def key_id(key: Ed25519PublicKey) -> str:
    """The `kid` of a key: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(raw_public(key)).hexdigest()[:16]
