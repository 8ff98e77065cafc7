"""The full-text index made anew from what it follows from: the texts of documents and what incidents may be found by.

In: an open write session. Out: rows of the index. After a restore, and after the key of the data was replaced.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from serving import incidents
from serving.store import shapes
from serving.store.search import search_for
from serving.store.tables import ArticleRow, DocumentRow, IncidentRow
from serving.views import NAMES, READERS

PAGE = 200


def everything(session: Session) -> int:
    """Let every document and incident be found by what it is found by now; how many."""
    return documents(session) + incidents_(session)


def documents(session: Session) -> int:
    """Documents that were analysed and not withdrawn."""
    search = search_for(session.get_bind().dialect.name)
    analysed = sa.select(ArticleRow.document_id).where(ArticleRow.document_id == DocumentRow.id).exists()
    query = sa.select(DocumentRow.id, DocumentRow.text).where(DocumentRow.withdrawn.is_(False), analysed)
    count, after = 0, ""
    while rows := session.execute(query.where(DocumentRow.id > after).order_by(DocumentRow.id).limit(PAGE)).all():
        for row in rows:
            search.put(session, "document", row.id, row.text)
        count, after = count + len(rows), rows[-1].id
    return count


def incidents_(session: Session) -> int:
    """Incidents that are not gone."""
    search = search_for(session.get_bind().dialect.name)
    # In the order of their last changes, as filing gives numbers in the index.
    number = IncidentRow.sequence
    query = sa.select(IncidentRow.id, IncidentRow.data, number).where(IncidentRow.withdrawn.is_(False))
    count, after = 0, -1
    while rows := session.execute(query.where(number > after).order_by(number).limit(PAGE)).all():
        for row in rows:
            whole = shapes.load_incident({key: part for key, part in row.data.items() if key not in (NAMES, READERS)})
            shown = shapes.load_incident(row.data[READERS]) if row.data.get(READERS) else whole
            search.put(session, "incident", row.id, incidents.search_text(shown, whole, row.data[NAMES]))
        count, after = count + len(rows), rows[-1].sequence
    return count
