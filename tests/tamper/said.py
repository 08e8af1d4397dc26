"""What a writer says when it is started on a ledger."""

from collections.abc import Awaitable, Callable

from services.audit.errors import WriterStops

ANOTHER_KAFKA = "a new generation: the last message taken is not where it was"


async def said_by_writer(take_up: Callable[[], Awaitable[bool]]) -> str:
    """The sentence by which it stops, or that it reads Kafka anew; empty if it goes on as if nothing were."""
    try:
        return ANOTHER_KAFKA if await take_up() else ""
    except WriterStops as error:
        return str(error)
