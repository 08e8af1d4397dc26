"""The canonical forms of the events met so far, as one regular expression: what it matches needs no parser. PURE.

An event that `canonical.parse` accepted once shows how its data and its actor are spelled: which members, in which
order, with which kinds of value. Whatever differs from it only in values, each in its one canonical spelling, is
canonical too. So a whole bundle is judged by one search in C, and only what no known form matches is parsed.
Every repetition is possessive: no entry can make a search take more than linear time.
"""

import json
import re
from collections.abc import Iterable
from operator import itemgetter
from typing import Any, NamedTuple

from cadena_verify.canonical import write

MAX_FORMS = 64
"""Known forms of data, and of actors; whatever else comes is parsed."""
MAX_PATTERN = 8_000
MAX_DEPTH = 16

STRING = r'"[^"\\\x00-\x1f]*+(?:\\["\\][^"\\\x00-\x1f]*+)*+"'
INTEGER = r"(?:0|-?+[1-9][0-9]{0,14}+)"
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
COMMAND = "[0-9a-f]{64}"


class Row(NamedTuple):
    """What the replay needs of an event. `subject` is `<kind>` and then `uuid` or `name`; sequence and subject may be
    missing: empty."""

    command: str
    id: str
    ordinal: str
    outcome: str
    sequence: str
    source: str
    kind: str
    uuid: str
    name: str
    time: str
    type: str


Columns = tuple[str, ...]
"""A Row as a search gives it."""
_ENVELOPE = (
    '\\n\\0{"actor":(?>%(actor)s),(?:"cause":%(string)s,)?+"command":"(%(command)s)","data":(?>%(data)s),'
    '"datacontenttype":%(string)s,"dataschema":%(string)s,(?:"demo":true,)?+"id":"(%(uuid)s)","occurred_at":%(string)s,'
    '"ordinal":(0|[1-9][0-9]{0,8}+),"outcome":"(accepted|refused)",(?:"sequence":([1-9][0-9]{0,8}+),)?+'
    '"source":"([a-z0-9:-]++)","specversion":"1[.]0",'
    '(?:"subject":"([a-z_]++/)(?:(%(uuid)s)(?=")|([A-Za-z0-9._-]{1,64}+))",)?+'
    '"time":"([0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9][.][0-9]{6}Z)",'
    '"type":"([a-z0-9_.]++)"}(?=\\n)'
)
STRICT = {"string": STRING, "uuid": UUID, "command": COMMAND}
LOOSE = {"string": '"[^"]*+"', "uuid": '[^"]{36}', "command": '[^"]{64}'}
"""A tight loop each, where no backslash stands in the lines. Their ids and commands are then
checked a column at a time, which is again cheaper than one by one."""
_CONTROLS = bytes(range(32))
_DIGITS = b"0123456789abcdef"
_HEX = bytes.maketrans(_DIGITS, b"0" * 16)
_UUID_FORM = b"00000000-0000-0000-0000-000000000000"
_CHECKED = itemgetter(0), itemgetter(1), itemgetter(7)
"""Columns of a row: command, id and the subject's id."""


class Shapes:
    """Learns forms, and finds the rows of the entries that have one of them."""

    def __init__(self) -> None:
        self._actors: dict[str, None] = {}
        self._datas: dict[str, None] = {}
        self._strict: re.Pattern[str] | None = None
        self._loose: re.Pattern[str] | None = None

    def learn(self, events: Iterable[dict[str, Any]]) -> bool:
        """Remember the forms of events whose bytes are canonical; False if none is new."""
        new = False
        for event in events:
            for forms, value in ((self._actors, event.get("actor")), (self._datas, event.get("data"))):
                form = form_of(value) if type(value) is dict else None
                if form is not None and form not in forms and len(forms) < MAX_FORMS:
                    forms[form] = None
                    new = True
        if new and self._actors and self._datas:
            self._strict, self._loose = self._compiled(STRICT), self._compiled(LOOSE)
        return new

    def _compiled(self, values: dict[str, str]) -> re.Pattern[str]:
        actor, data = "|".join(self._actors) % values, "|".join(self._datas) % values
        return re.compile(_ENVELOPE % (values | {"actor": actor, "data": data}))

    def rows(self, lines: bytearray, starts: list[int]) -> list[Columns | None]:
        r"""The row of each entry that has a known form, None for each that may have none: that is to be parsed.

        `lines` has `\n\0` before each entry, at `starts`, and `\n` at the end.
        """
        count = len(starts)
        none: list[Columns | None] = [None] * count
        if self._strict is None or self._loose is None:
            return none
        # No other control character: then whatever matches begins with an entry, and as many as there are end with one.
        if len(lines.translate(None, _CONTROLS)) != len(lines) - 2 * count - 1 or not _is_utf8(lines):
            return none
        text = lines.decode("latin-1")  # a character a byte, whatever they spell
        if b"\\" not in lines:
            found: list[Columns | None] = self._loose.findall(text)
            if len(found) == count and _are_ids(found):
                return found
        matches = {match.start(): match.groups("") for match in self._strict.finditer(text)}
        return [matches.get(start) for start in starts]


def _is_utf8(lines: bytearray) -> bool:
    if lines.isascii():  # as most are: quicker told
        return True
    try:
        lines.decode()
    except UnicodeDecodeError:
        return False
    return True


def _are_ids(rows: list[Any]) -> bool:
    """Whether the columns of commands, ids and subjects hold what the strict pattern would have demanded of each."""
    commands, ids, subjects = (list(map(column, rows)) for column in _CHECKED)
    ids += filter(None, subjects)
    return not "".join(commands).encode().translate(None, _DIGITS) and (
        "".join(ids).encode().translate(_HEX) == _UUID_FORM * len(ids)
    )


def form_of(value: Any, depth: int = 0) -> str | None:
    """The pattern of a parsed canonical value and of its like; None if it is too deep or too long to be worth it."""
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, str):
        return "%(string)s"
    if isinstance(value, bool):
        return "(?:true|false)"
    if value is None:
        return "null"
    if isinstance(value, int):
        return INTEGER
    parts = _members(value, depth) if isinstance(value, dict) else _items(value, depth)
    if parts is None:
        return None
    whole = rf"\{{{parts}\}}" if isinstance(value, dict) else rf"\[{parts}\]"
    return whole if len(whole) <= MAX_PATTERN else None


def _members(value: dict[str, Any], depth: int) -> str | None:
    """Members in the order in which the canonical text has them."""
    ordered = json.loads(write(dict.fromkeys(value, 0)))
    parts: list[str] = []
    for name in ordered:
        form = form_of(value[name], depth + 1)
        if form is None:
            return None
        spelled = re.escape(write(name).encode().decode("latin-1")).replace("%", "%%")
        parts.append(f"{spelled}:{form}")
    return ",".join(parts)


def _items(value: list[Any], depth: int) -> str | None:
    """Items of one form stand for any number of them."""
    forms = [form_of(item, depth + 1) for item in value]
    parts = [form for form in forms if form is not None]
    if len(parts) < len(forms):
        return None
    if parts and len(set(parts)) == 1:
        return f"{parts[0]}(?:,{parts[0]})*+"
    return ",".join(parts)
