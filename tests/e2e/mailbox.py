"""What arrived at an address: the mails that the sink took, as bytes and as a reader sees them."""

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from deploy.local.stack import Stack
from deploy.local.waiting import wait_until
from tests.e2e.outside import EFFECT_SECONDS

LINK = re.compile(r"https?://\S+:verify\?token=\S+")


@dataclass(frozen=True)
class Mail:
    """One message; `raw` are the bytes as they arrived."""

    raw: bytes
    message: EmailMessage

    @property
    def text(self) -> str:
        """Its plain text."""
        body = self.message.get_body(("plain",))
        assert body is not None, "a mail without plain text"
        return str(body.get_content())

    @property
    def attachments(self) -> dict[str, bytes]:
        """File name → content."""
        found = {}
        for part in self.message.iter_attachments():
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            found[str(part.get_filename())] = content
        return found

    def is_about(self, proposal: str) -> bool:
        """Whether it is the notice of a proposal."""
        return f'"subject":"proposal/{proposal}"'.encode() in self.attachments.get("proposal.json", b"")


class Mailbox:
    """Of one address."""

    def __init__(self, stack: Stack, address: str) -> None:
        assert stack.backends.mail_folder is not None, "SMTP_URL leads out of this machine: no mail can be read"
        self.address, self._folder = address, stack.backends.mail_folder

    def mails(self) -> Iterator[Mail]:
        """Everything that arrived, oldest first."""
        for path in sorted(Path(self._folder).glob("*.eml")):
            raw = path.read_bytes()
            message = email.message_from_bytes(raw, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            if message["To"] == self.address:
                yield Mail(raw, message)

    def notices(self, proposal: str) -> list[Mail]:
        """Those about a proposal."""
        return [mail for mail in self.mails() if mail.is_about(proposal)]

    def until_noticed(self, proposal: str) -> Mail:
        """The first notice of a proposal, as soon as it is there."""
        found = wait_until(lambda: self.notices(proposal), EFFECT_SECONDS, f"a notice of {proposal} to {self.address}")
        return found[0]

    def until_linked(self) -> str:
        """The address link, as soon as it is there."""

        def link() -> str | None:
            found = [LINK.search(mail.text) for mail in self.mails()]
            return next((match.group() for match in found if match), None)

        return wait_until(link, EFFECT_SECONDS, f"an address link to {self.address}")
