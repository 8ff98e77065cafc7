"""Totals over months and provinces, days, years: what is asked most is not added up from days; incidents without a day by their publication.

Revision ID: 0041
Revises: 0040
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.orm import Session

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def by_byte(length):
    return sa.String(length=length).with_variant(sa.String(length=length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "coarse_totals",
        sa.Column("grain", sa.String(length=16), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("code", by_byte(12), nullable=False),
        sa.Column("day", by_byte(32), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("incidents", sa.BigInteger(), nullable=False),
        sa.Column("with_loss", sa.BigInteger(), nullable=False),
        sa.Column("loss_min_fen", sa.BigInteger(), nullable=False),
        sa.Column("loss_max_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("grain", "public", "code", "day", "label", name=op.f("pk_coarse_totals")),
    )
    op.create_index("ix_incidents_last_date_published_last", "incidents", ["last_date", "published_last"])
    from serving import statistics

    session = Session(op.get_bind())
    statistics.rebuild(session)
    session.flush()


def downgrade() -> None:
    op.drop_index("ix_incidents_last_date_published_last", table_name="incidents")
    op.drop_table("coarse_totals")
