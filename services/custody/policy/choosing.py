"""Which rules may be chosen for a case: what was seen, unless an installation takes more upon itself. PURE."""

from __future__ import annotations

from services.custody.policy.rules import Entry, Pack
from services.custody.policy.shipped import packs


class NotChosen(ValueError):
    """A pack that there is not, or that may not be chosen here; the message says why."""


def chosen(name: str, allow_unverified: bool, dev_issuer: bool) -> Pack:
    """The shipped pack of that name, each of whose rules may be chosen. Raises NotChosen."""
    pack = packs().get(name)
    if pack is None:
        raise NotChosen(f"there is no pack {name!r}; there are {', '.join(sorted(packs()))}")
    for rule in (*pack.retention, *pack.notice):
        why = choosable(pack, rule, allow_unverified, dev_issuer)
        if why is not None:
            raise NotChosen(why)
    return pack


def choosable(pack: Pack, rule: Entry, allow_unverified: bool, dev_issuer: bool = False) -> str | None:
    """Why a rule of a pack may not be chosen; None if it may. `dev_issuer`: tokens are the development issuer's."""
    if pack.demo and not dev_issuer:
        return f"{pack.id} is for demonstrations, and loads only with the development issuer"
    if not rule.verified and not allow_unverified:
        return f"{pack.id}:{rule.id}@{rule.version} is unverified (mark {rule.source.mark}); it needs allow_unverified"
    return None
