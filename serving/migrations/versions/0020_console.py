"""Indexes of the console: its overview and its desk.

Revision ID: 0020
Revises: 0010
"""

from alembic import op

revision = "0020"
down_revision = "0010"
branch_labels = None
depends_on = None

_ARRIVAL = ["created_at", "withdrawn", "public", "label", "loss_min_fen", "loss_max_fen", "last_date", "published_last"]


def upgrade() -> None:
    op.create_index("ix_incidents_arrival", "incidents", _ARRIVAL)
    op.create_index("ix_reports_reviewed_by_received_at", "reports", ["reviewed_by", "received_at"])
    op.create_index("ix_reports_received_at", "reports", ["received_at"])


def downgrade() -> None:
    op.drop_index("ix_reports_received_at", table_name="reports")
    op.drop_index("ix_reports_reviewed_by_received_at", table_name="reports")
    op.drop_index("ix_incidents_arrival", table_name="incidents")
