"""Ids of what is new, and chance for them: both without a call to the system for each."""

import os
import threading
from time import time_ns

_DRAWN = 8192
_lock = threading.RLock()
_chance = b""
_used = 0
_last = 0


def chance(count: int) -> bytes:
    """So many bytes of the system's randomness, of which some are drawn ahead; none is given out twice."""
    global _chance, _used
    with _lock:
        if _used + count > len(_chance):
            _chance, _used = os.urandom(max(count, _DRAWN)), 0
        _used += count
        return _chance[_used - count : _used]


def _forget() -> None:
    """A forked process draws its own, or parent and child would have the same."""
    global _chance, _used, _lock
    _chance, _used, _lock = b"", 0, threading.RLock()


os.register_at_fork(after_in_child=_forget)


def new_id() -> str:
    """A UUIDv7 (RFC 9562, 6.2, method 3): ids of one time lie together in every index, and those that one process
    makes ascend.

    48 bits of Unix milliseconds, 12 bits of 4096ths of them, 62 bits of chance. Where the clock stands still or goes
    back, the 4096ths count on.
    """
    global _last
    with _lock:
        _last = ticks = max((time_ns() << 12) // 1_000_000, _last + 1)
        drawn = chance(8).hex()
    time = f"{ticks >> 12:012x}"
    return f"{time[:8]}-{time[8:]}-7{ticks & 0xFFF:03x}-{_VARIANT[drawn[0]]}{drawn[1:4]}-{drawn[4:]}"


_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
