"""Nothing is decided by other rules than those that leaf 0 names."""

import pytest

from services.custody.law import law_in_force
from services.custody.policy.retention import identity
from services.custody.policy.shipped import packs
from shared.problems import Problem


def test_the_law_is_the_pack_of_the_digest() -> None:
    assert law_in_force(identity("us-wi").sha256).pack is packs()["us-wi"]
    assert law_in_force(None).pack is packs()["flat"]


def test_a_release_without_the_pack_in_force_decides_nothing() -> None:
    with pytest.raises(Problem) as refused:
        law_in_force("0" * 64)
    assert (refused.value.status, refused.value.code) == (503, "pack-not-shipped")
    assert "release" in str(refused.value.detail)
