"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

ID = sa.Uuid(as_uuid=False)
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """There is no way down: facts are never dropped."""
    _facts()
    _commands()
    _reading()
    _nouns()
    _deliveries()
    _directory()
    _proposals()


def _facts() -> None:
    """Events, the texts behind their digests, and what became of each."""
    op.create_table(
        "event",
        Column("seq", sa.BigInteger(), sa.Identity(always=True, cache=1), nullable=False),
        Column("id", ID, nullable=False),
        Column("type", sa.Text(), nullable=False),
        Column("subject", sa.Text(), nullable=True),
        Column("sequence", sa.BigInteger(), nullable=True),
        Column("time", INSTANT, nullable=False),
        Column("command", sa.String(64), nullable=False),
        Column("ordinal", sa.Integer(), nullable=False),
        Column("sha256", sa.LargeBinary(), nullable=False),
        Column("bytes", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("(subject IS NULL) = (sequence IS NULL)", name="ck_event_subject_has_version"),
        sa.PrimaryKeyConstraint("seq", name="pk_event"),
        sa.UniqueConstraint("command", "ordinal", name="uq_event_command_ordinal"),
        sa.UniqueConstraint("id", name="uq_event_id"),
        sa.UniqueConstraint("subject", "sequence", name="uq_event_subject_sequence"),
    )
    op.create_table(
        "sealed_value",
        Column("event_id", ID, nullable=False),
        Column("field", sa.Text(), nullable=False),
        Column("value", sa.Text(), nullable=False),
        Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "field", name="pk_sealed_value"),
    )
    op.create_table(
        "publication",
        Column("attempt", sa.BigInteger(), sa.Identity(always=True, cache=1), nullable=False),
        Column("event_seq", sa.BigInteger(), nullable=False),
        Column("generation", sa.BigInteger(), nullable=False),
        Column("kafka_offset", sa.BigInteger(), nullable=False),
        Column("reason", sa.Text(), nullable=False),
        Column("published_at", INSTANT, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint("reason IN ('new', 'found', 'lost', 'generation', 'passed')", name="ck_publication_reason"),
        sa.PrimaryKeyConstraint("attempt", name="pk_publication"),
    )
    op.create_index("ix_publication_event_seq_attempt", "publication", ["event_seq", "attempt"])
    op.create_table(
        "sealed",
        Column("event_id", ID, nullable=False),
        Column("idx", sa.BigInteger(), nullable=False),
        Column("size", sa.BigInteger(), nullable=False),
        Column("sealed_at", INSTANT, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint("0 <= idx AND idx < size", name="ck_sealed_idx_below_size"),
        sa.PrimaryKeyConstraint("event_id", name="pk_sealed"),
        sa.UniqueConstraint("idx", name="uq_sealed_idx"),
    )


def _commands() -> None:
    """Keys with their answers."""
    op.create_table(
        "command",
        Column("account", sa.String(64), nullable=False),
        Column("key", ID, nullable=False),
        Column("fingerprint", sa.LargeBinary(), nullable=False),
        Column("recorded_at", INSTANT, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("account", "key", name="pk_command"),
    )
    op.create_table(
        "answer",
        Column("account", sa.String(64), nullable=False),
        Column("key", ID, nullable=False),
        Column("status", sa.Integer(), nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("body", sa.LargeBinary(), nullable=False),
        Column("recorded_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("account", "key", name="pk_answer"),
    )


def _reading() -> None:
    """How far the sealed log was read, and which of its events had an effect here."""
    op.create_table(
        "reader_position",
        Column("one", sa.Integer(), autoincrement=False, server_default="1", nullable=False),
        Column("size", sa.BigInteger(), nullable=False),
        Column("edge", sa.ARRAY(sa.LargeBinary()), nullable=False),
        Column("note", sa.Text(), nullable=False),
        Column("generation", sa.BigInteger(), nullable=False),
        Column("kafka_offset", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("one = 1", name="ck_reader_position_one_row"),
        sa.PrimaryKeyConstraint("one", name="pk_reader_position"),
    )
    op.create_table(
        "effect",
        Column("source", sa.String(), nullable=False),
        Column("event_id", ID, nullable=False),
        Column("command", sa.String(), nullable=False),
        Column("ordinal", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "event_id", name="pk_effect"),
        sa.UniqueConstraint("source", "command", "ordinal", name="uq_effect_source_command_ordinal"),
    )


def _nouns() -> None:
    """Notify's own state."""
    op.create_table(
        "party",
        Column("id", ID, nullable=False),
        Column("version", sa.Integer(), nullable=False),
        Column("updated_at", INSTANT, nullable=False),
        Column("language", sa.String(), nullable=False),
        Column("given", sa.String(), nullable=False),
        Column("given_mail", sa.String(), nullable=False),
        Column("verified", sa.String(), nullable=True),
        Column("verified_mail", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_party"),
    )
    op.create_table(
        "subscription",
        Column("id", ID, nullable=False),
        Column("version", sa.Integer(), nullable=False),
        Column("updated_at", INSTANT, nullable=False),
        Column("person", ID, nullable=False),
        Column("case_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subscription"),
        sa.UniqueConstraint("person", "case_id", name="uq_subscription_person_case_id"),
    )
    op.create_index("ix_subscription_case_id", "subscription", ["case_id"])
    op.create_table(
        "notice",
        Column("id", ID, nullable=False),
        Column("version", sa.Integer(), nullable=False),
        Column("updated_at", INSTANT, nullable=False),
        Column("proposal", ID, nullable=False),
        Column("person", ID, nullable=False),
        Column("capacity", sa.String(), nullable=False),
        Column("address", sa.String(), nullable=True),
        Column("status", sa.String(), nullable=False),
        Column("attempt", sa.Integer(), nullable=True),
        Column("reply_code", sa.Integer(), nullable=True),
        Column("planned_by", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
        sa.UniqueConstraint(
            "proposal", "person", "capacity", "address", name="uq_notice_proposal_person_capacity_address",
            postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip
    op.create_index("ix_notice_person_id", "notice", ["person", "id"])


def _deliveries() -> None:
    """Mail that waits, and what came of each attempt."""
    op.create_table(
        "delivery",
        Column("id", ID, nullable=False),
        Column("notice", ID, nullable=True),
        Column("recipient", sa.String(), nullable=False),
        Column("message", sa.LargeBinary(), nullable=False),
        Column("state", sa.String(), nullable=False),
        Column("attempts", sa.Integer(), nullable=False),
        Column("due_at", INSTANT, nullable=False),
        Column("useless_at", INSTANT, nullable=True),
        sa.CheckConstraint("state IN ('due', 'accepted', 'rejected', 'dropped')", name="ck_delivery_state"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
    )
    op.create_index("ix_delivery_notice", "delivery", ["notice"])
    op.create_index("ix_delivery_due_at", "delivery", ["due_at"], postgresql_where=sa.text("state = 'due'"))
    op.create_table(
        "attempt",
        Column("delivery", ID, nullable=False),
        Column("number", sa.Integer(), nullable=False),
        Column("ended_at", INSTANT, nullable=False),
        Column("outcome", sa.String(), nullable=False),
        Column("reply_code", sa.Integer(), nullable=True),
        Column("why", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("delivery", "number", name="pk_attempt"),
    )


def _directory() -> None:
    """What custody has sealed about the installation, its people and its cases."""
    op.create_table(
        "installation",
        Column("id", sa.String(), nullable=False),
        Column("origin", sa.String(), nullable=False),
        Column("log_vkey", sa.String(), nullable=False),
        Column("promise_key", sa.String(), nullable=True),
        Column("link_key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_installation"),
    )
    op.create_table(
        "organisation",
        Column("id", ID, nullable=False),
        Column("name", sa.String(), nullable=False),
        Column("kind", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organisation"),
    )
    op.create_table(
        "account",
        Column("id", ID, nullable=False),
        Column("account_digest", sa.String(), nullable=False),
        Column("person", ID, nullable=False),
        Column("organisation", ID, nullable=False),
        Column("role", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("account_digest", name="uq_account_account_digest"),
    )
    op.create_table(
        "case_file",
        Column("id", ID, nullable=False),
        Column("authority", ID, nullable=False),
        Column("folio", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_file"),
    )
    op.create_table(
        "counsel",
        Column("case_id", ID, nullable=False),
        Column("person", ID, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "person", name="pk_counsel"),
    )
    op.create_index("ix_counsel_person", "counsel", ["person"])


def _proposals() -> None:
    """Sealed proposals, with the bytes and the proof that go to each party."""
    op.create_table(
        "proposal",
        Column("id", ID, nullable=False),
        Column("event", sa.LargeBinary(), nullable=False),
        Column("idx", sa.BigInteger(), nullable=False),
        Column("size", sa.BigInteger(), nullable=False),
        Column("proof", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_proposal"),
    )
    op.create_table(
        "proposal_case",
        Column("proposal", ID, nullable=False),
        Column("case_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("proposal", "case_id", name="pk_proposal_case"),
    )
    op.create_index("ix_proposal_case_case_id", "proposal_case", ["case_id"])
    op.create_table(
        "withdrawal",
        Column("proposal", ID, nullable=False),
        sa.PrimaryKeyConstraint("proposal", name="pk_withdrawal"),
    )
