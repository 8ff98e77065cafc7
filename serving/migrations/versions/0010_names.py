"""What a document names, and which places readers find an incident by.

Revision ID: 0010
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    # Columns with constant defaults: SQLite adds them without copying the table. They are filled by serving.migrations.run.
    op.add_column("documents", sa.Column("names", JSON, server_default="{}", nullable=False))
    op.add_column("incident_places", sa.Column("public", sa.Boolean(), server_default=sa.true(), nullable=False))
