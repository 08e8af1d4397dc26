"""12: the longest entry, the empty message, JSON in another form, a key twice: each has its leaf, and none is passed over."""

from collections.abc import Callable
from hashlib import sha256

import orjson
import pytest

from services.audit import store
from services.audit.headfile import HeadFile
from services.audit.intake import Sorted, Taken
from services.audit.sign import Sealer
from shared.canonical import NotCanonical, strict_loads
from shared.events import MAX_EVENT_BYTES, Event, NotAnEvent
from shared.tiles import MAX_ENTRY_BYTES, FramingError, frame, unframe
from tests.services.audit.rig import Rig, event
from tests.services.audit.test_append import appending
from tests.tamper.ledger import Ledger, opened, places


def long(size: int) -> bytes:
    """An event of exactly so many bytes."""
    made = event(pad=size - len(event()))
    assert len(made) == size
    return made


def spaced(made: Event) -> bytes:
    """The same JSON in another form: a reader of JSON sees no difference."""
    return made.to_bytes().replace(b",", b", ", 1)


def doubled(made: Event) -> bytes:
    """An id twice: which of the two counts depends on who reads."""
    return b'{"id":"00000000-0000-7000-8000-000000000000",' + made.to_bytes()[1:]


MESSAGES = {
    "as long as an event may be": long(MAX_EVENT_BYTES), "empty": b"", "one byte too long": long(MAX_EVENT_BYTES + 1),
    "as long as an entry may be": long(MAX_ENTRY_BYTES), "longer than any entry": long(MAX_ENTRY_BYTES + 1),
    "no UTF-8": b"\xff\xfe\x00", "no JSON": b"{", "JSON without members": b"{}", "null": b"null", "deep": b"[" * 60_000,
    "a number beyond all": b'{"id":1e999}',
}  # fmt: skip
LEAVES_OF_THEIR_OWN = {"as long as an event may be"}


async def test_invariant_12_whatever_comes_has_a_leaf_in_its_place_and_the_foreign_is_marked(rig: Rig) -> None:
    await rig.seal(rig.founding, *MESSAGES.values(), size=1 + len(MESSAGES))
    _, *entries = await rig.demand_whole()
    async with rig.database() as connection:
        kept = {row["idx"]: row["bytes"] for row in await connection.fetch('SELECT idx, bytes FROM "foreign"')}
    for index, (name, value) in enumerate(MESSAGES.items(), 1):
        entry = entries[index - 1]
        if name in LEAVES_OF_THEIR_OWN:
            assert entry == value
            continue
        marker = orjson.loads(entry)
        assert marker["type"] == "org.cadena.audit.foreign.v1", name
        assert marker["data"] == {
            "topic": rig.kafka.custody_topic, "offset": index, "length": len(value), "sha256": sha256(value).hexdigest(),
        }, name  # fmt: skip
        assert kept.pop(index) == value, name
    assert not kept


@pytest.mark.parametrize("form", [spaced, doubled])
async def test_invariant_12_an_event_in_another_form_is_a_leaf_that_the_verifier_names(
    ledger: Ledger, form: Callable[[Event], bytes]
) -> None:
    strange = form(opened(1))
    with pytest.raises(NotAnEvent):
        Event.from_bytes(strange)  # so no service acts on it
    await ledger.found()
    await ledger.rig.seal(opened(2).to_bytes(), strange, opened(3).to_bytes(), size=4)
    assert (await ledger.rig.entries())[2] == strange, "audit refuses nothing and changes nothing"
    assert places(await ledger.verified()) == {("entry-not-canonical", 2, 3, None)}


def test_invariant_12_an_edge_reads_no_json_with_a_key_twice() -> None:
    strict_loads(spaced(opened(1)))
    with pytest.raises(NotCanonical):
        strict_loads(doubled(opened(1)))


async def test_invariant_12_an_entry_of_65535_bytes_is_appended_signed_and_served(rig: Rig) -> None:
    """No event is that long, and the ledger's own limit is not what stops it."""
    longest = long(MAX_ENTRY_BYTES)
    await rig.seal(rig.founding, size=1)
    taken = Taken(rig.kafka.custody_topic, await rig.send(longest), [longest])
    as_event = Sorted(taken, "custody", [sha256(longest).digest()], [orjson.loads(longest)["id"]])
    async with appending(rig) as appender:
        await appender.append([as_event], 1)
        edge = await store.tile_edge(appender._fence.connection, 1)
        kept = HeadFile(rig.folder / "state", rig.keys.log.key)
        sealer = Sealer(appender._fence, rig.keys, kept, edge, message_bytes=900_000)
        for sealed in await sealer.seal([longest]):
            sealer.keep(sealed.head)
    await rig.seal(last := event(), size=3)
    assert await rig.demand_whole() == [rig.founding, longest, last]


def test_invariant_12_one_byte_more_than_65535_has_no_frame() -> None:
    longest = long(MAX_ENTRY_BYTES)
    assert unframe(frame([longest, b""])) == [longest, b""]
    with pytest.raises(FramingError):
        frame([longest + b" "])


def test_invariant_12_custody_records_no_event_beyond_60000_bytes() -> None:
    """So that every recorded fact is one that audit takes for an event."""
    room = MAX_EVENT_BYTES - len(of_folio(0).to_bytes())
    assert len(of_folio(room).to_bytes()) == MAX_EVENT_BYTES
    with pytest.raises(NotAnEvent, match="60000 bytes"):
        of_folio(room + 1).to_bytes()


def of_folio(length: int) -> Event:
    made = opened(1)
    return made.model_copy(update={"data": made.data | {"folio": "x" * length}})
