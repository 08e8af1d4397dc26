"""What was given out stays as it was: a digest for each entry of a pack that somebody may have computed with. PURE."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

from pydantic import TypeAdapter

from services.custody.policy.rules import NoticeRule, Pack, RetentionRule
from shared.canonical import canonical, strict_loads

Rule = RetentionRule | NoticeRule
Released = dict[str, dict[str, str]]
"""Pack → `rule@version` → SHA-256."""
_RULE: TypeAdapter[RetentionRule | NoticeRule] = TypeAdapter(RetentionRule | NoticeRule)
RELEASED: TypeAdapter[Released] = TypeAdapter(Released)


class Changed(ValueError):
    """A released entry is not what it was; each of `keys` names one."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        super().__init__(f"released, and changed or gone since: {', '.join(keys)}")
        self.keys = keys


def key(rule: Rule) -> str:
    """The name of an entry within its pack."""
    return f"{rule.id}@{rule.version}"


def digest(rule: Rule) -> str:
    """SHA-256 of the entry's canonical JSON (RFC 8785) but for `valid_to`: a text in force learns later that it ends.

    What stands at its default is left out: a member that rules gain later changes no digest.
    """
    plain = _RULE.dump_python(replace(rule, valid_to=None), mode="json", by_alias=True, exclude_defaults=True)
    return hashlib.sha256(canonical(plain)).hexdigest()


def entries(pack: Pack) -> dict[str, str]:
    """The digest of each entry of a pack."""
    rules: list[Rule] = [*pack.retention, *pack.notice]
    return {key(rule): digest(rule) for rule in rules}


def release(pack: Pack, released: Mapping[str, Mapping[str, str]]) -> Released:
    """What is released when this pack is, too. Raises Changed if one of its entries was released as another."""
    before, now = released.get(pack.id, {}), entries(pack)
    if changed := tuple(f"{pack.id}:{name}" for name, sha256 in before.items() if now.get(name) != sha256):
        raise Changed(changed)
    return {**{name: dict(there) for name, there in released.items()}, pack.id: now}


def read_released(text: str) -> Released:
    """The file of what was released. ValueError if it is none."""
    return RELEASED.validate_python(strict_loads(text.encode()))


def written_released(released: Released) -> str:
    """The same as a file: sorted, so that a release is a readable difference."""
    return json.dumps(released, indent=1, sort_keys=True) + "\n"
