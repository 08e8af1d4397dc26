"""Sealed fields: the ledger holds a salted digest, the owning service value and salt, which can be erased. PURE.

Digest = SHA-256 of tag, field name, value and salt, each of the first three behind its length in 8 bytes, big endian.
"""

import hashlib
from dataclasses import dataclass

from shared.ids import chance

TAG = b"cadena/sealed-field/v1"
SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class SealedValue:
    """A text beside the salt of its digest; `field` is the member of the event's data that carries the digest."""

    field: str
    value: str
    salt: bytes

    @property
    def digest(self) -> str:
        """What stands in the event: `sha256:` and 64 hexadecimal digits."""
        return seal(self.field, self.value, self.salt)


def seal(field: str, value: str, salt: bytes) -> str:
    """The digest of a text under a salt of 32 bytes; ValueError for a salt of another length."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes")
    hasher = hashlib.sha256()
    for part in (TAG, field.encode(), value.encode()):
        hasher.update(len(part).to_bytes(8, "big"))
        hasher.update(part)
    hasher.update(salt)
    return f"sha256:{hasher.hexdigest()}"


def fresh(field: str, value: str) -> SealedValue:
    """A text with a salt of its own, so that equal texts do not show as equal digests."""
    return SealedValue(field, value, chance(SALT_BYTES))
