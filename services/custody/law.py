"""The pack in force, as this program ships it: nothing is decided by other rules than those that leaf 0 names."""

from services.custody.policy.retention import Law, flat, shipped_as
from shared.problems import Problem


def law_in_force(sha256: str | None) -> Law:
    """The law of an installation, by its pack's digest; None: not founded yet, where no rule is asked.

    Problem 503 if this program comes with other contents of the pack: then its dates would be others.
    """
    if sha256 is None:
        return flat()
    pack = shipped_as(sha256)
    if pack is None:
        raise Problem(
            503, "pack-not-shipped", "This release does not have the rules that are in force here",
            "The operator runs the release whose packs the installation was founded with.",
            headers={"Retry-After": "300"},
        )  # fmt: skip
    return Law(pack)
