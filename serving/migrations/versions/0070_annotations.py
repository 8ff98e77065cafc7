"""Annotations of people with all their versions, and the indexes by which the queue finds what to annotate.

Revision ID: 0070
Revises: 0061
"""

import sqlalchemy as sa
from alembic import op

from serving.store.tables import BigKey, Json

revision = "0070"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "annotations",
        sa.Column("id", BigKey, autoincrement=True, nullable=False),
        sa.Column("document_id", sa.String(32), nullable=False),
        sa.Column("annotator", sa.String(120), nullable=False),
        sa.Column("part", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("also", Json, nullable=False),
        sa.Column("tactics", Json, nullable=False),
        sa.Column("spans", Json, nullable=False),
        sa.Column("machine", Json, nullable=False),
        sa.Column("taxonomy", sa.String(32), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_annotations_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotations")),
    )
    op.create_index(
        "ix_annotations_document_id_annotator_part", "annotations", ["document_id", "annotator", "part"], unique=True
    )
    op.create_index("ix_annotations_annotator_at", "annotations", ["annotator", "at"])
    op.create_index("ix_annotations_label", "annotations", ["label"])
    op.create_table(
        "annotation_versions",
        sa.Column("annotation_id", BigKey, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("back", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(120), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["annotation_id"], ["annotations.id"], name=op.f("fk_annotation_versions_annotation_id")
        ),
        sa.PrimaryKeyConstraint("annotation_id", "revision", name=op.f("pk_annotation_versions")),
    )
    # What the machine is least sure of, and each type in the order of the documents' ids, which are hashes: a fair draw.
    op.create_index("ix_articles_review_confidence", "articles", ["review", "confidence"])
    op.create_index("ix_articles_kind_label_document_id", "articles", ["kind", "label", "document_id"])
    op.drop_index("ix_articles_review", table_name="articles")
    op.drop_index("ix_articles_kind_label", table_name="articles")


def downgrade() -> None:
    op.create_index("ix_articles_kind_label", "articles", ["kind", "label"])
    op.create_index("ix_articles_review", "articles", ["review"])
    op.drop_index("ix_articles_kind_label_document_id", table_name="articles")
    op.drop_index("ix_articles_review_confidence", table_name="articles")
    op.drop_table("annotation_versions")
    op.drop_table("annotations")
