"""The edge types: one way to write a text, a code, an id and an instant, in requests and in events alike. PURE."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, StringConstraints, WithJsonSchema

# Cc control, Cf format (zero-width and bidirectional overrides among them), Cs surrogates, Co private, Cn unassigned,
# Zl and Zp line and paragraph separators.
_FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties) outside Cf and Cn: joiners, fillers, variation
# selectors; and the empty braille pattern, a blank that is no white space.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_ALLOWED_CONTROLS = {"\n"}
MAX_TEXT, MAX_NAME = 2000, 200
_DIGITS = re.compile("[0-9]{1,19}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII)


def clean_text(value: str) -> str:
    """NFC without control, bidirectional-override, invisible or surrogate characters; else ValueError.

    Two texts that look alike must be alike: NFD input is composed, anything invisible is refused.
    """
    if value.isascii() and value.isprintable() and value == value.strip() != "":
        return value  # nothing of ASCII that can be printed is forbidden, or composed with another
    if (hidden := unseen(value)) is not None:
        raise ValueError(hidden)
    composed = unicodedata.normalize("NFC", value)
    if composed != composed.strip() or not composed:
        raise ValueError("a text neither is empty nor begins or ends with white space")
    return composed


def unseen(value: str) -> str | None:
    """What is wrong with the first character that nobody sees; None where there is none. A line break is seen."""
    for character in value:
        forbidden = unicodedata.category(character) in _FORBIDDEN or _INVISIBLE.match(character)
        if forbidden and character not in _ALLOWED_CONTROLS:
            return f"the character U+{ord(character):04X} cannot be seen and may not stand in a text"
    return None


def clean_line(value: str) -> str:
    """A clean text in one line; ValueError for a line break."""
    if "\n" in value:
        raise ValueError("a name stands in one line")
    return clean_text(value)


def at_most(length: int) -> Callable[[str], str]:
    """A check of a clean text's length: composed, a text may be longer than what was sent, or shorter."""

    def check(value: str) -> str:
        if len(value) > length:
            raise ValueError(f"it has more than {length} characters")
        return value

    return check


def whole_number(value: object) -> object:
    """A query's number, before it is read: ASCII digits and nothing else (no sign, space, point or underscore)."""
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        raise ValueError("a whole number is written in plain digits, such as 50")
    return value


def canonical_uuid(value: object) -> str:
    """The one spelling of a UUID: 36 characters, lower case, four dashes (RFC 9562); upper case is taken and lowered.

    Braces, `urn:uuid:` and dashless forms are refused, since one id in several spellings is two keys to a database.
    """
    text = str(value).lower() if isinstance(value, str | UUID) else ""
    if not _UUID.fullmatch(text):
        raise ValueError(
            "a UUID is written as 8-4-4-4-12 hexadecimal digits, such as 0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b"
        )
    return text


def parse_instant(value: object) -> datetime:
    """An RFC 3339 date-time with an offset, to the microsecond, as an aware UTC datetime; else ValueError."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("an instant needs an offset from UTC")
        return value.astimezone(UTC)
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("an instant is written as 2026-01-31T09:30:00Z, or with an offset such as -06:00")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the instant lies outside the years 1 to 9999") from error
    except ValueError as error:
        raise ValueError("there is no such day, time of day or offset") from error


def write_instant(value: datetime) -> str:
    """The one spelling of an instant in an event: UTC, always six decimals, `Z`."""
    return _spelling(value if value.tzinfo is UTC else value.astimezone(UTC))


@lru_cache(maxsize=4096)
def _spelling(value: datetime) -> str:
    """`write_instant` of what is in UTC; a time of recording is written many times."""
    return value.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


Text = Annotated[
    str,
    AfterValidator(clean_text),
    AfterValidator(at_most(MAX_TEXT)),
    WithJsonSchema({"type": "string", "maxLength": MAX_TEXT}),
]
Name = Annotated[
    str,
    AfterValidator(clean_line),
    AfterValidator(at_most(MAX_NAME)),
    WithJsonSchema({"type": "string", "maxLength": MAX_NAME}),
]
PLAIN_DIGITS = BeforeValidator(whole_number)
"""For an integer of a query, which comes as text. It stands behind the bounds, or the document would not say them."""
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:#-]{0,63}$")]
"""A label, seal number or folio: plain in the ledger, so it holds no spaces and no free text."""

Uuid = Annotated[
    str,
    BeforeValidator(canonical_uuid),
    WithJsonSchema(
        {"type": "string", "format": "uuid", "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"}
    ),
]
Instant = Annotated[
    datetime,
    BeforeValidator(parse_instant),
    PlainSerializer(write_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
SealedDigest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
"""What an event says of a sealed text: the digest that shared.sealed.seal makes."""
