"""A mail address as a party may give it: the plain form of RFC 5321, one reader, ASCII. PURE."""

import re
from email import message_from_bytes
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

# Dot-atom local part (RFC 5322, 3.2.3) and a host name of at least two labels; no quoted strings, comments or literals.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@({_LABEL}(?:\.{_LABEL})+)")
MAX_LOCAL, MAX_ADDRESS = 64, 254


def mail_address(value: str) -> str:
    """The address with its domain in lower case; ValueError with what is right, for anything else.

    A domain with letters beyond ASCII is given in its `xn--` form.
    """
    match = _ADDRESS.fullmatch(value)
    if match is None or len(match[1]) > MAX_LOCAL or len(value) > MAX_ADDRESS or not _can_be_written(value):
        raise ValueError("a mail address is written as name@example.org, without a display name, in ASCII letters")
    return f"{match[1]}@{match[2].lower()}"


def _can_be_written(address: str) -> bool:
    """Whether a mail's header can hold it and is read back the same; `=?` opens an encoded word (RFC 2047) there."""
    if "=?" in address:
        return False
    message = EmailMessage(policy=SMTP)
    try:
        message["To"] = Address(addr_spec=address)
        read = message_from_bytes(message.as_bytes(), policy=SMTP)["To"]
    except (MessageError, ValueError):
        return False
    return [one.addr_spec for one in read.addresses] == [address]
