"""YAML text → a pack or a calendar, or everything that is wrong with it, each with its line. PURE.

The shapes are the dataclasses of `rules.py` and `calendars.py`: what they do not name is refused here, not ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from services.custody.policy.calendars import Calendar
from services.custody.policy.nodes import Defect, Leaf, Listing, Mapping, Node, Path, compose, dotted
from services.custody.policy.rules import Pack
from services.custody.policy.shapes import misshapen

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Lines:
    """Where in its file a part of a pack stands."""

    root: Node | None

    def of(self, *path: str | int) -> int:
        """The line of a member's name or of a list's item; of what holds it, if the file does not have it."""
        node, line = self.root, 1
        for part in path:
            match node, part:
                case Mapping(members=members), str(name) if name in members:
                    line, node = members[name].line, members[name].value
                case Listing(items=items), int(place) if place < len(items):
                    node = items[place]
                    line = node.line
                case _:
                    return line
        return line


@dataclass(frozen=True, slots=True)
class Read(Generic[Value]):
    """What a file says. `value` is None if there are defects."""

    value: Value | None
    defects: tuple[Defect, ...]
    lines: Lines


def read_pack(text: str) -> Read[Pack]:
    """The pack of a YAML text."""
    return _read(text, Pack, _PACK.validate_python)


def read_calendar(text: str) -> Read[Calendar]:
    """The calendar of a YAML text."""
    return _read(text, Calendar, _CALENDAR.validate_python)


_PACK: TypeAdapter[Pack] = TypeAdapter(Pack)
_CALENDAR: TypeAdapter[Calendar] = TypeAdapter(Calendar)


def _read(text: str, shape: type[Any], build: Callable[[Any], Value]) -> Read[Value]:
    root, defects = compose(text)
    lines = Lines(root)
    if root is None:
        return Read(None, defects, lines)
    found = (*defects, *misshapen(root, shape))
    if found:
        return Read(None, tuple(sorted(found, key=_place)), lines)
    try:
        return Read(build(_plain(root)), (), lines)
    except ValidationError as error:
        told = (_told(one["loc"], one["msg"], lines) for one in error.errors(include_url=False))
        return Read(None, tuple(sorted(told, key=_place)), lines)


def _place(defect: Defect) -> int:
    return defect.line


def _told(loc: Path, message: str, lines: Lines) -> Defect:
    return Defect(lines.of(*loc), dotted(loc), message.removeprefix("Value error, "))


def _plain(node: Node) -> Any:
    match node:
        case Mapping(members=members):
            return {name: _plain(member.value) for name, member in members.items()}
        case Listing(items=items):
            return [_plain(item) for item in items]
        case _:
            return node.value if isinstance(node, Leaf) else None


__all__ = ["Defect", "Lines", "Read", "read_calendar", "read_pack"]
