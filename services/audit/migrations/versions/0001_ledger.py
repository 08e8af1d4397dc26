"""The ledger's tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

EXTERNAL = ("fragment", "bundle", "tile", "foreign")


def upgrade() -> None:
    now = sa.text("clock_timestamp()")
    op.create_table(
        "seen",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("source", sa.Text, nullable=False, comment="the service's power: custody, notify or audit"),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("idx", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", "source", "sha256", name="pk_seen"),
        sa.CheckConstraint("octet_length(sha256) = 32", name="ck_seen_sha256"),
        sa.CheckConstraint("idx >= 0", name="ck_seen_idx"),
    )
    op.create_table(
        "fragment",
        sa.Column("first", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("bytes", sa.LargeBinary, nullable=False, comment="framed entries of one append within one bundle"),
        sa.PrimaryKeyConstraint("first", name="pk_fragment"),
    )
    op.create_table(
        "bundle",
        sa.Column("n", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("bytes", sa.LargeBinary, nullable=False, comment="256 framed entries"),
        sa.PrimaryKeyConstraint("n", name="pk_bundle"),
    )
    op.create_table(
        "tile",
        sa.Column("level", sa.SmallInteger, autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("bytes", sa.LargeBinary, nullable=False, comment="256 hashes"),
        sa.PrimaryKeyConstraint("level", "n", name="pk_tile"),
        sa.CheckConstraint("octet_length(bytes) = 8192", name="ck_tile_full"),
    )
    op.create_table(
        "head",
        sa.Column("size", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.Text, nullable=False, comment="text and the log's signature line"),
        sa.Column("cosignature", sa.Text, nullable=False, comment="audit's own timestamped cosignature line"),
        sa.Column("cosigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_head"),
        sa.CheckConstraint("size > 0", name="ck_head_size"),
    )
    op.create_table(
        "offset",
        sa.Column("generation", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column(
            "kafka_offset", sa.BigInteger, autoincrement=False, nullable=False, comment="of the last message consumed"
        ),
        sa.Column("sha256", sa.LargeBinary, nullable=False, comment="of that message's value"),
        sa.Column("size", sa.BigInteger, nullable=False, comment="the ledger's size when it was consumed"),
        sa.PrimaryKeyConstraint("generation", "topic", "kafka_offset", name="pk_offset"),
    )
    op.create_table(
        "epoch",
        sa.Column("epoch", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False, server_default=now),
        sa.PrimaryKeyConstraint("epoch", name="pk_epoch"),
    )
    op.create_table(
        "generation",
        sa.Column("generation", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False, server_default=now),
        sa.PrimaryKeyConstraint("generation", name="pk_generation"),
    )
    op.create_table(
        "foreign",
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("kafka_offset", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("idx", sa.BigInteger, nullable=False, comment="of the marker leaf"),
        sa.Column("bytes", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("topic", "kafka_offset", "sha256", name="pk_foreign"),
    )
    op.create_table(
        "heartbeat",
        sa.Column("singleton", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("singleton", name="pk_heartbeat"),
        sa.CheckConstraint("singleton", name="ck_heartbeat_singleton"),
    )
    for table in EXTERNAL:
        # Hashes and JSON in flight do not compress well enough to pay for it: the default makes COPY 30 % slower.
        op.execute(f'ALTER TABLE "{table}" ALTER COLUMN bytes SET STORAGE EXTERNAL')
    op.execute("INSERT INTO heartbeat (epoch, beat_at) VALUES (0, '-infinity')")
    op.execute("INSERT INTO generation (generation, reason) VALUES (1, 'first')")
