"""What lists are narrowed by stands in the indexes that they are walked along: a row of some kilobytes is read for the page alone.

Revision ID: 0090
Revises: 0080
"""

from alembic import op

revision = "0090"
down_revision = "0080"
branch_labels = None
depends_on = None

REST = (
    "withdrawn", "public", "last_date", "first_date", "published_last", "loss_max_fen", "loss_min_fen", "status", "basis", "tlp", "id",
)  # fmt: skip
BY_LABEL = {f"ix_incidents_label_{order}": ("label", order) for order in ("sequence", "reader_sequence")}


def upgrade() -> None:
    for name in (*BY_LABEL, "ix_incidents_reader_sequence"):
        op.drop_index(name, table_name="incidents")
    for order in ("sequence", "reader_sequence"):
        op.create_index(f"ix_incidents_walk_{order}", "incidents", [order, "label", *REST])
        op.create_index(f"ix_incidents_walk_label_{order}", "incidents", ["label", order, *REST])


def downgrade() -> None:
    for order in ("sequence", "reader_sequence"):
        op.drop_index(f"ix_incidents_walk_{order}", table_name="incidents")
        op.drop_index(f"ix_incidents_walk_label_{order}", table_name="incidents")
    for name, columns in BY_LABEL.items():
        op.create_index(name, "incidents", list(columns))
    op.create_index("ix_incidents_reader_sequence", "incidents", ["reader_sequence"])
