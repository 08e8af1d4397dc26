"""Why the writer does not start, or ends: each is a sentence for an operator, and none is ever worked around. PURE."""


class WriterStops(RuntimeError):
    """The base: the process ends with this sentence and without having signed anything new."""


class LedgerDamaged(WriterStops):
    """Stored copies of the ledger contradict each other; the message names the index or the row."""


class NotTold(WriterStops):
    """An entry beyond the newest head is not what Kafka tells: nobody vouches for it, and it is not signed (G7)."""


class LedgerBehind(WriterStops):
    """The database holds less than this log has signed: it is a restored backup, or the wrong database (G8)."""


class Fenced(WriterStops):
    """Another writer has taken over, or has appended where this one was about to."""


class NotThisLedger(WriterStops):
    """The founding event names another log or other keys than this writer's."""
