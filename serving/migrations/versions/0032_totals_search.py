"""Daily totals; the main place of an incident; words on PostgreSQL through tsvector.

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def by_byte(length):
    return sa.String(length=length).with_variant(sa.String(length=length, collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("incidents", sa.Column("place_code", by_byte(12), nullable=True))
    op.create_table(
        "daily_totals",
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("day", by_byte(32), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("code", by_byte(12), nullable=False),
        sa.Column("incidents", sa.BigInteger(), nullable=False),
        sa.Column("with_loss", sa.BigInteger(), nullable=False),
        sa.Column("loss_min_fen", sa.BigInteger(), nullable=False),
        sa.Column("loss_max_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("public", "day", "label", "code", name=op.f("pk_daily_totals")),
    )
    # The first place of an incident stands in for the main one until it is built anew.
    op.execute("UPDATE incidents SET place_code = (SELECT min(code) FROM incident_places WHERE incident_id = incidents.id) "
               "WHERE NOT withdrawn")  # fmt: skip
    from serving import statistics

    session = Session(op.get_bind())
    statistics.rebuild(session)
    session.flush()
    op.add_column(
        "search_keys", sa.Column("vector", sa.Text().with_variant(postgresql.TSVECTOR(), "postgresql"), nullable=True)
    )
    if op.get_bind().dialect.name == "postgresql":
        from serving.store.search import letters, lexemes

        bind = op.get_bind()
        rows = bind.execute(sa.text("SELECT id, text FROM search_keys WHERE text IS NOT NULL")).all()
        for number, text in rows:
            bind.execute(
                sa.text("UPDATE search_keys SET text = :text, vector = array_to_tsvector(:words) WHERE id = :id"),
                {"text": letters(text), "words": lexemes(text), "id": number},
            )
        op.execute("CREATE INDEX ix_search_keys_vector ON search_keys USING gin (vector)")


def downgrade() -> None:
    op.drop_column("search_keys", "vector")
    op.drop_table("daily_totals")
    op.drop_column("incidents", "place_code")
