"""The digest that stands for an account in the ledger. PURE."""

import hashlib
from uuid import UUID

TAG = b"cadena/account/v1"


def account_digest(issuer: str, subject: str) -> str:
    """SHA-256 of tag, issuer and subject, each behind its length in 8 bytes, big endian; 64 hexadecimal digits."""
    hasher = hashlib.sha256()
    for part in (TAG, issuer.encode(), subject.encode()):
        hasher.update(len(part).to_bytes(8, "big"))
        hasher.update(part)
    return hasher.hexdigest()


def command_hash(account: str, key: str) -> str:
    """The `command` attribute of an event: SHA-256 over the account's digest and the idempotency key."""
    return hashlib.sha256(f"cadena/command/v1\n{account}\n{key}".encode()).hexdigest()


def clock_command(cause: str, ordinal: int) -> str:
    """The `command` attribute of an event that a worker made because of event `cause`."""
    return hashlib.sha256(f"cadena/clock/v1\n{cause}\n{ordinal}".encode()).hexdigest()


def subject_of(command: str) -> str:
    """The id of the subject that a protective command makes: a UUID (version 8, RFC 9562) that follows from its hash.

    So the same command sent again names the same subject even to a database that has forgotten the first time.
    """
    digest = hashlib.sha256(f"cadena/subject/v1\n{command}".encode()).digest()
    return str(UUID(int=int.from_bytes(digest[:16]) & ~(0xF << 76) & ~(0x3 << 62) | 0x8 << 76 | 0x2 << 62))
