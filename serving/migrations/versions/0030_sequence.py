"""What readers see moves only when they may see why; old states; people's decisions; dates and codes that sort by byte.

Revision ID: 0030
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0021"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Dates and codes are compared with bounds that are no dates or codes ("2024-05~"): only by byte is that what we mean.
BY_BYTE = {
    "incidents": (("first_date", 32), ("last_date", 32), ("published_last", 40)),
    "incident_places": (("code", 12),),
}


def upgrade() -> None:
    op.add_column("incidents", sa.Column("reader_sequence", sa.BigInteger(), nullable=True))
    op.add_column("incidents", sa.Column("reader_revision", sa.Integer(), nullable=False, server_default="0"))
    for column in ("reader_created_at", "reader_revised_at"):
        op.add_column("incidents", sa.Column(column, sa.String(length=32), nullable=False, server_default=""))
    op.create_index("ix_incidents_reader_sequence", "incidents", ["reader_sequence"], unique=False)
    op.create_index("ix_incidents_label_reader_sequence", "incidents", ["label", "reader_sequence"], unique=False)
    op.add_column("changes", sa.Column("reader_revision", sa.Integer(), nullable=True))
    op.execute("UPDATE incidents SET reader_sequence = sequence, reader_revision = revision, "
               "reader_created_at = created_at, reader_revised_at = revised_at WHERE public")  # fmt: skip
    op.execute("UPDATE changes SET reader_revision = revision WHERE public")
    op.create_table(
        "incident_versions",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("incident_id", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("reader_sequence", sa.BigInteger(), nullable=True),
        sa.Column("reader_revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("revised_at", sa.String(length=32), nullable=False),
        sa.Column("reader_created_at", sa.String(length=32), nullable=False),
        sa.Column("reader_revised_at", sa.String(length=32), nullable=False),
        sa.Column("facets", JSON, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_incident_versions")),
    )
    op.create_index("ix_incident_versions_until_sequence", "incident_versions", ["until", "sequence"], unique=False)
    op.create_index(op.f("ix_incident_versions_incident_id"), "incident_versions", ["incident_id"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("incident_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_memberships_document_id")),
        sa.PrimaryKeyConstraint("document_id", "incident_id", name=op.f("pk_memberships")),
    )
    op.execute("INSERT INTO memberships (document_id, incident_id) "
               "SELECT DISTINCT document_id, incident_id FROM cases WHERE incident_id IS NOT NULL")  # fmt: skip
    op.create_table(
        "decisions",
        sa.Column("id", BIG_KEY, autoincrement=True, nullable=False),
        sa.Column("incident_id", sa.String(length=32), nullable=False),
        sa.Column("sort", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.Column("undone_by", sa.String(length=120), nullable=False),
        sa.Column("undone_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_incident_id"), "decisions", ["incident_id"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        for table, columns in BY_BYTE.items():
            for column, length in columns:
                op.execute(f'ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar({length}) COLLATE "C"')


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, columns in BY_BYTE.items():
            for column, length in columns:
                op.execute(f'ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar({length}) COLLATE "default"')
    for table in ("decisions", "memberships", "incident_versions"):
        op.drop_table(table)
    op.drop_column("changes", "reader_revision")
    op.drop_index("ix_incidents_label_reader_sequence", table_name="incidents")
    op.drop_index("ix_incidents_reader_sequence", table_name="incidents")
    for column in ("reader_revised_at", "reader_created_at", "reader_revision", "reader_sequence"):
        op.drop_column("incidents", column)
