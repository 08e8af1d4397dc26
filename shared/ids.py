"""Ids of what is new."""

import os
import threading
from time import time_ns

_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A UUIDv7 (RFC 9562, 6.2, method 3): ids of one time lie together in every index, and those that one process
    makes ascend.

    48 bits of Unix milliseconds, 12 bits of 4096ths of them, 62 bits of chance. Where the clock stands still or goes
    back, the 4096ths count on.
    """
    global _last
    ticks = (time_ns() << 12) // 1_000_000
    with _lock:
        _last = ticks = max(ticks, _last + 1)
    chance = int.from_bytes(os.urandom(8))
    digits = f"{ticks >> 12:012x}7{ticks & 0xFFF:03x}{chance & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
