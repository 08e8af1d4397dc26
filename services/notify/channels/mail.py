"""Mail by SMTP: hands over finished bytes, and tells a refusal for good from one that may pass."""

import asyncio
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from services.notify.retry import is_permanent

SECONDS = 60.0
"""For one command of the dialogue; a whole attempt takes at most three times as long."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The server answered 250 to the message's last byte."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server will not take this message for this reader, now or later."""

    reply_code: int


@dataclass(frozen=True, slots=True)
class Postponed:
    """Nothing is known to have arrived: to be tried again. `reply_code` None means that no reply came."""

    reply_code: int | None
    why: str


Outcome = Taken | Refused | Postponed


class Channel(Protocol):
    """What deliver needs of a way out."""

    async def send(self, recipient: str, message: bytes) -> Outcome:
        """Try once; never raises for what a server or a network may do."""


class MailChannel:
    """One SMTP server, by `smtp://[user:password@]host[:port]` (STARTTLS where offered) or `smtps://`."""

    def __init__(self, url: str, sender: str, seconds: float = SECONDS) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("the mail server is named as smtp://host:port or smtps://host:port")
        self._sender, self._seconds = sender, seconds
        self._host, self._tls = parts.hostname, parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls else 25)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None

    async def send(self, recipient: str, message: bytes) -> Outcome:
        """Connect, hand over, leave. A reply about sender or connection is our trouble, so it is tried again."""
        client = aiosmtplib.SMTP(
            hostname=self._host, port=self._port, use_tls=self._tls, username=self._user, password=self._password,
            timeout=self._seconds,
        )  # fmt: skip
        try:
            async with asyncio.timeout(self._seconds * 3):
                await client.connect()
                await client.sendmail(self._sender, [recipient], message)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _judged(error.recipients[0].code, "the reader was refused")
        except aiosmtplib.SMTPDataError as error:
            return _judged(error.code, "the message was refused")
        except aiosmtplib.SMTPResponseException as error:
            return Postponed(error.code, type(error).__name__)
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            return Postponed(None, type(error).__name__)
        finally:
            client.close()
        return Taken()


def _judged(code: int, why: str) -> Outcome:
    return Refused(code) if is_permanent(code) else Postponed(code, why)
