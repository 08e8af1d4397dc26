"""Whether what a file says has the shape of a dataclass; each difference with its line, in words. PURE."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Le, MinLen
from pydantic.fields import FieldInfo

from services.custody.policy.expressions import Years
from services.custody.policy.nodes import Broken, Defect, Leaf, Listing, Mapping, Node, Path, dotted
from services.custody.policy.rules import StartOf

CALLED = {Years: "a period", StartOf: "a start"}
"""What the members of a union are called, by one of them."""
WORDS: dict[Any, str] = {str: "a text", int: "a whole number", bool: "true or false", date: "a day as YYYY-MM-DD"}


def misshapen(node: Node, shape: Any, path: Path = ()) -> Iterator[Defect]:
    """Every difference between a node and a shape."""
    if isinstance(node, Broken):
        return
    origin = get_origin(shape)
    if origin is Annotated:
        yield from _constrained(node, shape, path)
    elif origin in (Union, UnionType):
        yield from _one_of(node, members(shape), path)
    elif origin is tuple:
        yield from _listed(node, get_args(shape)[0], path)
    elif origin is dict:
        names, inner = get_args(shape)
        yield from _named(node, names, inner, path)
    elif origin is Literal:
        yield from _word(node, get_args(shape), path)
    elif dataclasses.is_dataclass(shape):
        yield from _members(node, shape, path)
    elif not isinstance(node, Leaf) or type(node.value) is not shape:
        yield Defect(node.line, dotted(path), f"this must be {WORDS[shape]}, and is {said(node)}{_hint(node, shape)}")
    elif shape is str and not str(node.value).strip():
        yield Defect(node.line, dotted(path), "this must say something, and is blank")


def said(node: Node) -> str:
    """What stands there, in words."""
    match node:
        case Mapping(members=found):
            return f"a mapping with {', '.join(found) or 'nothing in it'}"
        case Listing():
            return "a list"
        case Leaf(value=None):
            return "nothing"
        case Leaf(value=bool() as value):
            return str(value).lower()
        case Leaf(value=str() as value):
            return f"{value[:60]!r}"
        case _:
            return str(node.value) if isinstance(node, Leaf) else "unreadable"


def _hint(node: Node, shape: Any) -> str:
    value = node.value if isinstance(node, Leaf) else None
    if shape is str and isinstance(value, int | date):
        return "; put it in quotes"
    if isinstance(value, str) and shape in (int, bool, date):
        return "; leave out the quotes" if re.fullmatch(r"[\d-]+|true|false", value) else ""
    return ""


@lru_cache(maxsize=64)
def fields(shape: Any) -> dict[str, tuple[Any, bool]]:
    """The members of a dataclass as a file names them: their shapes, and whether they must be there."""
    hints = get_type_hints(shape, include_extras=True)
    found = {}
    for field in dataclasses.fields(shape):
        needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        found[_alias(hints[field.name]) or field.name] = (hints[field.name], needed)
    return found


def _alias(hint: Any) -> str | None:
    given = [one.alias for one in getattr(hint, "__metadata__", ()) if isinstance(one, FieldInfo)]
    return next((alias for alias in given if alias), None)


def members(shape: Any) -> tuple[Any, ...]:
    """The members of a union, unions within it opened."""
    if get_origin(shape) in (Union, UnionType):
        return tuple(one for part in get_args(shape) for one in members(part))
    return (shape,)


def _members(node: Node, shape: Any, path: Path) -> Iterator[Defect]:
    known = fields(shape)
    if not isinstance(node, Mapping):
        yield Defect(node.line, dotted(path), f"this must be a mapping with {', '.join(known)}, and is {said(node)}")
        return
    for name, member in node.members.items():
        if name in known:
            yield from misshapen(member.value, known[name][0], (*path, name))
        else:
            yield Defect(
                member.line, dotted((*path, name)), f"`{name}` is unknown here; {_allowed(name, tuple(known))}"
            )
    for name, (_, needed) in known.items():
        if needed and name not in node.members:
            yield Defect(node.line, dotted(path), f"`{name}` is missing{_why(name)}")


def _why(name: str) -> str:
    return "; a rule names the text that it stands in" if name == "source" else ""


def _allowed(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"there are {', '.join(known)}{f'; did you mean `{near[0]}`?' if near else ''}"


def _listed(node: Node, shape: Any, path: Path) -> Iterator[Defect]:
    if not isinstance(node, Listing):
        yield Defect(node.line, dotted(path), f"this must be a list, and is {said(node)}")
        return
    for place, item in enumerate(node.items):
        yield from misshapen(item, shape, (*path, place))


def _named(node: Node, names: Any, shape: Any, path: Path) -> Iterator[Defect]:
    if not isinstance(node, Mapping):
        yield Defect(node.line, dotted(path), f"this must be a mapping, and is {said(node)}")
        return
    for name, member in node.members.items():
        if name not in get_args(names):
            yield Defect(
                member.line, dotted((*path, name)), f"`{name}` is unknown here; {_allowed(name, get_args(names))}"
            )
        yield from misshapen(member.value, shape, (*path, name))


def _word(node: Node, words: tuple[Any, ...], path: Path) -> Iterator[Defect]:
    if not isinstance(node, Leaf) or node.value not in words or type(node.value) is not str:
        yield Defect(node.line, dotted(path), f"{said(node)} is none of {', '.join(words)}")


def _constrained(node: Node, shape: Any, path: Path) -> Iterator[Defect]:
    """The shape, and then the limits that `Field` sets."""
    inner = list(misshapen(node, get_args(shape)[0], path))
    yield from inner
    if inner:
        return
    for info in (one for one in shape.__metadata__ if isinstance(one, FieldInfo)):
        for limit in info.metadata:
            if reason := _broken(node, limit):
                yield Defect(node.line, dotted(path), reason)


def _broken(node: Node, limit: Any) -> str | None:
    value = node.value if isinstance(node, Leaf) else None
    pattern = getattr(limit, "pattern", None)
    match limit, node:
        case (Ge(ge=least), _) if isinstance(value, int) and value < least:  # type: ignore[operator]
            return f"{value} is less than {least}"
        case (Le(le=most), _) if isinstance(value, int) and value > most:  # type: ignore[operator]
            return f"{value} is more than {most}"
        case (MinLen(), Listing(items=())):
            return "the list is empty"
        case (MinLen(min_length=least), _) if isinstance(value, str) and len(value) < least:
            return f"{value!r} is shorter than {least} characters"
        case _ if pattern and isinstance(value, str) and not re.search(pattern, value):
            return f"{value[:60]!r} does not match {pattern}"
    return None


def _one_of(node: Node, shapes: tuple[Any, ...], path: Path) -> Iterator[Defect]:
    """The difference from the one member of a union that is meant; if none is, what there is to choose from."""
    built = [shape for shape in shapes if dataclasses.is_dataclass(shape)]
    words = tuple(word for shape in shapes if get_origin(shape) is Literal for word in get_args(shape))
    plain = [shape for shape in shapes if shape in WORDS]
    if isinstance(node, Leaf) and node.value is None and NoneType in shapes:
        return
    if len(built) == 1 and not words and not plain and isinstance(node, Leaf | Listing):
        yield from _members(node, built[0], path)
        return
    if isinstance(node, Mapping) and built:
        meant = [shape for shape in built if set(_own(shape, built)) & set(node.members)]
        if len(meant) == 1:
            yield from misshapen(node, meant[0], path)
            return
    elif not built and len(shapes := tuple(one for one in shapes if one is not NoneType)) == 1:
        yield from misshapen(node, shapes[0], path)
        return
    if isinstance(node, Leaf) and ((type(node.value) is str and node.value in words) or type(node.value) in plain):
        return
    yield Defect(node.line, dotted(path), f"{_choice(built, words)}; this is {said(node)}")


def _own(shape: Any, shapes: list[Any]) -> list[str]:
    """The names by which a member of a union is known from the others."""
    others = {name for other in shapes if other is not shape for name in fields(other)}
    return [name for name in fields(shape) if name not in others]


def _choice(built: list[Any], words: tuple[Any, ...]) -> str:
    anchors = "collection" in words
    called = next((name for shape, name in CALLED.items() if shape in built), "an anchor" if anchors else "this")
    names = [name for shape in built for name in _own(shape, built)[:1]]
    return f"{called} is one of {', '.join((*names, *words))}"
