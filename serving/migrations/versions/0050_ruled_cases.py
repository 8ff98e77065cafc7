"""Which stretch of which document a person's merge or split speaks of, so that it outlives a new reading.

Revision ID: 0050
Revises: 0041
"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ruled_cases",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("decision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=True),
        sa.Column("moved", sa.Boolean(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name=op.f("fk_ruled_cases_decision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ruled_cases")),
    )
    for column in ("decision_id", "document_id", "case_id"):
        op.create_index(f"ix_ruled_cases_{column}", "ruled_cases", [column])
    _remember()


def _remember() -> None:
    """Rulings that stand speak of the cases they moved; of the other side their links name at least one."""
    bind = op.get_bind()
    from serving.store.feed_tables import DecisionRow, RuledCaseRow
    from serving.store.tables import CaseRow

    decisions, cases = DecisionRow.__table__, CaseRow.__table__
    query = sa.select(decisions.c.id, decisions.c.details).where(
        decisions.c.sort.in_(("merge", "split")), decisions.c.undone_at == ""
    )
    for number, details in bind.execute(query).all():
        moved = set(details["cases"])
        others = {link[end] for link in details["links"] for end in ("first", "second")} - moved
        for side, wanted in ((True, moved), (False, others)):
            for at in range(0, len(wanted), 1000):
                some = sorted(wanted)[at : at + 1000]
                rows = [
                    {"decision_id": number, "document_id": row.document_id, "case_id": row.id, "moved": side,
                     "start": row.data["start"], "end": row.data["end"]}
                    for row in bind.execute(sa.select(cases.c.id, cases.c.document_id, cases.c.data).where(cases.c.id.in_(some)))
                ]  # fmt: skip
                if rows:
                    bind.execute(sa.insert(RuledCaseRow.__table__), rows)


def downgrade() -> None:
    op.drop_table("ruled_cases")
