"""YAML text → plain values that know their lines; what a reader could take for something else is a defect. PURE.

YAML 1.1 reads `on` as true, `012` as ten and `1:30` as ninety. Nothing of that is guessed here: it is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import yaml

from shared.text import unseen

MAX_BYTES = 512 * 1024
MAX_DEPTH = 24
MAX_SCALARS = 50_000
PREFIX = "tag:yaml.org,2002:"
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Defect:
    """What is wrong in a file: the line (from 1), the place as `retention.0.source`, and what to do about it."""

    line: int
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """A text, a whole number, true or false, a day, or nothing."""

    line: int
    value: str | int | bool | date | None


@dataclass(frozen=True, slots=True)
class Listing:
    """Values in their order."""

    line: int
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A name of a mapping, and the line where it stands."""

    line: int
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """Values by name."""

    line: int
    members: dict[str, Member]


@dataclass(frozen=True, slots=True)
class Broken:
    """What could not be read, and was told as a defect."""

    line: int


Node = Leaf | Listing | Mapping | Broken


def dotted(path: Path) -> str:
    """A place in a file as people write it."""
    return ".".join(str(part) for part in path)


def compose(text: str) -> tuple[Node | None, tuple[Defect, ...]]:
    """The one document of a text, and what is wrong in it; None if it is no YAML at all."""
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        return None, (Defect(1, "", f"the file is larger than {MAX_BYTES} bytes"),)
    try:
        if refused := tuple(_refused(text)):
            return None, refused
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        return None, (_unreadable(error),)
    except (ValueError, OverflowError) as error:
        return None, (Defect(1, "", f"this is no YAML: {error}"),)
    if root is None:
        return None, (Defect(1, "", "the file is empty"),)
    defects: list[Defect] = []
    return _node(root, (), defects), tuple(defects)


def _refused(text: str) -> Iterator[Defect]:
    """What is refused before a tree is built: what nobody sees, aliases, depth, more documents than one."""
    for number, written in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if (hidden := unseen(written)) is not None:
            yield Defect(number, "", hidden)
            return
    depth = documents = scalars = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if isinstance(event, yaml.ScalarEvent):
            scalars += 1
            if (hidden := unseen(event.value)) is not None:
                yield Defect(line, "", hidden)
        if isinstance(event, yaml.AliasEvent):
            yield Defect(line, "", f"*{event.anchor} stands for another place of the file; write it out")
        if depth > MAX_DEPTH:
            yield Defect(line, "", f"nested more than {MAX_DEPTH} deep")
            return
        if documents > 1 or scalars > MAX_SCALARS:
            yield Defect(line, "", "a second document begins here; a file holds one" if documents > 1 else "too long")
            return


def _unreadable(error: yaml.YAMLError) -> Defect:
    marks = (getattr(error, "problem_mark", None), getattr(error, "context_mark", None))
    mark = next((mark for mark in marks if mark is not None), None)
    said = ": ".join(part for part in (getattr(error, "context", None), getattr(error, "problem", None)) if part)
    return Defect(mark.line + 1 if mark is not None else 1, "", f"this is no YAML: {said or error}")


def _node(node: yaml.Node, path: Path, defects: list[Defect]) -> Node:
    line = node.start_mark.line + 1
    match node:
        case yaml.MappingNode(tag="tag:yaml.org,2002:map"):
            return _mapping(node, path, defects)
        case yaml.SequenceNode(tag="tag:yaml.org,2002:seq"):
            return Listing(line, tuple(_node(one, (*path, n), defects) for n, one in enumerate(node.value)))
        case yaml.ScalarNode():
            return _leaf(node, path, defects)
        case _:
            defects.append(Defect(line, dotted(path), f"the tag {node.tag} is not allowed; leave it out"))
            return Broken(line)


def _mapping(node: yaml.MappingNode, path: Path, defects: list[Defect]) -> Mapping:
    members: dict[str, Member] = {}
    for name, value in node.value:
        line = name.start_mark.line + 1
        key = _name(name)
        if key is None:
            defects.append(
                Defect(line, dotted(path), f"{_shown(name)} is no name; a name that YAML bends needs quotes")
            )
        elif key in members:
            defects.append(
                Defect(line, dotted((*path, key)), f"`{key}` stands here twice, first in line {members[key].line}")
            )
        else:
            members[key] = Member(line, _node(value, (*path, key), defects))
    return Mapping(node.start_mark.line + 1, members)


def _name(node: yaml.Node) -> str | None:
    return str(node.value) if isinstance(node, yaml.ScalarNode) and node.tag == f"{PREFIX}str" else None


def _shown(node: yaml.Node) -> str:
    return f"`{str(node.value)[:60]}`" if isinstance(node, yaml.ScalarNode) else "a mapping or a list"


def _leaf(node: yaml.ScalarNode, path: Path, defects: list[Defect]) -> Leaf | Broken:
    line, text = node.start_mark.line + 1, str(node.value)
    found = _value(node.tag.removeprefix(PREFIX), text)
    if isinstance(found, Trap):
        defects.append(Defect(line, dotted(path), found.reason))
        return Broken(line)
    return Leaf(line, found)


@dataclass(frozen=True, slots=True)
class Trap:
    """Why a scalar is not taken for what YAML takes it for."""

    reason: str


def _value(kind: str, text: str) -> str | int | bool | date | Trap | None:
    match kind:
        case "str":
            return text
        case "null":
            return None
        case "bool":
            if text in ("true", "false"):
                return text == "true"
            return Trap(f"YAML reads `{text}` as true or false; put it in quotes, or write true or false")
        case "int":
            if re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", text):
                return int(text)
            return Trap(
                f"YAML reads `{text[:60]}` as an octal, binary or base-60 number; write digits, without a 0 before them"
            )
        case "float":
            return Trap(f"`{text[:60]}` is no whole number")
        case "timestamp":
            return _day(text)
        case _:
            return Trap(f"`{text[:60]}` has a meaning of YAML's own here; put it in quotes")


def _day(text: str) -> date | Trap:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return Trap(f"there is no day {text}")
    return Trap(f"`{text}` is no day as YYYY-MM-DD")
