"""The lines of a case export, `cadena-case-export/1`: read strictly, so that one file has one meaning. PURE."""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

FORMAT = "cadena-case-export/1"
MAX_LINE = 4_000_000
_SALT = re.compile("[0-9a-f]{64}").fullmatch
_TAG = b"cadena/sealed-field/v1"
_SEALED = re.compile("sha256:[0-9a-f]{64}").fullmatch
_GONE = ("erased", "lost", "withheld")
_HEAD = {"format", "installation", "origin", "case", "made_at", "checkpoint"}


class NotALine(ValueError):
    """A line that is not what the format has there; the message says why."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first line. Nothing in it is trusted but what the checkpoint's signature proves."""

    installation: str
    origin: str
    case: str
    made_at: str
    checkpoint: bytes


@dataclass(frozen=True, slots=True)
class Shown:
    """An event: with its place and inclusion proof, or, where no head covers it yet, with its promise."""

    raw: bytes
    index: int | None
    path: tuple[bytes, ...]
    promise: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed text with its salt; or why it is not there: `erased`, `lost`, `withheld`."""

    event: str
    field: str
    value: str
    salt: bytes
    gone: str


@dataclass(frozen=True, slots=True)
class End:
    """The last line: how many events and sealed values came before."""

    events: int
    sealed: int


Line = Head | Shown | Sealed | End


def read_lines(raw: Iterable[bytes]) -> Iterator[Line | NotALine]:
    """Each line of a file; one that cannot be read comes as the error that says why."""
    for line in raw:
        try:
            if not line.endswith(b"\n") or len(line) > MAX_LINE:
                raise NotALine("it is cut, or longer than any line of an export")
            yield _line(_object(line[:-1]))
        except NotALine as error:
            yield error


def _line(value: dict[str, Any]) -> Line:
    if "format" in value:
        return _head(value)
    if "event" in value:
        return _shown(value)
    if set(value) == {"sealed"} and isinstance(value["sealed"], dict):
        return _sealed(value["sealed"])
    if set(value) == {"end"} and isinstance(value["end"], dict):
        return _end(value["end"])
    raise NotALine("it is none of the four kinds of lines")


def _head(value: dict[str, Any]) -> Head:
    if value["format"] != FORMAT or set(value) - {"demo"} != _HEAD or value.get("demo", True) is not True:
        raise NotALine(f"it is no first line of {FORMAT}")
    texts = {name: _text(value[name], name) for name in _HEAD}
    return Head(texts["installation"], texts["origin"], texts["case"], texts["made_at"], texts["checkpoint"].encode())


def _shown(value: dict[str, Any]) -> Shown:
    raw, index = _text(value["event"], "event").encode(), value.get("index")
    if index is None and set(value) == {"event", "index", "promise"}:
        return Shown(raw, None, (), _text(value["promise"], "promise").encode())
    hashes = value.get("hashes")
    if (
        type(index) is not int
        or index < 0
        or not isinstance(hashes, list)
        or set(value) != {"event", "index", "hashes"}
    ):
        raise NotALine("it has neither an index with hashes nor a promise")
    return Shown(raw, index, tuple(_digest(item) for item in hashes), b"")


def _sealed(value: dict[str, Any]) -> Sealed:
    gone = [word for word in _GONE if word in value]
    if gone and set(value) == {"event", "field", gone[0]} and value[gone[0]] is True:
        return Sealed(_text(value["event"], "event"), _text(value["field"], "field"), "", b"", gone[0])
    if set(value) != {"event", "field", "value", "salt"}:
        raise NotALine("it has neither a value with its salt nor a word for why there is none")
    texts = {name: _text(item, name) for name, item in value.items()}
    if not _SALT(texts["salt"]):
        raise NotALine("its salt is not 64 hexadecimal digits")
    return Sealed(texts["event"], texts["field"], texts["value"], bytes.fromhex(texts["salt"]), "")


def _end(value: dict[str, Any]) -> End:
    events, sealed = value.get("events"), value.get("sealed")
    if set(value) != {"events", "sealed"} or type(events) is not int or type(sealed) is not int:
        raise NotALine("it does not count events and sealed values")
    return End(events, sealed)


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line.decode("utf-8"), object_pairs_hook=_unique)
    except NotALine:
        raise
    except (ValueError, RecursionError) as error:
        raise NotALine("it is not JSON") from error
    if not isinstance(value, dict):
        raise NotALine("it is JSON, but not an object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise NotALine("it names a member twice")
    return value


def _text(value: Any, name: str) -> str:
    try:
        if isinstance(value, str) and value.encode():
            return value
        if value == "" and name == "value":
            return ""
    except UnicodeEncodeError:
        pass
    raise NotALine(f"its {name} is not a text")


def _digest(item: Any) -> bytes:
    try:
        digest = base64.b64decode(_text(item, "hash"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotALine("a hash of its proof is not base64") from error
    if len(digest) != 32 or base64.b64encode(digest).decode() != item:
        raise NotALine("a hash of its proof is not 32 bytes")
    return digest


def digests_under(value: Any, name: str) -> Iterator[str]:
    """The digests under members of this name, however deep."""
    if isinstance(value, dict):
        held = value.get(name)
        if isinstance(held, str) and _SEALED(held):
            yield held
        for item in value.values():
            yield from digests_under(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from digests_under(item, name)


def digest_of(sealed: Sealed) -> str:
    """What an event holds of a text: SHA-256 of tag, field and value, each behind its length, and the salt."""
    hasher = sha256()
    for part in (_TAG, sealed.field.encode(), sealed.value.encode()):
        hasher.update(len(part).to_bytes(8, "big") + part)
    hasher.update(sealed.salt)
    return f"sha256:{hasher.hexdigest()}"
