"""Facts about auditors whom courts appoint to read the log's entries (G12). PURE."""

from typing import ClassVar

from shared.facts.base import Fact
from shared.text import Code, SealedDigest, Sha256, Uuid


class AuditorAppointed(Fact):
    """Subject `auditor/<id>`: by a court's order this person reads the log's entries, with the account of this digest.

    The account need not be linked to anybody: no registrar stands between a court and its auditor.
    """

    name: ClassVar[str] = "custody.auditor.appointed.v1"
    person: Uuid
    account_digest: Sha256
    order: Code
    document_sha256: Sha256 | None = None


class AuditorDismissed(Fact):
    """The court's appointment ends. What the account's own role permits stays."""

    name: ClassVar[str] = "custody.auditor.dismissed.v1"
    reason: SealedDigest
