import pytest

from services.audit.envelope import event_id
from shared.events import Event, NotAnEvent
from tests.bench.events import WHOLE, Maker
from tests.services.audit.rig import CUSTODY


@pytest.mark.parametrize("size", [350, 351, WHOLE - 1, WHOLE, 1024, 60_000])
def test_events_have_the_size_that_was_asked_for_and_are_taken_by_the_writer(size: int) -> None:
    made = [event for events in Maker(size).chunks(1100, at_once=500) for event in events]
    assert {len(event) for event in made} == {size}
    ids = [event_id(event, CUSTODY) for event in made]
    assert None not in ids
    assert sorted(set(map(str, ids))) == ids
    assert len(ids) == 1100
    assert all(str(one)[14] == "7" and str(one)[19] in "89ab" for one in ids)


@pytest.mark.parametrize("size", [WHOLE, 1024])
def test_larger_ones_are_whole_events(size: int) -> None:
    (raw,) = Maker(size).take(1)
    event = Event.from_bytes(raw)
    assert event.subject == f"offer/{event.id}"


def test_smaller_ones_are_not_and_that_is_said() -> None:
    (raw,) = Maker(WHOLE - 1).take(1)
    with pytest.raises(NotAnEvent):
        Event.from_bytes(raw)


def test_what_cannot_hold_what_the_writer_looks_at_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 350 bytes, not 349"):
        Maker(349)
