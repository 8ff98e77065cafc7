"""The orders of the console's table: indexes that carry the number, so that a page is a stretch of one.

Revision ID: 0033
Revises: 0032
"""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("last_date", "loss_max_fen"):
        op.drop_index(f"ix_incidents_{column}", table_name="incidents")
    for column in ("last_date", "loss_max_fen", "sources"):
        op.create_index(f"ix_incidents_{column}", "incidents", [column, "sequence"])


def downgrade() -> None:
    for column in ("last_date", "loss_max_fen", "sources"):
        op.drop_index(f"ix_incidents_{column}", table_name="incidents")
    for column in ("last_date", "loss_max_fen"):
        op.create_index(f"ix_incidents_{column}", "incidents", [column])
