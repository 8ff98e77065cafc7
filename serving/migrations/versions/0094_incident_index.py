"""Incidents have an index of their own: words and facets under the numbers that lists are sorted by.

Revision ID: 0094
Revises: 0093
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from serving.store.incident_index import FACETS, SQLITE_INDEX, facets, vector_facets

revision = "0094"
down_revision = "0093"
branch_labels = None
depends_on = None

PAGE = 2000
_STANDING = (
    f"SELECT id, sequence, reader_sequence, public, {', '.join(FACETS)} FROM incidents "
    "WHERE sequence > :after AND withdrawn = :no ORDER BY sequence LIMIT :page"
)
_PLACES = "SELECT incident_id, code, public FROM incident_places WHERE incident_id IN :ids"
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
    after: int | None = -1
    while after is not None:
        after = _page(bind, after, is_sqlite)
    if is_sqlite:
        op.execute("DELETE FROM search_index WHERE rowid IN (SELECT id FROM search_keys WHERE sort = 'incident')")
    else:
        op.execute("CREATE INDEX ix_incident_words_vector ON incident_words USING gin (vector)")
    op.execute("DELETE FROM search_keys WHERE sort = 'incident'")


def _page(bind, after, is_sqlite):
    rows = bind.execute(sa.text(_STANDING), {"after": after, "no": False, "page": PAGE}).mappings().all()
    if not rows:
        return None
    places: dict[str, tuple[list[str], list[str]]] = {row["id"]: ([], []) for row in rows}
    asked = sa.text(_PLACES).bindparams(sa.bindparam("ids", expanding=True))
    for incident, code, public in bind.execute(asked, {"ids": list(places)}):
        places[incident][1].append(code)
        if public:
            places[incident][0].append(code)
    entries = []
    for row in rows:
        # An old line of the log may have been told to analysts alone: they find the incident elsewhere then.
        viewers = {row["sequence"]: ["analyst"]}
        if row["public"] and row["reader_sequence"]:
            viewers.setdefault(row["reader_sequence"], []).append("reader")
        for number, seen_by in viewers.items():
            told = facets(row, *places[row["id"]], seen_by)
            written = " ".join(told) if is_sqlite else vector_facets(number, told)
            entries.append({"number": number, "id": row["id"], "told": written})
    bind.execute(sa.text(_SQLITE if is_sqlite else _POSTGRES), entries)
    return rows[-1]["sequence"]


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
