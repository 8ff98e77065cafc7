"""Keeps annotations: each person has one of a document and may change it; every saving stays, and nobody overwrites unseen.

In: an open write transaction, a checked judgment, who saves, and the revision he saw. Out: the row. A saving that another one of the same
person overtook (two browsers) raises ConflictError and writes nothing; `held` then gives what stands there, to be seen beside one's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from corpora.judgments import Judgment, as_data, check, from_data, in_todays_words
from nlp import taxonomy
from nlp.errors import ConflictError, InputError, NotFoundError
from serving import gone_texts, queries
from serving.annotation.proposing import machine_says
from serving.store.identity import now
from serving.store.tables import DocumentRow
from serving.store.tables_annotation import AnnotationRow, AnnotationVersionRow
from serving.taxonomies.versions import refresh

Part = Literal["judged", "settled"]
JUDGED: Part = "judged"
SETTLED: Part = "settled"
HELD, WITHDRAWN = "held", "withdrawn"
MOST_NAME = 120


def save(
    session: Session, document_id: str, judgment: Judgment, *, by: str, seen: int, part: Part = JUDGED, at: str = "",
    saved_by: str = "",
) -> AnnotationRow:  # fmt: skip
    """Write what `by` says of a document. seen: the revision he saw, 0 for none. at, saved_by: when it was said and who writes it down,

    for what is brought in from a file.

    A dispute has one settlement whoever writes it: `by` of the settling version is kept with it. Raises ConflictError where another
    saving came between or the document was withdrawn, InputError, TaxonomyError.
    """
    # 1. One saving of a document at a time: the row of the document is the lock (SQLite has one writer anyhow).
    document = session.get(DocumentRow, document_id, with_for_update=True)
    if document is None:
        raise NotFoundError("没有这个文档", where=document_id)
    if document.withdrawn:
        raise ConflictError("这件文档已撤回，标注没有保存", where=document_id)
    if gone_texts.is_gone(document):
        raise ConflictError("这件文档的全文已按留存规则去掉，标注没有保存", where=document_id)
    if not by.strip() or len(by) > MOST_NAME or not by.isprintable():
        raise InputError("标注人的名字不成形", where=document_id, expected=f"1 到 {MOST_NAME} 字")
    refresh(session)
    check(judgment, document.text, document_id)
    # 2. Is it still as he saw it?
    row = _row(session, document_id, by, part)
    found = row.revision if row is not None else 0
    if found != seen:
        raise ConflictError(
            f"您看过之后，这一件在别处又保存过（现为第 {found} 次，您看的是第 {seen} 次）",
            where=document_id,
            advice="请看过两份再定",
        )
    # 3. The row, and the version that stays.
    moment = at or now()
    if row is None:
        row = AnnotationRow(document_id=document_id, part=part, revision=0)
    row.annotator, row.machine = by, machine_says(queries.articles_of(session, document_id))
    _put(row, judgment, moment, HELD)
    session.add(row)
    session.flush()
    _remember(session, row, judgment, saved_by or by)
    return row


def take_back(session: Session, document_id: str, *, by: str, seen: int, part: Part = JUDGED) -> AnnotationRow:
    """Undo the last saving: what was held before holds again, or nothing does. It is a saving too, so nothing is lost.

    Raises NotFoundError, ConflictError where it is not the revision that was seen.
    """
    row = _row(session, document_id, by, part)
    if row is None or row.state != HELD:
        raise NotFoundError("没有您的标注可撤", where=document_id)
    if row.revision != seen:
        raise ConflictError("这一件在别处又保存过，没有撤销", where=document_id)
    earlier = _before(session, row)
    judgment = from_data(earlier.content) if earlier is not None else judgment_of(row)
    _put(row, judgment, now(), HELD if earlier is not None else WITHDRAWN)
    row.annotator = earlier.by if earlier is not None else row.annotator  # a settlement may have been another's before
    session.flush()
    _remember(session, row, judgment, by, back=True)
    return row


def held(session: Session, document_id: str, by: str, part: Part = JUDGED) -> AnnotationRow | None:
    """What `by` says of a document now, None where he says nothing. A settlement is found whoever made it."""
    row = _row(session, document_id, by, part)
    return row if row is not None and row.state == HELD else None


def all_of(session: Session, document_id: str, part: Part = JUDGED) -> Sequence[AnnotationRow]:
    """What everybody says of a document, in the order in which they began."""
    query = sa.select(AnnotationRow).where(
        AnnotationRow.document_id == document_id, AnnotationRow.part == part, AnnotationRow.state == HELD
    )
    return session.scalars(query.order_by(AnnotationRow.id)).all()


def versions(session: Session, row: AnnotationRow) -> Sequence[AnnotationVersionRow]:
    """Every saving of an annotation, oldest first."""
    query = sa.select(AnnotationVersionRow).where(AnnotationVersionRow.annotation_id == row.id)
    return session.scalars(query.order_by(AnnotationVersionRow.revision)).all()


def judgment_of(row: AnnotationRow) -> Judgment:
    """The record of a row."""
    return from_data({name: getattr(row, name) for name in ("kind", "label", "also", "tactics", "spans", "taxonomy")})


def judgment_now(row: AnnotationRow) -> Judgment:
    """The same under the version of the taxonomy in force: labels that were merged since under the one that counts for them."""
    return in_todays_words(judgment_of(row))


def waits_again(label: str) -> bool:
    """Was this label split since it was given? Then nobody has said yet which of its parts it is."""
    known = taxonomy.load()
    return known.now(label) in known.split


def to_judge_again() -> list[str]:
    """Labels as they may stand in the store that were split: what was annotated under them is judged again."""
    known = taxonomy.load()
    return sorted({*known.split, *(label for label, now in known.successors.items() if now in known.split)})


def settled() -> sa.Select[Any]:
    """Ids of documents whose dispute is settled, and the settlement still says which label it is."""
    return sa.select(AnnotationRow.document_id).where(
        AnnotationRow.part == SETTLED, AnnotationRow.state == HELD, AnnotationRow.label.not_in(to_judge_again())
    )


def revision_of(session: Session, document_id: str, by: str, part: Part = JUDGED) -> int:
    """The number to be sent back as `seen`: it counts also what was taken back."""
    row = _row(session, document_id, by, part)
    return row.revision if row is not None else 0


def _row(session: Session, document_id: str, by: str, part: Part) -> AnnotationRow | None:
    query = sa.select(AnnotationRow).where(AnnotationRow.document_id == document_id, AnnotationRow.part == part)
    return session.scalar(query if part == SETTLED else query.where(AnnotationRow.annotator == by))


def _put(row: AnnotationRow, judgment: Judgment, at: str, state: str) -> None:
    """The judgment into the row, as its next revision."""
    for name, value in as_data(judgment).items():
        setattr(row, name, value)
    row.revision, row.state, row.at = row.revision + 1, state, at


def _remember(session: Session, row: AnnotationRow, judgment: Judgment, by: str, *, back: bool = False) -> None:
    content = as_data(judgment)
    version = AnnotationVersionRow(revision=row.revision, state=row.state, back=back, by=by, at=row.at, content=content)
    version.annotation_id = row.id
    session.add(version)
    session.flush()


def _before(session: Session, row: AnnotationRow) -> AnnotationVersionRow | None:
    """The version that the present one replaced: savings are laid on a stack, each undoing takes one off."""
    stack: list[AnnotationVersionRow] = []
    for version in versions(session, row):
        if version.back:
            stack.pop()
        else:
            stack.append(version)
    return stack[-2] if len(stack) > 1 else None
