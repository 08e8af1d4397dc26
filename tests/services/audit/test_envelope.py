"""What the writer reads of a message, and what it refuses to take for an event."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.envelope import event_id, founding_keys, marker
from shared.events import MAX_EVENT_BYTES, Event, new_id
from shared.facts.ledger import ForeignMessage
from tests.services.audit.rig import AUDIT, CUSTODY, NOTIFY, TIME, event, founding

ID = new_id()
GOOD = event(event_id=ID)


def changed(**members: Any) -> bytes:
    return orjson.dumps({**orjson.loads(GOOD), **members})


def test_an_event_of_its_topics_source_gives_its_id() -> None:
    assert event_id(GOOD, CUSTODY) == ID
    assert event_id(b"  " + GOOD + b"\n", CUSTODY) == ID  # canonical or not is for those who read the log


@pytest.mark.parametrize(
    "value",
    [
        b"", b"null", b"[]", b"{}", b'"text"', b"\xff", GOOD[:-1], b"\xef\xbb\xbf" + GOOD,
        changed(id=ID.upper()), changed(id="{" + ID + "}"), changed(id=ID.replace("-", "")), changed(id=None),
        changed(id=7), changed(id=ID + "\n"), changed(source=NOTIFY), changed(source=AUDIT), changed(source=[CUSTODY]),
        changed(source=CUSTODY + "x"), changed(specversion="0.3"), changed(data=None), changed(data=[]),
        changed(type=1), changed(time=None), changed(command=7), changed(outcome={}), changed(dataschema=[]),
        changed(data={"pad": "x" * MAX_EVENT_BYTES}), b"[" * 50_000,
    ],
)  # fmt: skip
def test_anything_else_is_foreign(value: bytes) -> None:
    assert event_id(value, CUSTODY) is None


@given(st.binary(max_size=400))
def test_no_bytes_make_it_stumble(value: bytes) -> None:
    assert event_id(value, CUSTODY) is None
    assert founding_keys(value, CUSTODY) is None


def test_custody_cannot_speak_as_notify() -> None:
    assert event_id(event(NOTIFY), CUSTODY) is None
    assert event_id(event(CUSTODY), NOTIFY) is None


def test_the_founding_event_names_its_log() -> None:
    assert founding_keys(founding("log", "cosigner"), CUSTODY) == ("cadena.example/test", "log", "cosigner")
    assert founding_keys(founding("log", "cosigner", source=NOTIFY), CUSTODY) is None
    assert founding_keys(GOOD, CUSTODY) is None


def test_a_marker_is_an_event_that_says_where_the_message_is() -> None:
    made = marker("t.cadena.custody.v1", 7, b"\xff\x00", source=AUDIT, time=TIME)
    read = Event.from_bytes(made.to_bytes())
    fact = read.fact()
    assert isinstance(fact, ForeignMessage)
    assert (fact.topic, fact.offset, fact.length) == ("t.cadena.custody.v1", 7, 2)
    assert read.source == AUDIT
    assert (read.subject, read.sequence) == (None, None)
    assert event_id(made.to_bytes(), AUDIT) == made.id
