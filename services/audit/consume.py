"""Stage nought: where to read on in Kafka, and whether it is still the Kafka that was read before."""

from dataclasses import dataclass
from hashlib import sha256

from services.audit import store
from services.audit.append import Appender
from services.audit.store import Connection, Consumed
from shared.kafka import Reader


@dataclass(slots=True)
class Place:
    """How far a session has read: `origins` is where each topic began, `next` topic → offset of the next message."""

    generation: int
    origins: dict[str, int]
    next: dict[str, int]


async def find_place(connection: Connection, reader: Reader, appender: Appender) -> Place:
    """Check that the last message taken from each topic is where it was; if not, raise the generation and begin anew.

    To be called at start and after each reconnect, before anything is read.
    """
    generation = await store.generation(connection)
    origins = await reader.beginning_offsets()
    consumed = {
        topic: last for topic, last in (await store.consumed(connection, generation)).items() if topic in origins
    }
    for topic, last in consumed.items():
        reason = await missed(reader, topic, last)
        if reason:
            generation, consumed = await appender.raise_generation(reason), {}
            break
    return Place(generation, origins, origins | {topic: last.offset + 1 for topic, last in consumed.items()})


async def missed(reader: Reader, topic: str, last: Consumed) -> str | None:
    """Why the last message taken from a topic is not where it was; None if it is there."""
    record = await reader.record_at(topic, last.offset)
    if record is None:
        return f"the last message taken from {topic}, at offset {last.offset}, is not there any more"
    if sha256(record.value or b"").digest() != last.sha256:
        return f"at offset {last.offset} of {topic} stands another message than the one that was taken from there"
    return None
