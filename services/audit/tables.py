"""The ledger on disk. The writer may insert and select, nothing else but beat; the API may select.

An entry lies in a `fragment` while its bundle of 256 is not full, in the `bundle` from then on. A fragment starts at
the first index of every append, so two writers that append at the same size meet at its primary key.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    true,
)

from shared.database import metadata

METADATA = metadata()

SEEN = Table(
    "seen", METADATA,
    Column("id", Uuid, primary_key=True),
    Column("source", Text, primary_key=True, comment="the service's power: custody, notify or audit"),
    Column("sha256", LargeBinary, primary_key=True),
    Column("idx", BigInteger, nullable=False),
    CheckConstraint("octet_length(sha256) = 32", "sha256"),
    CheckConstraint("idx >= 0", "idx"),
)  # fmt: skip

FRAGMENT = Table(
    "fragment", METADATA,
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("bytes", LargeBinary, nullable=False, comment="framed entries of one append within one bundle"),
)  # fmt: skip

BUNDLE = Table(
    "bundle", METADATA,
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("bytes", LargeBinary, nullable=False, comment="256 framed entries"),
)  # fmt: skip

TILE = Table(
    "tile", METADATA,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("bytes", LargeBinary, nullable=False, comment="256 hashes"),
    CheckConstraint("octet_length(bytes) = 8192", "full"),
)  # fmt: skip

HEAD = Table(
    "head", METADATA,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False, comment="text and the log's signature line"),
    Column("cosignature", Text, nullable=False, comment="audit's own timestamped cosignature line"),
    Column("cosigned_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("size > 0", "size"),
)  # fmt: skip

OFFSET = Table(
    "offset", METADATA,
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("topic", Text, primary_key=True),
    Column("kafka_offset", BigInteger, primary_key=True, autoincrement=False, comment="of the last message consumed"),
    Column("sha256", LargeBinary, nullable=False, comment="of that message's value"),
    Column("size", BigInteger, nullable=False, comment="the ledger's size when it was consumed"),
)  # fmt: skip

EPOCH = Table(
    "epoch", METADATA,
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("taken_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)  # fmt: skip

GENERATION = Table(
    "generation", METADATA,
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("raised_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)  # fmt: skip

FOREIGN = Table(
    "foreign", METADATA,
    Column("topic", Text, primary_key=True),
    Column("kafka_offset", BigInteger, primary_key=True, autoincrement=False),
    Column("sha256", LargeBinary, primary_key=True),
    Column("idx", BigInteger, nullable=False, comment="of the marker leaf"),
    Column("bytes", LargeBinary, nullable=False),
)  # fmt: skip

HEARTBEAT = Table(
    "heartbeat", METADATA,
    Column("singleton", Boolean, primary_key=True, server_default=true()),
    Column("epoch", BigInteger, nullable=False),
    Column("beat_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("singleton", "singleton"),
)  # fmt: skip
