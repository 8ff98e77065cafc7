"""The report row of a complaint that comes in: new, taken up again, or the one that a corrected text belongs to.

In: an open write transaction and a complaint as it is stored. Out: rows of `reports`. `serving.inbox` puts the document beside it,
`serving.reports` does what people do with a report later.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp.errors import ConflictError
from nlp.records import Document
from serving.store.identity import now, report_id
from serving.store.tables import ReportRow

# Needed for every complaint: put together once, and of a table, for an entity costs more than its row.
_REPORTS = sa.inspect(ReportRow).local_table
_REPORTED = sa.select(_REPORTS.c.id).where(_REPORTS.c.id == sa.bindparam("report"))


def file(
    session: Session, report: ReportRow | None, document: Document, identity: str, idempotency_key: str | None, body_hash: str,
    corrects: str | None = None,
) -> str:  # fmt: skip
    """The report of a complaint, new or taken up again, as received and not reviewed; returns its id."""
    said = {
        "external_id": document.metadata.get("external_id") or None, "idempotency_key": idempotency_key, "body_hash": body_hash
    }  # fmt: skip
    values = {"document_id": identity, "state": "received", "reviewed_by": "", "reviewed_at": ""} | (
        {} if corrects else said
    )
    if report is None:
        name = name_of(document, identity)
        session.execute(_REPORTS.insert(), values | {"id": name, "received_at": now()})
        return name
    for column, value in values.items():
        setattr(report, column, value)
    session.flush()
    return report.id


def corrected(session: Session, document: Document, identity: str) -> ReportRow | None:
    """The live report that said this before a person corrected its text."""
    report = session.get(ReportRow, name_of(document, identity))
    if report is None or report.state == "withdrawn" or not report.correction:
        return None
    steps = [report.correction, *report.correction.get("earlier", [])]
    return report if any(step.get("replaces") == identity for step in steps) else None


def name_of(document: Document, identity: str) -> str:
    """The id that the report of this complaint has."""
    return report_id(document.metadata.get("external_id") or None, identity)


def free(session: Session, document: Document, identity: str, corrects: str | None) -> ReportRow | None:
    """The report that this complaint corrects or takes up again, None for a new one; ConflictError when it is in use."""
    if corrects:
        return session.get_one(ReportRow, corrects)
    name = name_of(document, identity)
    if session.scalar(_REPORTED, {"report": name}) is None:
        return None
    known = session.get(ReportRow, name)
    if known is None or known.state == "withdrawn":
        return known
    raise ConflictError(
        f"编号 {known.external_id or known.id} 已用于另一件投诉", where=document.origin or document.doc_id,
        advice=f"如要更正，请用 PUT /v1/reports/{known.id}；如是另一件，请换编号",
    )  # fmt: skip


def of_document(session: Session, identity: str) -> str | None:
    """The id of the report that this document belongs to."""
    return session.scalar(sa.select(ReportRow.id).where(ReportRow.document_id == identity))
