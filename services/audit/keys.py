"""Audit's two keys as files: the log's, and the one that cosigns its heads with the time."""

from pathlib import Path

from services.audit.sign import SigningKeys
from shared.keys import load_key, make_key
from shared.notes import COSIGNATURE, Signer

LOG = "audit-log.pem"
COSIGNER = "audit-cosigner.pem"


def signing_keys(folder: Path, origin: str, *, make: bool = False) -> SigningKeys:
    """The keys in the folder under the log's names; KeyUnusable if one is missing and may not be made."""
    read = make_key if make else load_key
    log, cosigner = read(folder / LOG), read(folder / COSIGNER)
    return SigningKeys(Signer(origin, log), Signer(f"{origin}/cosigner", cosigner, COSIGNATURE))
