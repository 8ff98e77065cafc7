"""Complaints one by one: received, corrected, reviewed, withdrawn. Nothing here analyses; the inbox row does that.

In: an open write transaction and a complaint, or a report's id. Out: the report row. A report keeps its id through corrections;
every correction is kept with who and when. Raises NotFoundError, ConflictError, TaxonomyError.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import taxonomy
from nlp.errors import ConflictError, InputError
from nlp.records import Document
from serving import changes, filing, inbox, incidents, marking, queries
from serving.store import locks
from serving.store.identity import content_hash, document_id, now
from serving.store.tables import ArticleRow, BatchEntryRow, DocumentRow, InboxRow, ReportRow
from serving.taxonomies import versions

KINDS = ("case", "advisory", "unrelated")


@dataclass(frozen=True, slots=True)
class Received:
    """A report that is on disk once the transaction commits. `new` False: the same was sent before, nothing changed."""

    report_id: str
    document_id: str
    new: bool
    claim: inbox.Claim | None = None  # the document is in the hands of the worker who asked for it


def body_hash(document: Document) -> str:
    """What two sendings of one complaint have in common: SHA-256 over number, title, text and dates as canonical JSON."""
    body = {
        "external_id": document.metadata.get("external_id", ""), "title": document.title, "text": document.text,
        "published": document.published, "publisher": document.publisher, "metadata": dict(document.metadata),
    }  # fmt: skip
    return content_hash("report" + json.dumps(body, ensure_ascii=False, sort_keys=True))


def receive(
    session: Session, document: Document, *, external_id: str | None = None, idempotency_key: str | None = None, owner: str = ""
) -> Received:  # fmt: skip
    """Accept one complaint. The same key or number with the same content answers as before and changes nothing.

    owner: see `inbox.accept`. Raises ConflictError for a key or number used for other content, InputError for an empty text.
    """
    metadata = dict(document.metadata) | ({"external_id": external_id} if external_id else {})
    document = replace(document, nature="complaint", metadata=metadata)
    digest = body_hash(document)
    locks.named(session, digest, external_id, idempotency_key)
    # 1. The sender repeats himself: after a lost answer, or by mistake with other content.
    if idempotency_key and (known := queries.find_report(session, idempotency_key=idempotency_key)):
        if known.body_hash != digest:
            raise ConflictError("同一 Idempotency-Key 用于不同内容", where=idempotency_key, advice="新的投诉请用新的键")
        return Received(known.id, known.document_id, new=False)
    number = metadata.get("external_id", "")
    if number and (known := queries.find_report(session, external_id=number)) and known.state != "withdrawn":
        if known.body_hash == digest:
            return Received(known.id, known.document_id, new=False)
        raise ConflictError(
            f"编号 {number} 已用于另一件投诉", where=known.id, advice=f"如要更正，请用 PUT /v1/reports/{known.id}"
        )
    # 2. Document, report and inbox row together.
    accepted = inbox.accept(
        session, replace(document, sha256=digest), idempotency_key=idempotency_key, body_hash=digest, owner=owner
    )
    if accepted.report_id is None:
        raise ConflictError("同样的内容已作为文章收下", where=accepted.document_id)
    fresh = accepted.outcome == "new" or accepted.restricted
    return Received(accepted.report_id, accepted.document_id, fresh, accepted.claim)


def correct(
    session: Session, report_id: str, *, by: str, document: Document | None = None, kind: str = "", label: str = "",
    note: str = "",
) -> ReportRow:  # fmt: skip
    """Correct a report: its text (`document`, analysed anew), or the machine's kind or label of it. Resolves at once.

    Raises InputError for an unknown kind, TaxonomyError for an unknown label, ConflictError for a withdrawn report.
    """
    # 1. Is it a correction at all?
    report = _live(session, report_id)
    versions.refresh(session)
    if kind and kind not in KINDS:
        raise InputError(f"未知种类 {kind!r}", where=report_id, expected="、".join(KINDS))
    if label:
        taxonomy.load().label(label)
    if document is None and not kind and not label:
        raise InputError("没有要更正的内容", where=report_id, expected="正文、种类或标签")
    if document is not None:
        # The inbox before the sequence, as every sender takes them: the other way round two of them wait for each other for ever.
        document, accepted_as = _new_text(report, document)
        locks.named(session, document_id(accepted_as), report.external_id)
    changes.lock(session)
    session.refresh(report)  # somebody else may have corrected it while we waited
    before = report.document_id
    # 2. Another text is another document under the same report.
    if document is not None:
        _replace_text(session, report, document, accepted_as)
    earlier = dict(report.correction or {})
    history = [*earlier.pop("earlier", []), earlier] if earlier else []
    kept = earlier if document is None else {}
    report.correction = {
        "by": by, "at": now(), "note": note, "kind": kind or kept.get("kind", ""), "label": label or kept.get("label", ""),
        "document_id": report.document_id, "replaces": before if before != report.document_id else None, "earlier": history,
    }  # fmt: skip
    # 3. A kind or label is put over what is filed; for a text not analysed yet, filing does it.
    analysed = session.scalar(sa.select(sa.func.count()).where(ArticleRow.document_id == report.document_id))
    if (kind or label) and analysed:
        row = session.get_one(DocumentRow, report.document_id)
        said = report.correction  # with what earlier corrections of the same text said
        touched = filing.relabel(session, row.id, inbox.as_document(row), said["kind"], said["label"], by)
        incidents.rebuild(session, touched)
        report.state = "corrected"
    session.flush()
    return report


def review(session: Session, report_id: str, *, by: str) -> ReportRow:
    """A person has looked at this complaint and lets it count: its incidents may now be served to readers."""
    report = _live(session, report_id)
    changes.lock(session)
    report.reviewed_by, report.reviewed_at = by, now()
    session.flush()
    incidents.rebuild(session, [row.id for row in queries.incidents_of(session, report.document_id)])
    return report


def withdraw(session: Session, report_id: str) -> ReportRow:
    """Take a report back: its cases leave their incidents. Twice is harmless. Raises NotFoundError."""
    report = queries.get_report(session, report_id)
    incidents.withdraw_documents(session, [report.document_id])
    session.refresh(report)
    return report


def view(report: ReportRow) -> dict[str, Any]:
    """The report's own fields as JSON; its document, analysis and incidents are asked for beside it."""
    return {
        "id": report.id, "external_id": report.external_id, "document_id": report.document_id, "state": report.state,
        "reviewed_by": report.reviewed_by, "reviewed_at": report.reviewed_at, "received_at": report.received_at,
        "correction": report.correction,
    }  # fmt: skip


