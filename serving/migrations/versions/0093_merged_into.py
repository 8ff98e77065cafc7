"""An index over where incidents were merged into: SQLite looks for such rows at every new incident whose cases were assigned before it was written.

Without one it read the whole table each time, 1.8 s of processor at a million incidents.

Revision ID: 0093
Revises: 0092
"""

import sqlalchemy as sa
from alembic import op

revision = "0093"
down_revision = "0092"
branch_labels = None
depends_on = None


def upgrade() -> None:
    there = sa.text("merged_into IS NOT NULL")
    op.create_index(
        "ix_incidents_merged_into", "incidents", ["merged_into"], sqlite_where=there, postgresql_where=there
    )


def downgrade() -> None:
    op.drop_index("ix_incidents_merged_into", table_name="incidents")
