"""Incidents have an index of their own: words and facets under the numbers that lists are sorted by.

Revision ID: 0094
Revises: 0093
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from serving.migrations.standing_facets import entries
from serving.store.incident_index import SQLITE_INDEX

revision = "0094"
down_revision = "0093"
branch_labels = None
depends_on = None

_SQLITE = (
    "INSERT INTO search_index_incidents (rowid, words, pairs, facets) SELECT :number, found.words, found.pairs, :told "
    "FROM search_keys AS known JOIN search_index AS found ON found.rowid = known.id WHERE known.sort = 'incident' AND known.key = :id"
)
_POSTGRES = (
    "INSERT INTO incident_words (number, text, vector) SELECT :number, text, array_to_tsvector(tsvector_to_array(vector) || "
    "CAST(:told AS text[])) FROM search_keys WHERE sort = 'incident' AND key = :id"
)


def upgrade() -> None:
    bind = op.get_bind()
    is_sqlite = bind.dialect.name == "sqlite"
    op.create_table(
        "incident_words",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("vector", sa.Text().with_variant(postgresql.TSVECTOR(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_incident_words")),
    )
    if is_sqlite:
        op.execute(SQLITE_INDEX)
    for page in entries(bind):
        bind.execute(sa.text(_SQLITE if is_sqlite else _POSTGRES), page)
    if is_sqlite:
        op.execute("DELETE FROM search_index WHERE rowid IN (SELECT id FROM search_keys WHERE sort = 'incident')")
    else:
        op.execute("CREATE INDEX ix_incident_words_vector ON incident_words USING gin (vector)")
    op.execute("DELETE FROM search_keys WHERE sort = 'incident'")


def downgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        op.execute("INSERT INTO search_keys (sort, key) SELECT 'incident', id FROM incidents WHERE NOT withdrawn")
        op.execute(
            "INSERT INTO search_index (rowid, words, pairs) SELECT known.id, found.words, found.pairs FROM search_keys AS known "
            "JOIN incidents ON incidents.id = known.key JOIN search_index_incidents AS found ON found.rowid = incidents.sequence "
            "WHERE known.sort = 'incident'"
        )
        op.execute("DROP TABLE search_index_incidents")
    else:
        op.execute(
            "INSERT INTO search_keys (sort, key, text, vector) SELECT 'incident', incidents.id, found.text, ts_filtered.vector "
            "FROM incidents JOIN incident_words AS found ON found.number = incidents.sequence CROSS JOIN LATERAL (SELECT "
            "array_to_tsvector(ARRAY(SELECT word FROM unnest(tsvector_to_array(found.vector)) AS word WHERE left(word, 1) NOT IN ('#', '~'))) "
            "AS vector) AS ts_filtered WHERE NOT incidents.withdrawn"
        )
    op.drop_table("incident_words")
