"""Annotations out of the store into label files, and label files into the store.

In: a session, and which annotations; or the judgments that `corpora.exchange` read. Out: judgments with their texts, unmasked (whoever calls
this has checked the role and written the audit line); or what became of each. Bringing in what is there already changes nothing; what is
older than what stands there is left out, and nothing that was saved is lost: every version stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from corpora.judgments import JudgedDocument, Judgment
from corpora.private import sounds_private
from nlp import taxonomy
from nlp.errors import FanzhaError, InputError
from nlp.extract.amounts import find_sums
from nlp.records import Amount, Document
from nlp.spelling import fold
from serving import gone_texts, inbox
from serving.annotation import saving
from serving.annotation.disputes import differ
from serving.annotation.saving import HELD, JUDGED, SETTLED, judgment_now, judgment_of, waits_again
from serving.store.tables import DocumentRow
from serving.store.tables_annotation import AnnotationRow

Which = Literal["all", "final"]
# Role of a person → key of the gold form's lists.
_PEOPLE = {"suspect": "suspects", "victim": "victims", "official": "officials"}
PAGE = 200


@dataclass(slots=True)
class Brought:
    """What became of a file: written, already there, older than what stands there, and the reasons for what was refused."""

    written: int = 0
    already: int = 0
    older: int = 0
    documents: int = 0  # texts that the store did not have; they are in the inbox now
    refused: list[InputError] = field(default_factory=list)


def given_out(session: Session, which: Which = "all", annotator: str = "") -> Iterator[JudgedDocument]:
    """Annotations with their texts, by document. which: all, or final: one a document, its settlement or what nobody disputes.

    Of all, each stands in the labels it was given in; the final ones stand in today's, and what waits to be judged again is left out.
    annotator: only his, "" for everybody's. Withdrawn documents are left out: nobody gives out what was taken back; so are those without a text.
    """
    query = (
        sa.select(AnnotationRow.document_id)
        .join(DocumentRow, DocumentRow.id == AnnotationRow.document_id)
        .where(AnnotationRow.state == HELD, DocumentRow.withdrawn.is_(False), gone_texts.stands())
        .distinct()
        .order_by(AnnotationRow.document_id)
        .limit(PAGE)
    )
    after = ""
    while ids := list(session.scalars(query.where(AnnotationRow.document_id > after))):
        rows = session.scalars(
            sa.select(AnnotationRow)
            .where(AnnotationRow.document_id.in_(ids), AnnotationRow.state == HELD)
            .order_by(AnnotationRow.document_id, AnnotationRow.id)
        ).all()
        documents = {row.id: row for row in session.scalars(sa.select(DocumentRow).where(DocumentRow.id.in_(ids)))}
        for document_id in ids:
            of = [row for row in rows if row.document_id == document_id]
            for row in of if which == "all" else _final(document_id, of):
                if annotator in ("", row.annotator):
                    said = judgment_of(row) if which == "all" else judgment_now(row)
                    yield _judged(documents[document_id], row, said)
        after = ids[-1]


def _final(document_id: str, rows: list[AnnotationRow]) -> list[AnnotationRow]:
    """The settlement, else the first annotation of a document that nobody disputes; [] for an open dispute."""
    rows = [row for row in rows if not waits_again(row.label)]
    if settled := [row for row in rows if row.part == SETTLED]:
        return settled[:1]
    return (
        rows[:1] if not rows or differ(document_id, {row.annotator: judgment_now(row) for row in rows}) is None else []
    )


def _judged(document: DocumentRow, row: AnnotationRow, said: Judgment) -> JudgedDocument:
    return JudgedDocument(
        document.doc_id, document.text, said, row.annotator, row.at, row.part, document.id, document.nature, incidents_of(document.text, said)
    )  # fmt: skip


def incidents_of(text: str, said: Judgment) -> list[dict[str, Any]] | None:
    """The judgment's spans as the `incidents` of the gold files: one case, whose people, places and sums are listed once each by wording.

    None where nothing was marked in a case: nobody judged its mentions. A sum's yuan are what our rules read in it, null where nothing.
    """
    if said.kind != taxonomy.load(said.taxonomy).kinds[0].id:
        return []
    if not said.spans:
        return None
    lists: dict[str, list[Any]] = {name: [] for name in ("places", "amounts", *_PEOPLE.values(), "others")}
    case: dict[str, Any] = {"label": said.label, "summary": ""} | lists
    for span in said.spans:
        surface = text[span.start : span.end]
        if span.type == "person":
            names = case[_PEOPLE.get(span.role, "others")]
            names += [surface] * (surface not in names)
        elif span.type in ("place", "amount"):
            entry = {"surface": surface, "role": span.role or "other"} | (
                _yuan(surface) if span.type == "amount" else {}
            )
            listed = case[f"{span.type}s"]
            listed += [entry] * (entry not in listed)
    return [case]


def _yuan(surface: str) -> dict[str, float | None]:
    values = [mention.value for mention in find_sums(fold(surface))]
    value = values[0] if len(values) == 1 else None
    if not isinstance(value, Amount) or value.currency != "CNY":
        return {"cny_min": None, "cny_max": None}
    return {"cny_min": float(value.value_min), "cny_max": float(value.value_max)}


def bring_in(session: Session, found: Iterable[JudgedDocument | InputError], by: str) -> Brought:
    """Write what a file holds, in the caller's transaction; `by` brings it and is named in every version. One fault stops no other."""
    result = Brought()
    for item in found:
        if isinstance(item, InputError):
            result.refused.append(item)
            continue
        try:
            with session.begin_nested():
                _bring(session, item, by, result)
        except FanzhaError as error:
            told = InputError(
                error.found, where=item.where or item.doc_id, expected=error.expected, advice=error.advice
            )
            result.refused.append(told)
    return result


def _bring(session: Session, item: JudgedDocument, by: str, result: Brought) -> None:
    document_id = _document(session, item)
    new = document_id is None
    if document_id is None:
        nature = item.nature or ("complaint" if sounds_private(item.text) else "published")
        document = Document(item.doc_id, item.text, nature=nature, origin=f"标注文件，{by}")  # type: ignore[arg-type]
        document_id = inbox.accept(session, document).document_id
    part = SETTLED if item.part == SETTLED else JUDGED
    annotator = item.annotator or by
    held = saving.held(session, document_id, annotator, part)
    if held is not None and judgment_of(held) == item.judgment:
        result.already += 1
    elif held is not None and item.at and _moment(item.at) < _moment(held.at):
        result.older += 1
    else:
        seen = saving.revision_of(session, document_id, annotator, part)
        saving.save(session, document_id, item.judgment, by=annotator, seen=seen, part=part, at=item.at, saved_by=by)
        result.written += 1
    result.documents += new


def _document(session: Session, item: JudgedDocument) -> str | None:
    """The live document with this very text: by the store's id, by its own name, or by what an import of it would be called."""
    asked = (DocumentRow.id == item.document_id) | (DocumentRow.doc_id == item.doc_id)
    query = sa.select(DocumentRow.id).where(asked, DocumentRow.text == item.text, DocumentRow.withdrawn.is_(False))
    return session.scalar(query.order_by(DocumentRow.id != item.document_id, DocumentRow.id).limit(1))


def _moment(at: str) -> datetime:
    moment = datetime.fromisoformat(at)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
