"""What the person who runs the tests may set; the one place where tests read their environment."""

import os


def given(name: str) -> str | None:
    """The variable's text, or None when it is unset or empty."""
    return os.environ.get(name) or None
