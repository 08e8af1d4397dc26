"""Hypothesis strategies for questions of the clock engine: Hypothesis draws what `questions` would draw."""

from typing import Any

from hypothesis import strategies as st

from tests.services.custody.policy.questions import question


def questions() -> st.SearchStrategy[dict[str, Any]]:
    """Whole questions in plain JSON."""
    return st.randoms(use_true_random=False).map(question)
