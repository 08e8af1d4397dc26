"""One entry alone: is it a canonical event, and which row of the replay is it? PURE."""

import re
from hashlib import sha256
from typing import Any

from cadena_verify.canonical import NotCanonical, parse
from cadena_verify.shapes import COMMAND, UUID, Row

_UUID = re.compile(UUID).fullmatch
_INSTANT = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]{6}Z").fullmatch
_COMMAND = re.compile(COMMAND).fullmatch
_SUBJECT = re.compile(f"([a-z_]+/)(?:({UUID})|([A-Za-z0-9._-]{{1,64}}))").fullmatch


class NotAnEntry(ValueError):
    """An entry that no replay can count; `code` is the defect's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_event(raw: bytes) -> dict[str, Any]:
    """The event that these bytes spell; NotAnEntry if they are not canonical, or not an event."""
    try:
        event = parse(raw)
    except NotCanonical as error:
        raise NotAnEntry("entry-not-canonical", str(error)) from error
    if trouble := _not_an_event(event):
        raise NotAnEntry("entry-not-event", trouble)
    return event


def row_of(event: dict[str, Any]) -> Row:
    """The row of an event: the same as a search for its form would find.

    Commands and subjects that are written in no form that Cadena uses stand in it as digests of themselves.
    """
    command, subject, sequence = event["command"], event.get("subject"), event.get("sequence")
    if not _COMMAND(command):
        command = sha256(b"command " + command.encode()).hexdigest()
    kind = uuid = name = ""
    if type(subject) is str:
        known = _SUBJECT(subject)
        kind, uuid, name = known.groups("") if known else ("", "", subject)
    counted = str(sequence) if type(sequence) is int and sequence > 0 else ""
    return Row(
        command, event["id"], str(event["ordinal"]), event["outcome"], counted, event["source"], kind, uuid, name,
        event["time"], event["type"],
    )  # fmt: skip


def _not_an_event(event: dict[str, Any]) -> str | None:
    """Which member an event of ours would have, and this object has not; None if it is one."""
    get = event.get
    if type(get("source")) is str and type(get("type")) is str and type(get("command")) is str:
        if type(get("id")) is not str or not _UUID(event["id"]):
            return "its id is not a canonical UUID"
        if type(get("time")) is not str or not _INSTANT(event["time"]):
            return "its time is not an instant in microseconds UTC"
        if get("specversion") != "1.0":
            return "it is not a CloudEvent of version 1.0"
        if get("outcome") not in ("accepted", "refused"):
            return "its outcome is neither accepted nor refused"
        if type(get("ordinal")) is not int or type(get("data")) is not dict:
            return "its ordinal is not an integer, or its data no object"
        return None
    return "its source, type or command is not a text"
