"""The pack in force, as this program ships it: nothing is decided by other rules than those that leaf 0 names."""

from functools import lru_cache

from services.custody.policy.retention import Law, flat, shipped_as
from shared.problems import Problem
from shared.settings import DEV_ISSUER


def law_in_force(sha256: str | None) -> Law:
    """The law of an installation, by its pack's digest; None: not founded yet, where no rule is asked.

    Problem 503 if this program comes with other contents of the pack: then its dates would be others.
    """
    law = flat() if sha256 is None else _law(sha256)
    if law is None:
        raise Problem(
            503, "pack-not-shipped", "This release does not have the rules that are in force here",
            "The operator runs the release whose packs the installation was founded with.",
            headers={"Retry-After": "300"},
        )  # fmt: skip
    return law


def law_for(sha256: str | None, issuer: str) -> Law:
    """`law_in_force`, for who signs in by this issuer. Problem 503 for a demonstration outside of development."""
    law = law_in_force(sha256)
    if law.pack.demo and issuer != DEV_ISSUER:
        raise Problem(
            503, "demonstration", "This installation is a demonstration",
            "Its periods last seconds, and it takes tokens of the development issuer alone. "
            "The operator founds another installation, with a pack that is law.",
        )  # fmt: skip
    return law


@lru_cache(maxsize=8)
def _law(sha256: str) -> Law | None:
    pack = shipped_as(sha256)
    return None if pack is None else Law(pack)
