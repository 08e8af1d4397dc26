"""A line on the terminal that says how far an audit is. Nothing is drawn where nobody looks."""

import sys
import time
from typing import TextIO

EVERY_SECONDS = 0.1


class Progress:
    """Entries (or `what`) done of `total`, the rate, and how long it will still take."""

    def __init__(self, total: int, shown: bool, out: TextIO = sys.stderr, what: str = "entries") -> None:
        self._total, self._what, self._out = total, what, out
        self._shown = shown and out.isatty()
        self._started = time.monotonic()
        self._drawn = 0.0

    def at(self, done: int) -> None:
        """Draw the line, at most ten times a second."""
        now = time.monotonic()
        if self._shown and now - self._drawn >= EVERY_SECONDS:
            self._drawn = now
            rate = done / max(now - self._started, 0.001)
            left = (self._total - done) / rate if rate else 0.0
            filled = 24 * done // max(self._total, 1)
            self._out.write(
                f"\r[{'#' * filled}{'.' * (24 - filled)}] {done:,} of {self._total:,} {self._what}, "
                f"{rate:,.0f}/s, {left:.0f} s left \x1b[K"
            )
            self._out.flush()

    def end(self) -> None:
        """Take the line away."""
        if self._shown and self._drawn:
            self._out.write("\r\x1b[K")
            self._out.flush()
