"""What became of a document with time: its names taken out, its text taken out.

Revision ID: 0061
Revises: 0060
"""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("redacted_at", "expired_at"):
        op.add_column("documents", sa.Column(name, sa.String(length=32), nullable=False, server_default=""))
    op.create_index("ix_documents_expired_at_stored_at", "documents", ["expired_at", "stored_at"])


def downgrade() -> None:
    op.drop_index("ix_documents_expired_at_stored_at", table_name="documents")
    for name in ("redacted_at", "expired_at"):
        op.drop_column("documents", name)
