"""The tables of annotations: what each person says of each document now, and everything he ever said.

Rows hold data and no verbs. No letter of a document stands here: spans are offsets into the document's stored text.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.tables import Base, BigKey, Json, Moment


class AnnotationRow(Base):
    """What one person says of one document now. part: judged, or settled (it ended a dispute). state: held, withdrawn.

    `revision` counts his savings. `spans` are {start, end, type, role}, sorted. `machine` is what the model said when this was saved
    ({kind, label, model, labels: label → probability with the empty one}), {} where it had not read the document: label errors are
    suspected from it.
    """

    __tablename__ = "annotations"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id"))
    annotator: Mapped[str] = mapped_column(String(120))
    part: Mapped[str] = mapped_column(String(16))
    revision: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    label: Mapped[str] = mapped_column(String(64))
    also: Mapped[list[str]] = mapped_column(Json)
    tactics: Mapped[list[str]] = mapped_column(Json)
    spans: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    machine: Mapped[dict[str, Any]] = mapped_column(Json)
    taxonomy: Mapped[str] = mapped_column(String(32))
    at: Mapped[str] = mapped_column(Moment)
    __table_args__ = (
        Index("ix_annotations_document_id_annotator_part", "document_id", "annotator", "part", unique=True),
        Index("ix_annotations_annotator_at", "annotator", "at"),
        Index("ix_annotations_label", "label"),
    )


class AnnotationVersionRow(Base):
    """One saving of an annotation, never changed: `content` is the judgment as JSON, `by` who saved it. back: it undoes the one before."""

    __tablename__ = "annotation_versions"
    annotation_id: Mapped[int] = mapped_column(ForeignKey("annotations.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(16))
    back: Mapped[bool] = mapped_column(Boolean)
    by: Mapped[str] = mapped_column(String(120))
    at: Mapped[str] = mapped_column(Moment)
    content: Mapped[dict[str, Any]] = mapped_column(Json)
