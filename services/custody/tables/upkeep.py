"""What the worker has to do: cases whose items are to be computed anew. Working notes, not facts: they come and go."""

from sqlalchemy import Column, Date, Integer, String, Table, Uuid

from services.custody.rules.case import CaseState
from services.custody.tables.base import METADATA
from services.custody.tables.mapping import Rows
from shared.writes import Writes

RETENTION_DUE = Table(
    "retention_due", METADATA,
    Column("case", Uuid(as_uuid=False), primary_key=True),
    Column("after", Uuid(as_uuid=False)),
    Column("because", String, nullable=False),
    Column("tried", Integer, nullable=False),
)  # fmt: skip
"""Items up to the id `after` are done; `tried`: how often computing it failed."""
RETENTION_SWEEP = Table(
    "retention_sweep",
    METADATA,
    Column("pack_sha256", String(64), primary_key=True),
    Column("swept_on", Date, nullable=False),
)
"""Until which day the texts that came into force were looked at, under a pack."""

_ENQUEUE = (
    'INSERT INTO retention_due ("case", after, because, tried) '
    "SELECT one, NULL, 'case_facts', 0 FROM unnest($1::uuid[]) AS one "
    "ON CONFLICT (\"case\") DO UPDATE SET after = NULL, because = 'case_facts', tried = 0"
)


class CaseRows(Rows[CaseState]):
    """Rows of cases: whoever changes a case leaves word that until when its items are kept may change with it."""

    def replace(self, writes: Writes, states: list[CaseState]) -> None:
        """Write later versions, and leave word, in the same transaction."""
        super().replace(writes, states)
        writes.statement(_ENQUEUE, [state.id for state in states], rows=len(states))
