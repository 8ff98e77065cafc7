"""What migrations that fill the index of incidents need: every incident that stands, with its facets under each of its numbers.

In: an open connection at a schema that has `incident_places` and the columns of `FACETS`. Out: entries, page by page. It writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from serving.store.incident_index import FACETS, facets, vector_facets

PAGE = 2000
_STANDING = (
    f"SELECT id, sequence, reader_sequence, public, {', '.join(FACETS)} FROM incidents "
    "WHERE sequence > :after AND withdrawn = :no ORDER BY sequence LIMIT :page"
)
_PLACES = "SELECT incident_id, code, public FROM incident_places WHERE incident_id IN :ids"


def entries(bind: sa.Connection) -> Iterator[list[dict[str, Any]]]:
    """Pages of entries: number, id and what is told there, words in one text on SQLite, a list of lexemes on PostgreSQL."""
    is_sqlite, after = bind.dialect.name == "sqlite", -1
    asked = sa.text(_PLACES).bindparams(sa.bindparam("ids", expanding=True))
    while rows := bind.execute(sa.text(_STANDING), {"after": after, "no": False, "page": PAGE}).mappings().all():
        places: dict[str, tuple[list[str], list[str]]] = {row["id"]: ([], []) for row in rows}
        for incident, code, public in bind.execute(asked, {"ids": list(places)}):
            places[incident][1].append(code)
            if public:
                places[incident][0].append(code)
        found = []
        for row in rows:
            # An old line of the log may have been told to analysts alone: they find the incident elsewhere then.
            viewers = {row["sequence"]: ["analyst"]}
            if row["public"] and row["reader_sequence"]:
                viewers.setdefault(row["reader_sequence"], []).append("reader")
            for number, seen_by in viewers.items():
                told = facets(row, *places[row["id"]], seen_by)
                written = " ".join(told) if is_sqlite else vector_facets(number, told)
                found.append({"number": number, "id": row["id"], "told": written})
        yield found
        after = rows[-1]["sequence"]
