"""The first schema.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from serving.store.search import SQLITE_INDEX

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("nature", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("already", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.String(length=32), nullable=False),
        sa.Column("finished_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_index(op.f("ix_batches_started_at"), "batches", ["started_at"], unique=False)
    op.create_table(
        "changes",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("incident_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("redirect", sa.String(length=32), nullable=True),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("summary", JSON, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_changes")),
    )
    op.create_index(op.f("ix_changes_incident_id"), "changes", ["incident_id"], unique=False)
    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("doc_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("form", sa.String(length=32), nullable=False),
        sa.Column("nature", sa.String(length=16), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("published", sa.String(length=40), nullable=False),
        sa.Column("fetched", sa.String(length=40), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("encoding", sa.String(length=40), nullable=False),
        sa.Column("metadata", JSON, nullable=False),
        sa.Column("stored_at", sa.String(length=32), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("sha256", name=op.f("uq_documents_sha256")),
    )
    op.create_index(op.f("ix_documents_doc_id"), "documents", ["doc_id"], unique=False)
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("basis", sa.String(length=16), nullable=False),
        sa.Column("tlp", sa.String(length=16), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("loss_min_fen", sa.BigInteger(), nullable=True),
        sa.Column("loss_max_fen", sa.BigInteger(), nullable=True),
        sa.Column("sum_max_fen", sa.BigInteger(), nullable=True),
        sa.Column("first_date", sa.String(length=32), nullable=True),
        sa.Column("last_date", sa.String(length=32), nullable=True),
        sa.Column("published_last", sa.String(length=40), nullable=True),
        sa.Column("sources", sa.Integer(), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("merged_into", sa.String(length=32), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("revised_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["merged_into"],
            ["incidents.id"],
            name=op.f("fk_incidents_merged_into"),
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sa.UniqueConstraint("sequence", name=op.f("uq_incidents_sequence")),
    )
    op.create_index("ix_incidents_first_date", "incidents", ["first_date"], unique=False)
    op.create_index("ix_incidents_label_sequence", "incidents", ["label", "sequence"], unique=False)
    op.create_index("ix_incidents_last_date", "incidents", ["last_date"], unique=False)
    op.create_index("ix_incidents_loss_max_fen", "incidents", ["loss_max_fen"], unique=False)
    op.create_table(
        "search_keys",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("sort", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_keys")),
    )
    op.create_index("ix_search_keys_sort_key", "search_keys", ["sort", "key"], unique=True)
    op.create_table(
        "articles",
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("review", sa.Boolean(), nullable=False),
        sa.Column("model", sa.String(length=120), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("published", sa.String(length=40), nullable=False),
        sa.Column("corrected_by", sa.String(length=120), nullable=False),
        sa.Column("analysis", JSON, nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_articles_document_id")),
        sa.PrimaryKeyConstraint("document_id", "number", name=op.f("pk_articles")),
    )
    op.create_index("ix_articles_kind_label", "articles", ["kind", "label"], unique=False)
    op.create_index("ix_articles_review", "articles", ["review"], unique=False)
    op.create_table(
        "batch_rows",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("error", JSON, nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_batch_rows_batch_id")),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_batch_rows_document_id")),
        sa.PrimaryKeyConstraint("batch_id", "number", name=op.f("pk_batch_rows")),
    )
    op.create_index(op.f("ix_batch_rows_document_id"), "batch_rows", ["document_id"], unique=False)
    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("article", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("signature", JSON, nullable=False),
        sa.Column("stamp", sa.String(length=16), nullable=False),
        sa.Column("incident_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_cases_document_id")),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_cases_incident_id"), deferrable=True, initially="DEFERRED"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
    )
    op.create_index(op.f("ix_cases_document_id"), "cases", ["document_id"], unique=False)
    op.create_index(op.f("ix_cases_incident_id"), "cases", ["incident_id"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("nature", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("claimed_by", sa.String(length=120), nullable=False),
        sa.Column("claimed_at", sa.String(length=32), nullable=False),
        sa.Column("claimed_until", sa.Float(), nullable=False),
        sa.Column("batch_id", sa.String(length=32), nullable=True),
        sa.Column("received_at", sa.String(length=32), nullable=False),
        sa.Column("finished_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_inbox_batch_id")),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_inbox_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("document_id", name=op.f("uq_inbox_document_id")),
    )
    op.create_index("ix_inbox_batch_id", "inbox", ["batch_id"], unique=False)
    op.create_index("ix_inbox_state_attempts_id", "inbox", ["state", "attempts", "id"], unique=False)
    op.create_table(
        "incident_places",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("incident_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_incident_places_incident_id")),
        sa.PrimaryKeyConstraint("code", "incident_id", name=op.f("pk_incident_places")),
    )
    op.create_index("ix_incident_places_incident_id", "incident_places", ["incident_id"], unique=False)
    op.create_table(
        "reports",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("idempotency_key", sa.String(length=200), nullable=True),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reviewed_by", sa.String(length=120), nullable=False),
        sa.Column("reviewed_at", sa.String(length=32), nullable=False),
        sa.Column("correction", JSON, nullable=True),
        sa.Column("received_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_reports_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("external_id", name=op.f("uq_reports_external_id")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_reports_idempotency_key")),
    )
    op.create_index(op.f("ix_reports_document_id"), "reports", ["document_id"], unique=False)
    op.create_table(
        "case_keys",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_keys_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_keys")),
    )
    op.create_index("ix_case_keys_key_id", "case_keys", ["key", "id"], unique=False)
    op.create_index("ix_case_keys_case_id", "case_keys", ["case_id"], unique=False)
    op.create_table(
        "links",
        sa.Column("first", sa.String(length=32), nullable=False),
        sa.Column("second", sa.String(length=32), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.ForeignKeyConstraint(["first"], ["cases.id"], name=op.f("fk_links_first")),
        sa.ForeignKeyConstraint(["second"], ["cases.id"], name=op.f("fk_links_second")),
        sa.PrimaryKeyConstraint("first", "second", name=op.f("pk_links")),
    )
    op.create_index("ix_links_second", "links", ["second"], unique=False)
    op.bulk_insert(sa.table("counters", sa.column("name"), sa.column("value")), [{"name": "sequence", "value": 0}])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(SQLITE_INDEX)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_index")
    op.drop_index("ix_links_second", table_name="links")
    op.drop_table("links")
    op.drop_index("ix_case_keys_case_id", table_name="case_keys")
    op.drop_index("ix_case_keys_key_id", table_name="case_keys")
    op.drop_table("case_keys")
    op.drop_index(op.f("ix_reports_document_id"), table_name="reports")
    op.drop_table("reports")
    op.drop_index("ix_incident_places_incident_id", table_name="incident_places")
    op.drop_table("incident_places")
    op.drop_index("ix_inbox_state_attempts_id", table_name="inbox")
    op.drop_index("ix_inbox_batch_id", table_name="inbox")
    op.drop_table("inbox")
    op.drop_index(op.f("ix_cases_incident_id"), table_name="cases")
    op.drop_index(op.f("ix_cases_document_id"), table_name="cases")
    op.drop_table("cases")
    op.drop_index(op.f("ix_batch_rows_document_id"), table_name="batch_rows")
    op.drop_table("batch_rows")
    op.drop_index("ix_articles_review", table_name="articles")
    op.drop_index("ix_articles_kind_label", table_name="articles")
    op.drop_table("articles")
    op.drop_index("ix_search_keys_sort_key", table_name="search_keys")
    op.drop_table("search_keys")
    op.drop_index("ix_incidents_loss_max_fen", table_name="incidents")
    op.drop_index("ix_incidents_last_date", table_name="incidents")
    op.drop_index("ix_incidents_label_sequence", table_name="incidents")
    op.drop_index("ix_incidents_first_date", table_name="incidents")
    op.drop_table("incidents")
    op.drop_index(op.f("ix_documents_doc_id"), table_name="documents")
    op.drop_table("documents")
    op.drop_table("counters")
    op.drop_index(op.f("ix_changes_incident_id"), table_name="changes")
    op.drop_table("changes")
    op.drop_index(op.f("ix_batches_started_at"), table_name="batches")
    op.drop_table("batches")
