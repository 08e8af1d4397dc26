"""A letter and its attachments → the bytes of one mail (RFC 5322), the same bytes each time. PURE."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from services.notify.address import mail_address
from services.notify.render import Letter

PROPOSAL = "proposal.json"
PROOF = "proposal.json.tlog-proof"
REVIEW = "review.json"
REVIEW_PROOF = "review.json.tlog-proof"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that must arrive byte for byte: it goes in base64, whatever its type."""

    name: str
    content_type: str
    content: bytes


def message_id(identifier: str, sender: str) -> str:
    """The Message-ID of a notice: the same for every attempt, and unlike that of any other."""
    return f"<{identifier}@{sender.rpartition('@')[2]}>"


def compose(
    identifier: str, letter: Letter, language: str, sender: str, recipient: str, at: datetime,
    attachments: tuple[Attachment, ...] = (),
) -> bytes:  # fmt: skip
    """The whole mail with CRLF line ends, 7-bit clean. Raises ValueError for an address that is not one."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("Cadena", addr_spec=sender)
    message["To"] = Address(addr_spec=mail_address(recipient))
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id(identifier, sender)
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = language
    message.set_content(letter.text, charset="utf-8", cte="quoted-printable")
    for attachment in attachments:
        main, _, sub = attachment.content_type.partition("/")
        message.add_attachment(attachment.content, maintype=main, subtype=sub, cte="base64", filename=attachment.name)
    if attachments:
        # "=_" occurs in neither quoted-printable nor base64 text, so no part can hold the boundary (RFC 2045, 6.7).
        message.set_boundary(f"=_{hashlib.sha256(identifier.encode()).hexdigest()[:32]}")
    return message.as_bytes()
