"""What the person who starts the stack may set; the rest of this package, bootstrap aside, asks here."""

import os

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE")


def given(name: str) -> str | None:
    """A variable's text, or None when it is unset or empty."""
    return os.environ.get(name) or None


def base_environment() -> dict[str, str]:
    """What processes of ours get of it: never a setting of theirs that happens to be exported."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | {"PYTHONUNBUFFERED": "1"}
