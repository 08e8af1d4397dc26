"""`python -m deploy.local.show PATH [-]`: one value of the running stack, for a shell.

PATH is dotted: `custody.url`, `tokens.lab` from `var/stack.json`, `organisations.court`, `persons.defence` from
`var/seed.json`. With `-` it is looked up in the JSON document on standard input instead: `curl … | … show id -`.
"""

import json
import sys
from typing import Any

from deploy.local.commands import CHECKOUT
from deploy.local.files import read_json


def look_up(document: Any, path: str) -> str:
    """The value under a dotted path, numbers being places in a list; KeyError naming what is there instead."""
    value = document
    for step in path.split("."):
        found = dict(enumerate(value)) if isinstance(value, list) else value
        key: Any = int(step) if isinstance(value, list) and step.isdigit() else step
        if not isinstance(found, dict) or key not in found:
            there = ", ".join(str(name) for name in found) if isinstance(found, dict) else f"a value, {value!r}"
            raise KeyError(f"{path}: no {step}; there is {there}")
        value = found[key]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def main(arguments: list[str]) -> int:
    """Print the value; 1 if it is not there or nothing runs, 2 for another usage."""
    if len(arguments) not in (1, 2) or arguments[1:] not in ([], ["-"]):
        print(f"usage: {__doc__}", file=sys.stderr)
        return 2
    if arguments[1:]:
        said = sys.stdin.read()
        try:
            document = json.loads(said)
        except json.JSONDecodeError:
            print(f"this is no JSON document: {said[:300]!r}", file=sys.stderr)
            return 1
    else:
        stack = read_json(CHECKOUT / "var" / "stack.json")
        if stack is None:
            print("Nothing is served from this checkout; start it with: make serve", file=sys.stderr)
            return 1
        document = stack | (read_json(CHECKOUT / "var" / "seed.json") or {})
    try:
        print(look_up(document, arguments[0]))
    except KeyError as error:
        print(error.args[0], file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
