"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

ID = sa.Uuid(as_uuid=False)
IDS = sa.ARRAY(ID)
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """There is no way down: facts are never dropped."""
    _facts()
    _commands()
    _people()
    _items()


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
    """Keys with their answers, and how far the sealed log was read."""
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
    op.create_table(
        "reader_position",
        Column("one", sa.Integer(), server_default="1", autoincrement=False, nullable=False),
        Column("size", sa.BigInteger(), nullable=False),
        Column("edge", sa.ARRAY(sa.LargeBinary()), nullable=False),
        Column("note", sa.Text(), nullable=False),
        Column("generation", sa.BigInteger(), nullable=False),
        Column("kafka_offset", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("one = 1", name="ck_reader_position_one_row"),
        sa.PrimaryKeyConstraint("one", name="pk_reader_position"),
    )


def _people() -> None:
    """The installation, who is in it, and the cases."""
    op.create_table(
        "installation",
        Column("version", sa.Integer(), nullable=False),
        Column("updated_at", INSTANT, nullable=False),
        Column("id", sa.String(), nullable=False),
        Column("founding_event", ID, nullable=False),
        Column("origin", sa.String(), nullable=False),
        Column("log_vkey", sa.String(), nullable=False),
        Column("cosigner_vkey", sa.String(), nullable=False),
        Column("promise_keys", JSONB, nullable=False),
        Column("link_key", sa.String(), nullable=False),
        Column("pack_id", sa.String(), nullable=False),
        Column("pack_version", sa.Integer(), nullable=False),
        Column("pack_sha256", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_installation"),
    )
    op.create_index("uq_installation_one", "installation", [sa.text("(true)")], unique=True)
    op.create_table(
        "organisation",
        Column("version", sa.Integer(), nullable=False),
        Column("updated_at", INSTANT, nullable=False),
        Column("id", ID, nullable=False),
        Column("name", sa.String(), nullable=False),
        Column("kind", sa.String(), nullable=False),
        Column("independent", sa.Boolean(), nullable=False),
        Column("source", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_organisation"),
    )
    op.create_table(
        "person",
        Column("version", sa.Integer(), nullable=False),
        Column("updated_at", INSTANT, nullable=False),
        Column("id", ID, nullable=False),
        Column("person_name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
    )
    op.create_table(
        "account",
        Column("version", sa.Integer(), nullable=False),
        Column("updated_at", INSTANT, nullable=False),
        Column("id", ID, nullable=False),
        Column("person", ID, nullable=False),
        Column("organisation", ID, nullable=False),
        Column("role", sa.String(), nullable=False),
        Column("account_digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("account_digest", name="uq_account_account_digest"),
    )
    op.create_index("ix_account_person", "account", ["person"])
    op.create_table(
        "case",
        Column("version", sa.Integer(), nullable=False),
        Column("updated_at", INSTANT, nullable=False),
        Column("id", ID, nullable=False),
        Column("authority", ID, nullable=False),
        Column("folio", sa.String(), nullable=False),
        Column("persons", JSONB, nullable=False),
        Column("counsel", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case"),
        sa.UniqueConstraint("authority", "folio", name="uq_case_authority_folio"),
    )
    op.create_index(
        "ix_case_counsel", "case", ["counsel"], postgresql_using="gin", postgresql_ops={"counsel": "jsonb_path_ops"}
    )


def _items() -> None:
    """Samples, and what is planned for them."""
    op.create_table(
        "sample",
        Column("version", sa.Integer(), nullable=False),
        Column("updated_at", INSTANT, nullable=False),
        Column("id", ID, nullable=False),
        Column("case", ID, nullable=False),
        Column("kind", sa.String(), nullable=False),
        Column("label", sa.String(), nullable=False),
        Column("seal", sa.String(), nullable=False),
        Column("amount", sa.Integer(), nullable=False),
        Column("unit", sa.String(), nullable=False),
        Column("collected_at", INSTANT, nullable=False),
        Column("collected_place", sa.String(), nullable=False),
        Column("root", ID, nullable=False),
        Column("registered_by", ID, nullable=False),
        Column("custodian_org", ID, nullable=False),
        Column("custodian_person", ID, nullable=False),
        Column("holders", IDS, nullable=False),
        Column("links", sa.Integer(), nullable=False),
        Column("offer", ID, nullable=True),
        Column("offered_to", ID, nullable=True),
        Column("proposal", ID, nullable=True),
        Column("retention_rule", sa.String(), nullable=False),
        Column("retention_version", sa.Integer(), nullable=False),
        Column("retention_until", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sample"),
        sa.UniqueConstraint("registered_by", "label", name="uq_sample_registered_by_label"),
    )
    op.create_index("ix_sample_case_id", "sample", ["case", "id"])
    op.create_index("ix_sample_holders", "sample", ["holders"], postgresql_using="gin")
    op.create_index("ix_sample_label_id", "sample", ["label", "id"])
    op.create_index(
        "ix_sample_offered_to", "sample", ["offered_to"], postgresql_where=sa.text("offered_to IS NOT NULL")
    )
    op.create_table(
        "offer",
        Column("version", sa.Integer(), nullable=False),
        Column("updated_at", INSTANT, nullable=False),
        Column("id", ID, nullable=False),
        Column("from_org", ID, nullable=False),
        Column("from_person", ID, nullable=False),
        Column("to_org", ID, nullable=False),
        Column("samples", IDS, nullable=False),
        Column("purpose", sa.String(), nullable=False),
        Column("transport", sa.String(), nullable=False),
        Column("temperature", sa.String(), nullable=False),
        Column("courier", sa.String(), nullable=True),
        Column("note", sa.String(), nullable=True),
        Column("status", sa.String(), nullable=False),
        Column("refusal", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_offer"),
    )
    op.create_index("ix_offer_from_org_id", "offer", ["from_org", "id"])
    op.create_index("ix_offer_to_org_id", "offer", ["to_org", "id"])
    op.create_table(
        "proposal",
        Column("version", sa.Integer(), nullable=False),
        Column("updated_at", INSTANT, nullable=False),
        Column("id", ID, nullable=False),
        Column("proposed_by_org", ID, nullable=False),
        Column("proposed_by_person", ID, nullable=False),
        Column("samples", IDS, nullable=False),
        Column("cases", IDS, nullable=False),
        Column("planned_on", sa.Date(), nullable=False),
        Column("reason", sa.String(), nullable=False),
        Column("method", sa.String(), nullable=False),
        Column("rule_id", sa.String(), nullable=False),
        Column("rule_version", sa.Integer(), nullable=False),
        Column("recipients", JSONB, nullable=False),
        Column("explanation", sa.String(), nullable=True),
        Column("status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_proposal"),
    )
    op.create_index("ix_proposal_cases", "proposal", ["cases"], postgresql_using="gin")
