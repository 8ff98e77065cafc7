"""The full-text index made anew from what it follows from: the texts of documents and what incidents may be found by.

In: an open write session. Out: rows of the index, a page at a time or all of it. After a restore, and after the key of the data was replaced.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from serving import incidents
from serving.found_by import text_of
from serving.store.search import search_for
from serving.store.tables import ArticleRow, DocumentRow, IncidentRow

PAGE = 200


def everything(session: Session) -> None:
    """Let every document and incident be found by what it is found by now."""
    for step in (documents, incidents_):
        after: str | None = ""
        while after is not None:
            after = step(session, after)


def documents(session: Session, after: str) -> str | None:
    """The next page of documents that were analysed and not withdrawn; where to go on, None at the end."""
    search = search_for(session.get_bind().dialect.name)
    analysed = sa.select(ArticleRow.document_id).where(ArticleRow.document_id == DocumentRow.id).exists()
    query = sa.select(DocumentRow.id, DocumentRow.text, DocumentRow.nature).where(
        DocumentRow.withdrawn.is_(False), analysed, DocumentRow.id > after
    )
    rows = session.execute(query.order_by(DocumentRow.id).limit(PAGE)).all()
    for row in rows:
        search.put(session, row.id, row.text, private=row.nature == "complaint")
    return rows[-1].id if rows else None


def incidents_(session: Session, after: str) -> str | None:
    """The next page of incidents that are not gone; where to go on, None at the end."""
    # In the order of their last changes; `after` is such a number in digits.
    number = IncidentRow.sequence
    query = sa.select(IncidentRow).where(IncidentRow.withdrawn.is_(False), number > int(after or -1))
    rows = session.scalars(query.order_by(number).limit(PAGE)).all()
    for row in rows:
        incidents.enter(
            session, row, incidents.numbers_of(row), text_of(row.data), *incidents.codes_of(session, row.id)
        )
    last = str(rows[-1].sequence) if rows else None
    for row in rows:
        session.expunge(row)
    return last
