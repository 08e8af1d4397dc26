"""What a mutant is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """`line` stands once in `file`; with `broken` in its place, `test` (a pytest node id) must fail."""

    guarantee: str
    what: str
    file: str
    line: str
    broken: str
    test: str
