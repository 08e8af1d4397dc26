"""Follows a log: each new head must extend all that was read before, and only what is new is read."""

import time
from collections.abc import Callable
from contextlib import ExitStack, closing

from cadena_verify.audit import Audit, Wanted, resumed
from cadena_verify.report import Report
from cadena_verify.seen import SeenHead
from cadena_verify.source import Changed, Refused, Source, Unreadable
from cadena_verify.state import open_state

EVERY_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0


def follow(
    source: Source, wanted: Wanted, tell: Callable[[Report], None], complain: Callable[[str], None], every: float
) -> Report:
    """Follow the log until a defect is found; returns the report that names it. Ctrl-C ends it from outside.

    `tell` is given the report of each new head that holds. A server that cannot be reached is asked again, after pauses
    that double from `every` seconds up to a minute; `complain` is told of each. One that refuses the token is not.
    """
    with ExitStack() as stack:
        if wanted.state:
            state = stack.enter_context(closing(open_state(wanted.state, wanted.key, wanted.depth)))
            audit, report = resumed(source, wanted, state)
        else:
            audit = Audit(source, wanted)
            report = audit.first()
        pause = every
        while not report.defects_total:
            tell(report)
            following: Report | None = None
            while following is None:
                time.sleep(pause)
                try:
                    audit, following = _step(source, wanted, audit)
                    pause = every
                except Refused:
                    raise
                except Unreadable as error:
                    source.close()
                    pause = min(2 * pause, max(LONGEST_PAUSE_SECONDS, every))
                    complain(f"{error} Trying again in {pause:g} s.")
            report = following
        return report


def _step(source: Source, wanted: Wanted, audit: Audit) -> tuple[Audit, Report | None]:
    """What the log says next, None if nothing. A wrong is named by a whole audit, which demands the head that held."""
    try:
        report = audit.next()
        if report is None or not report.defects_total:
            return audit, report
    except Changed:
        pass  # named below
    held = audit.last
    demanded = [SeenHead(held.size, held.root, held.signature)] if held else []
    again = Audit(source, wanted, demanded=demanded)
    return again, again.first()
