"""Cases out of the store as `nlp.resolve` wants them.

In: case ids or an incident id. Out: `SourcedCase`s of documents that are not withdrawn. It resolves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp.incident import Source, SourcedCase
from serving.store import shapes
from serving.store.tables import ArticleRow, CaseRow, DocumentRow, ReportRow

# Values in one IN (...): SQLite takes 32,766 since 3.32, PostgreSQL 65,535; a thousand keeps the statement readable in logs.
CHUNK = 1000
# Cases kept for comparing; about 10 kB each.
KEPT = 10_000

_kept: dict[tuple[str, str], SourcedCase] = {}
_LIGHT = (
    sa.select(
        CaseRow.id, CaseRow.stamp, CaseRow.data, CaseRow.signature, CaseRow.document_id, DocumentRow.doc_id, DocumentRow.nature,
        ArticleRow.title,
    )
    .join(DocumentRow, DocumentRow.id == CaseRow.document_id)
    .join(ArticleRow, (ArticleRow.document_id == CaseRow.document_id) & (ArticleRow.number == CaseRow.article))
    .where(DocumentRow.withdrawn.is_(False))
)  # fmt: skip
# Columns, not entities: ten thousand incidents are rebuilt in an import, and ORM objects cost more than their rows.
_FULL = (
    _LIGHT.add_columns(
        DocumentRow.text, DocumentRow.title.label("document_title"), DocumentRow.publisher.label("document_publisher"),
        DocumentRow.published.label("document_published"), DocumentRow.url, DocumentRow.licence, ArticleRow.published,
        ArticleRow.publisher, ArticleRow.review, ArticleRow.model, ReportRow.reviewed_by,
    )
    .outerjoin(ReportRow, (ReportRow.document_id == DocumentRow.id) & (ReportRow.state != "withdrawn"))
)  # fmt: skip


def chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """`values` in runs of at most `CHUNK`."""
    for at in range(0, len(values), CHUNK):
        yield values[at : at + CHUNK]


def to_compare(session: Session, case_ids: Sequence[str]) -> dict[str, SourcedCase]:
    """The cases with these ids by id, without their documents' texts, in which comparing has no interest.

    What was read is kept in the process: candidates come up again and again, and reading one costs ten times comparing it.
    """
    found: dict[str, SourcedCase] = {}
    missing: list[str] = []
    for some in chunks(case_ids):
        for case_id, stamp in session.execute(sa.select(CaseRow.id, CaseRow.stamp).where(CaseRow.id.in_(some))):
            if (kept := _kept.get((case_id, stamp))) is not None:
                found[case_id] = kept
            else:
                missing.append(case_id)
    for some in chunks(missing):
        for row in session.execute(_LIGHT.where(CaseRow.id.in_(some))):
            found[row.id] = _keep(row)
    return found


def _keep(row: Any) -> SourcedCase:
    source = Source(row.document_id, row.doc_id, nature=row.nature)
    case = SourcedCase(row.id, source, shapes.load_case(row.data), "", row.title, signature=tuple(row.signature))
    while len(_kept) >= KEPT:
        _kept.pop(next(iter(_kept)), None)
    _kept[row.id, row.stamp] = case
    return case


def of_incident(session: Session, incident_id: str) -> list[SourcedCase]:
    """The cases of an incident in the order of their ids, with the texts that evidence is quoted from."""
    rows = session.execute(_FULL.where(CaseRow.incident_id == incident_id).order_by(CaseRow.id))
    return [_sourced(row) for row in rows]


def _sourced(row: Any) -> SourcedCase:
    return SourcedCase(
        case_id=row.id,
        source=Source(
            document_id=row.document_id, doc_id=row.doc_id, title=row.document_title, publisher=row.document_publisher,
            url=row.url, published=row.document_published, nature=row.nature, reviewed=bool(row.reviewed_by), licence=row.licence,
        ),
        case=shapes.load_case(row.data),
        text=row.text,
        article_title=row.title,
        article_published=row.published,
        publisher=row.publisher,
        review=row.review,
        model=row.model,
        signature=tuple(row.signature),
    )  # fmt: skip
