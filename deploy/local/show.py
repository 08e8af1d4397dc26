"""`python -m deploy.local.show PATH [-]`: one value of the running stack, for a shell.

PATH is dotted: `custody.url`, `tokens.lab` from `var/stack.json`, `organisations.court`, `persons.defence` from
`var/seed.json`. With `-` it is looked up in the JSON document on standard input instead: `curl … | … show id -`.
"""

import json
import sys
from typing import Any

from deploy.local.commands import CHECKOUT
from deploy.local.files import read_json
from deploy.local.problem import StackProblem


def look_up(document: Any, path: str) -> str:
    """The value under a dotted path, numbers being places in a list.

    KeyError naming what is there instead; where that is a problem (RFC 9457), it is told in its own words.
    """
    value = document
    for step in path.split("."):
        found = dict(enumerate(value)) if isinstance(value, list) else value
        key: Any = int(step) if isinstance(value, list) and step.isdecimal() and len(step) < 10 else step
        if not isinstance(found, dict) or key not in found:
            if isinstance(found, dict) and {"type", "title"} <= found.keys():
                raise KeyError(f"{found['title']}: {found.get('detail', found['type'])}")
            there = ", ".join(str(name) for name in found) if isinstance(found, dict) else f"a value, {value!r}"
            raise KeyError(f"{path}: no {step}; there is {there}")
        value = found[key]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def main(arguments: list[str]) -> int:
    """Print the value; 1 if it is not there or nothing runs, 2 for another usage."""
    if len(arguments) not in (1, 2) or arguments[1:] not in ([], ["-"]):
        print(f"usage: {__doc__}", file=sys.stderr)
        return 2
    try:
        print(look_up(_said() if arguments[1:] else _running(), arguments[0]))
    except (KeyError, StackProblem) as error:
        print(error.args[0], file=sys.stderr)
        return 1
    return 0


def _said() -> Any:
    """The document on standard input."""
    said = sys.stdin.buffer.read()
    try:
        document = json.loads(said)
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        start = said[:300].decode(errors="replace")
        raise StackProblem(f"this is no JSON document, or one too deep to read: {start!r}") from error
    return document


def _running() -> Any:
    """What runs in this checkout, and who was seeded."""
    stack, seeded = (read_json(CHECKOUT / "var" / name) for name in ("stack.json", "seed.json"))
    if stack is None:
        raise StackProblem("Nothing is served from this checkout; start it with: make serve")
    if not isinstance(stack, dict):
        raise StackProblem(f"{CHECKOUT / 'var' / 'stack.json'} is damaged: start anew with make down and make serve")
    return stack | (seeded or {})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
