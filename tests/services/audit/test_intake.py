"""Which messages become leaves: pure tables, and one property over any order of messages."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from services.audit.envelope import Key
from services.audit.intake import Foreign, Fresh, Known, Sorted, Taken, fresh, last_of, sort
from shared.events import new_id
from tests.services.audit.rig import AUDIT, CUSTODY, NOTIFY, TIME, event

SOURCES = {"custody": CUSTODY, "notify": NOTIFY}
ID = new_id()
ONE, OTHER = event(event_id=ID), event(event_id=ID, pad=1)


def parts(messages: list[tuple[str, int, bytes]], at_once: int = 1000) -> list[Sorted]:
    """Messages in columns, as the pipeline hands them over: runs of one topic, at most `at_once` long."""
    runs: list[Taken] = []
    for topic, offset, value in messages:
        if not runs or runs[-1].topic != topic or len(runs[-1].offsets) == at_once:
            runs.append(Taken(topic, [], []))
        runs[-1].offsets.append(offset)
        runs[-1].values.append(value)
    return [sort(run, SOURCES[run.topic]) for run in runs]


def take(
    messages: list[tuple[str, int, bytes]], known: tuple[Key, ...] = (), foreign: tuple[Foreign, ...] = (),
    at_once: int = 1000,
) -> Fresh:  # fmt: skip
    return fresh(parts(messages, at_once), Known(known, foreign), source=AUDIT, time=TIME)


def keys(found: Fresh) -> list[Key]:
    return list(map(Key, found.ids, found.sources, found.digests))


def key(value: bytes, source: str = "custody", event_id: str = ID) -> Key:
    return Key(event_id, source, sha256(value).digest())


def test_new_events_become_leaves_in_order_with_their_exact_bytes() -> None:
    values = [event() for _ in range(5)]
    found = take([("custody", at, value) for at, value in enumerate(values)])
    assert found.entries == values
    assert found.digests == [sha256(value).digest() for value in values]


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
    (which, at, kept), marker_key = found.foreign[0], keys(found)[0]
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
    known = tuple(keys(head))
    tail = take(messages, known=known, foreign=tuple(which for which, _, _ in head.foreign))
    digests = [key.sha256 for key in (*keys(head), *keys(tail)) if key.source != "audit"]
    assert digests == [key.sha256 for key in keys(whole) if key.source != "audit"]
    assert len(digests) == len(set(digests))
    assert len(head.foreign) + len(tail.foreign) == len(whole.foreign) == sum(v not in VALUES[:5] for v in values)


@given(
    st.lists(st.sampled_from(VALUES), max_size=30), st.integers(1, 8), st.sets(st.sampled_from([key(ONE), key(OTHER)]))
)
def test_g1_what_is_learnt_at_once_is_what_is_learnt_one_by_one(
    values: list[bytes], at_once: int, known: set[Key]
) -> None:
    messages = [(("custody", "notify")[offset % 5 == 4], offset, value) for offset, value in enumerate(values)]
    single, whole = take(messages, tuple(known), at_once=1), take(messages, tuple(known), at_once=at_once)
    assert comparable(whole) == comparable(single)


def comparable(found: Fresh) -> object:
    """All of it but what a marker makes anew each time: its id, and so its bytes."""
    marks = {at for _, at, _ in found.foreign}
    own = [
        (key, entry) for at, (key, entry) in enumerate(zip(keys(found), found.entries, strict=True)) if at not in marks
    ]
    return own, found.foreign, found.duplicates, found.conflicts


def test_the_last_message_of_each_topic_is_the_place() -> None:
    messages = [("custody", 3, ONE), ("custody", 4, OTHER), ("notify", 9, b"noise"), ("custody", 8, b"")]
    assert last_of(parts(messages, 1)) == {
        "custody": (8, sha256(b"").digest()), "notify": (9, sha256(b"noise").digest())
    }  # fmt: skip
