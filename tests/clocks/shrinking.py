"""The smallest question on which two engines still differ: members are taken away, one after the other."""

import copy
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from tests.services.custody.policy.comparing import READER, differing

Path = tuple[Any, ...]


def told(question: dict[str, Any]) -> dict[str, Any]:
    """Where the engines differ, or the exception that one of them raised; empty where they agree."""
    try:
        return differing(question)
    except Exception as error:  # whatever an engine raises is what is sought
        return {"raised": f"{type(error).__name__}: {error}"}


def smallest(question: dict[str, Any]) -> dict[str, Any]:
    """Without everything that can be left out while the same dates differ."""
    sought = set(told(question))
    while True:
        found = next((one for one in _smaller(question) if _readable(one) and set(told(one)) == sought), None)
        if found is None:
            return question
        question = found


def _readable(question: dict[str, Any]) -> bool:
    try:
        READER.validate_python(question)
    except ValidationError:
        return False
    return True


def _smaller(question: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The question without one of its members, the outer ones first."""
    for path in sorted(_paths(question, ()), key=len):
        without = copy.deepcopy(question)
        holder: Any = without
        for name in path[:-1]:
            holder = holder[name]
        del holder[path[-1]]
        yield without


def _paths(node: Any, path: Path) -> Iterator[Path]:
    names = node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for name in names:
        yield (*path, name)
        yield from _paths(node[name], (*path, name))
