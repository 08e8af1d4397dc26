"""When a message is tried again, and what a mail server's reply means. PURE."""

from datetime import timedelta

FIRST = timedelta(seconds=5)
LONGEST = timedelta(hours=24)


def delay(attempt: int, spread: float) -> timedelta:
    """The wait after failed attempt 1, 2, 3 …: doubling from 5 s to 24 h, and never given up.

    `spread` in [0, 1) takes off up to half, so that many messages held up together do not come back together.
    """
    full = min(FIRST * (1 << min(attempt - 1, 20)), LONGEST)
    return full * (1 - spread / 2)


def is_permanent(reply_code: int) -> bool:
    """True for a reply of the 5yz class (RFC 5321, 4.2.1): the same message to the same mailbox would fail again."""
    return 500 <= reply_code < 600
