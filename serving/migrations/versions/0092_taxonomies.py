"""Versions of the taxonomy that people publish, and when each was put in force.

Revision ID: 0092
Revises: 0091
"""

import sqlalchemy as sa
from alembic import op

from serving.store.tables import BigKey, Json

revision = "0092"
down_revision = "0091"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "taxonomies",
        sa.Column("id", BigKey, autoincrement=True, nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("base", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("steps", Json, nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("by", sa.String(120), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_taxonomies")),
        sa.UniqueConstraint("version", name=op.f("uq_taxonomies_version")),
    )
    op.create_table(
        "taxonomy_acts",
        sa.Column("id", BigKey, autoincrement=True, nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("before", sa.String(32), nullable=False),
        sa.Column("by", sa.String(120), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("numbers", Json, nullable=False),
        sa.Column("cursor", sa.String(32), nullable=False),
        sa.Column("done_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_taxonomy_acts")),
    )


def downgrade() -> None:
    op.drop_table("taxonomy_acts")
    op.drop_table("taxonomies")
