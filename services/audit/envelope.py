"""What the writer reads of a message: whether it is an event of its topic's own source, and its id. PURE.

It is blind to everything else; the canonical form, the data and their meaning are checked by those who read the log.
"""

import re
from hashlib import sha256
from typing import NamedTuple

import orjson

from shared.accounts import clock_command
from shared.events import MAX_EVENT_BYTES, Actor, Draft, Event, envelope
from shared.facts.ledger import ForeignMessage
from shared.text import parse_instant

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch
_FOUNDED = "org.cadena.custody.installation.founded.v1"


class Key(NamedTuple):
    """What makes an entry known: the same three again is the same entry again."""

    id: str
    source: str
    """The power: `custody`, `notify` or `audit`."""
    sha256: bytes


def event_id(value: bytes, source: str) -> str | None:
    """The id of the event in a message, if it is an event of `source` with a canonical id; else None."""
    if len(value) > MAX_EVENT_BYTES:
        return None
    try:
        event = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    try:
        found: object = event["id"]
        fits = (
            event["source"] == source
            and event["specversion"] == "1.0"
            and type(found) is str
            and type(event["data"]) is dict
            and type(event["type"]) is type(event["time"]) is type(event["dataschema"]) is str
            and type(event["command"]) is type(event["outcome"]) is str
        )
    except (TypeError, KeyError):  # not an object, or without one of these members
        return None
    return str(found) if fits and _UUID(str(found)) else None


def founding_keys(value: bytes, source: str) -> tuple[str, str, str] | None:
    """Origin, log vkey and cosigner vkey of the event with which a ledger may begin; None if this is not that event."""
    if event_id(value, source) is None:
        return None
    event = orjson.loads(value)
    if event["type"] != _FOUNDED:
        return None
    return tuple(str(event["data"].get(name)) for name in ("origin", "log_vkey", "cosigner_vkey"))  # type: ignore[return-value]


def marker(topic: str, offset: int, value: bytes, *, source: str, time: str) -> Event:
    """The leaf that stands for a message which is no event of its topic's source. `time` is the database's clock."""
    digest = sha256(value).hexdigest()
    fact = ForeignMessage(topic=topic, offset=offset, length=len(value), sha256=digest)
    return envelope(
        Draft(subject="", fact=fact), source=source, sequence=None, time=parse_instant(time),
        actor=Actor(service="audit"), command=clock_command(f"{topic}/{offset}/{digest}", 0), ordinal=0,
    )  # fmt: skip