def former_texts(report: ReportRow) -> list[str]:
    """The documents that this complaint was before its text was corrected, newest first."""
    said = report.correction or {}
    every = [said, *reversed(said.get("earlier", []))]
    return [told["replaces"] for told in every if told.get("replaces")]


def _live(session: Session, report_id: str) -> ReportRow:
    report = queries.get_report(session, report_id)
    if report.state == "withdrawn":
        raise ConflictError("这件投诉已撤回", where=report_id, advice="如需恢复，请重新提交")
    return report


def _new_text(report: ReportRow, document: Document) -> tuple[Document, str]:
    """The document that a corrected text is, and its hash: a correction to what another report says is still this report's."""
    metadata = dict(document.metadata) | ({"external_id": report.external_id} if report.external_id else {})
    document = replace(document, nature="complaint", metadata=metadata)
    return document, content_hash(f"{report.id}{body_hash(document)}")


def _replace_text(session: Session, report: ReportRow, document: Document, accepted_as: str) -> None:
    before = report.document_id
    batch = session.scalar(sa.select(InboxRow.batch_id).where(InboxRow.document_id == before))
    accepted = inbox.accept(session, replace(document, sha256=accepted_as), batch=batch, corrects=report.id)
    if accepted.outcome == "already":
        return
    # The import that brought the complaint now holds its corrected text, so undoing it takes the complaint back.
    session.execute(
        sa.update(BatchEntryRow).where(BatchEntryRow.document_id == before).values(document_id=accepted.document_id)
    )
    session.flush()
    incidents.withdraw_documents(session, [before])
    marking.inherit(session, before, accepted.document_id)
