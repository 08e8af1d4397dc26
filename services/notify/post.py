"""The outgoing mail of notify: what is composed here waits in `delivery` until the worker hands it over."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify import mail, render
from services.notify.links import LIFETIME, AddressLink, AddressLinks
from services.notify.rules.party import PartyState
from services.notify.tables import DELIVERY
from shared.events import new_id


async def enqueue(
    connection: AsyncConnection, identifier: str, recipient: str, message: bytes, now: datetime, *,
    notice: str | None = None, useless_at: datetime | None = None,
) -> None:  # fmt: skip
    """Let a whole mail wait to be handed over, due at once."""
    await connection.execute(
        insert(DELIVERY).values(
            id=identifier,
            notice=notice,
            recipient=recipient,
            message=message,
            state="due",
            attempts=0,
            due_at=now,
            useless_at=useless_at,
        )
    )


@dataclass(frozen=True, slots=True)
class Post:
    """Where mail comes from, where links lead, and whose key signs them."""

    origin: str
    sender: str
    public_url: str
    links: AddressLinks

    async def ask_to_verify(
        self, connection: AsyncConnection, identifier: str, party: PartyState, address: str, now: datetime, demo: bool
    ) -> None:
        """Queue the mail with the link by which who reads at the address given last confirms it.

        `identifier` is that of the fact that the address was given: by it the worker knows a mail that a later address
        of the same party made useless.
        """
        token = self.links.make(AddressLink(party.id, party.given, new_id()), now)
        link = f"{self.public_url}/v1/parties/{party.id}:verify?token={token}"
        letter = render.verification(self.origin, link, now + LIFETIME, party.language)
        letter = render.as_demo(letter, party.language) if demo else letter
        message = mail.compose(identifier, letter, party.language, self.sender, address, now)
        await enqueue(connection, identifier, address, message, now, useless_at=now + LIFETIME)
