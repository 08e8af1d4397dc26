"""The one byte form of JSON: RFC 8785, and a loader that refuses what has no single meaning.

Integers lie within ±(2^53 - 1); there are no floats and no nulls in an event's bytes. PURE.
"""

import json
from typing import Any, NoReturn

import orjson
import rfc8785

MAX_INTEGER = 2**53 - 1


class NotCanonical(ValueError):
    """The bytes are not JSON that every reader understands alike; the message says why and repeats nothing of them."""


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of `value`. Raises NotCanonical on floats, big integers or lone surrogates."""
    try:
        if _is_plain(value):
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, RecursionError):
        pass  # the reason is found, and told, below
    _refuse_floats(value)
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise NotCanonical(str(error)) from error


def strict_loads(raw: bytes | str) -> Any:
    """Parse JSON, refusing duplicate keys, floats, NaN, integers over 2^53 - 1 and text that is not UTF-8.

    Raises NotCanonical with the reason; never anything else, however deep or large the input.
    """
    try:
        text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
        value = json.loads(
            text,
            object_pairs_hook=_unique_members,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
            parse_int=_bounded_integer,
        )
        if "\\u" in text or isinstance(raw, str):  # decoded UTF-8 holds none, but for escapes
            _refuse_surrogates(value)
    except UnicodeDecodeError as error:
        raise NotCanonical("the text is not UTF-8") from error
    except RecursionError as error:
        raise NotCanonical("the document is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise NotCanonical(f"not JSON: {error.msg} at position {error.pos}") from error
    return value


def is_canonical(raw: bytes) -> bool:
    """True if the bytes are JSON in exactly the RFC 8785 form."""
    try:
        return canonical(strict_loads(raw)) == raw
    except NotCanonical:
        return False


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotCanonical("a member stands twice in one object")
    return members


def _refuse_number(_number: str) -> NoReturn:
    raise NotCanonical("a number is not an integer; amounts are whole numbers of a stated unit")


def _bounded_integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > MAX_INTEGER:
        raise NotCanonical("an integer is beyond 2^53 - 1")
    return int(digits)


def _is_plain(value: Any) -> bool:
    """Whether orjson's sorted form is the RFC's: for names in ASCII, which sort alike in UTF-8 and in UTF-16, and for
    strings, booleans, null and bounded integers of these very types. Written out: this is the hot line of recording.
    """
    kind = type(value)
    if kind is dict:
        try:
            if not "".join(value).isascii():
                return False
        except TypeError:  # a name that is no text
            return False
        return all(map(_is_plain, [member for member in value.values() if type(member) is not str]))
    if kind is int:
        return bool(-MAX_INTEGER <= value <= MAX_INTEGER)
    if kind is list or kind is tuple:
        return all(map(_is_plain, value))
    return kind is str or kind is bool or value is None


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise NotCanonical("floats have no place in an event")
    if isinstance(value, dict):
        for member in value.values():
            _refuse_floats(member)
    elif isinstance(value, list | tuple):
        for member in value:
            _refuse_floats(member)


def _refuse_surrogates(value: Any) -> None:
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise NotCanonical("the text holds a lone surrogate") from error
    elif isinstance(value, dict):
        for name, member in value.items():
            _refuse_surrogates(name)
            _refuse_surrogates(member)
    elif isinstance(value, list):
        for member in value:
            _refuse_surrogates(member)
