"""Which groups of fields went out of a document before the document itself.

Revision ID: 0095
Revises: 0094
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0095"
down_revision = "0094"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    # Also where names went already: an erasure on one person's word was noted the same way, and the names of the others wait for their day.
    op.add_column("documents", sa.Column("expired_fields", JSON, nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("documents", "expired_fields")
