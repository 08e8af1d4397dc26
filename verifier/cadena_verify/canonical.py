"""RFC 8785 canonical JSON, as far as a ledger uses it: objects, arrays, strings, integers, true, false, null. PURE."""

import json
from json.encoder import encode_basestring
from typing import Any

MAX_INT = 2**53 - 1
_LONGEST_INT = len(str(-MAX_INT))


class NotCanonical(ValueError):
    """Bytes that are not the one canonical form of a JSON object; the message says why."""


def parse(raw: bytes) -> dict[str, Any]:
    """The object that these canonical bytes spell; NotCanonical for any other bytes.

    Every canonical value has one spelling, so it is read and written again, and the bytes must be the same:
    a key twice, white space, another order or another escape all come back different.
    """
    try:
        text = raw.decode("utf-8")
        value = _DECODER.decode(text)
        again = _ENCODER.encode(value) if text.isascii() or max(text) <= "\uffff" else write(value)
    except NotCanonical:
        raise
    except UnicodeDecodeError as error:
        raise NotCanonical("it is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise NotCanonical("it is not JSON") from error
    if type(value) is not dict:
        raise NotCanonical("it is JSON, but not an object")
    if again != text:
        raise NotCanonical("it is JSON, but not in the canonical form of RFC 8785")
    return value


def write(value: Any) -> str:
    """The canonical text of a parsed value: keys in the order of their UTF-16 code units (RFC 8785 section 3.2.3)."""
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        keys = sorted(value, key=_utf16)
        return "{" + ",".join(f"{encode_basestring(key)}:{write(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(write, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INT or abs(number := int(digits)) > MAX_INT:
        raise NotCanonical("a number is beyond 2^53-1")
    return number


def _no_float(digits: str) -> None:
    raise NotCanonical(f"the number {digits[:32]} is not an integer")


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_no_float, parse_constant=_no_float)
# Sorts by code point, which is the order of UTF-16 code units as long as no character lies beyond U+FFFF.
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False)
