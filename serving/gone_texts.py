"""Documents whose text went with time (`serving.keeping.retention`, the group "text"): nobody reads, compares or annotates them again.

In: a row of `documents`. Out: is its text gone; the same as a condition of a query; the reason, for people; did it lose words since a moment.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from serving.store.tables import DocumentRow

# The group of fields (`retention.GROUPS`) after which the text has no letters any more.
TEXT = "text"
REASON = "全文已按留存规则去掉，原文里没有字了，不再分析"
_DOCUMENTS = sa.inspect(DocumentRow).local_table
_REDACTED = sa.select(_DOCUMENTS.c.redacted_at).where(_DOCUMENTS.c.id == sa.bindparam("document"))


def is_gone(row: DocumentRow) -> bool:
    """Has the text of this document no letters any more?"""
    return TEXT in row.expired_fields


def stands() -> sa.ColumnElement[bool]:
    """The texts that still have their letters."""
    return DocumentRow.expired_fields[TEXT].as_string().is_(None)


def lost_words(session: Session, document_id: str, since: str) -> bool:
    """Did a document lose names or its text after `since`, the `redacted_at` that it had then?"""
    return session.scalar(_REDACTED, {"document": document_id}) != since
