"""Which messages become leaves: pure tables, and one property over any order of messages."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from services.audit.envelope import Key
from services.audit.intake import Foreign, Fresh, Taken, fresh, sort
from shared.events import new_id
from tests.services.audit.rig import AUDIT, CUSTODY, NOTIFY, TIME, event

SOURCES = {"custody": CUSTODY, "notify": NOTIFY}
ID = new_id()
ONE, OTHER = event(event_id=ID), event(event_id=ID, pad=1)


def take(
    messages: list[tuple[str, int, bytes]], known: tuple[Key, ...] = (), foreign: tuple[Foreign, ...] = ()
) -> Fresh:
    items = sort((Taken(*message) for message in messages), SOURCES)
    return fresh(items, known, foreign, source=AUDIT, time=TIME)


def key(value: bytes, source: str = "custody", event_id: str = ID) -> Key:
    return Key(event_id, source, sha256(value).digest())


def test_new_events_become_leaves_in_order_with_their_exact_bytes() -> None:
    values = [event() for _ in range(5)]
    found = take([("custody", at, value) for at, value in enumerate(values)])
    assert found.entries == values
    assert [key.sha256 for key in found.keys] == [sha256(value).digest() for value in values]


def test_g1_the_same_event_again_is_dropped_and_counted() -> None:
    assert take([("custody", 0, ONE), ("custody", 1, ONE)]).duplicates == 1
    found = take([("custody", 9, ONE)], known=(key(ONE),))
    assert (found.entries, found.duplicates) == ([], 1)


def test_other_bytes_under_a_known_id_are_appended_once_as_a_conflict() -> None:
    found = take([("custody", 0, OTHER), ("custody", 1, OTHER)], known=(key(ONE),))
    assert (found.entries, found.conflicts, found.duplicates) == ([OTHER], [key(OTHER)], 1)
    again = take([("custody", 2, OTHER), ("custody", 3, ONE)], known=(key(ONE), key(OTHER)))
    assert (again.entries, again.conflicts, again.duplicates) == ([], [], 2)


def test_one_id_of_two_sources_is_two_events() -> None:
    theirs = event(NOTIFY, event_id=ID)
    found = take([("custody", 0, ONE), ("notify", 0, theirs)])
    assert (found.entries, found.conflicts) == ([ONE, theirs], [])


def test_a_foreign_message_is_kept_and_leaves_a_marker_in_its_place() -> None:
    after = event()
    found = take([("custody", 3, b"noise"), ("custody", 4, after)])
    (which, at, kept), marker_key = found.foreign[0], found.keys[0]
    assert (which, at, kept) == (Foreign("custody", 3, sha256(b"noise").digest()), 0, b"noise")
    assert marker_key.source == "audit"
    assert marker_key.sha256 == sha256(found.entries[0]).digest()
    assert found.entries[1] == after


def test_a_foreign_message_leaves_one_marker_for_each_place() -> None:
    once = Foreign("custody", 3, sha256(b"noise").digest())
    found = take([("custody", 3, b"noise"), ("custody", 3, b"noise"), ("custody", 5, b"noise")], foreign=(once,))
    assert [which.offset for which, _, _ in found.foreign] == [5]
    assert found.duplicates == 2


VALUES = [event(event_id=new_id()) for _ in range(3)] + [ONE, OTHER, b"noise", b"", event(NOTIFY)]


@given(st.lists(st.sampled_from(VALUES), max_size=30), st.integers(0, 30))
def test_g1_however_messages_are_cut_and_repeated_each_is_one_leaf(values: list[bytes], cut: int) -> None:
    messages = [("custody", at, value) for at, value in enumerate(values)]
    whole = take(messages)
    head = take(messages[:cut])
    known = tuple(head.keys)
    tail = take(messages, known=known, foreign=tuple(which for which, _, _ in head.foreign))
    digests = [key.sha256 for key in (*head.keys, *tail.keys) if key.source != "audit"]
    assert digests == [key.sha256 for key in whole.keys if key.source != "audit"]
    assert len(digests) == len(set(digests))
    assert len(head.foreign) + len(tail.foreign) == len(whole.foreign) == sum(v not in VALUES[:5] for v in values)
