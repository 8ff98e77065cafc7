"""What a change of the taxonomy would touch, counted before it is done: incidents, complaints, annotations, what is judged again, models.

In: a session, the steps of a draft, model folders. Out: numbers. It changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import taxonomy
from nlp.errors import ModelError
from nlp.model_folder import spoken
from nlp.taxonomy import Taxonomy
from serving.annotation.saving import HELD
from serving.people import RANKS
from serving.queries import IncidentFilter
from serving.statistics import totals
from serving.store.tables import ArticleRow, CaseRow, DocumentRow, ReportRow
from serving.store.tables_annotation import AnnotationRow

ADMIN = RANKS[-1]  # whose totals hold every incident


@dataclass(frozen=True, slots=True)
class Effect:
    """What one step touches: incidents under its labels, complaints, documents that people annotated so.

    revised: incidents that get a new revision in the feed; again: annotated documents that are queued again in 标注.
    """

    words: str
    incidents: int = 0
    reports: int = 0
    annotated: int = 0
    revised: int = 0
    again: int = 0


@dataclass(frozen=True, slots=True)
class ModelEffect:
    """What becomes of a model's words: `merged` are added up under another, `stay` under a label that was split or retired; `silent`: labels
    of the version that it cannot say. broken: why it cannot be read, "" where it can."""

    name: str
    version: str
    labels: int
    merged: tuple[str, ...] = ()
    stay: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    broken: str = ""


def of_step(session: Session, step: Mapping[str, Any]) -> Effect:
    """The numbers of one step. Labels that an earlier step of the same draft made stand on nothing yet."""
    ids = {"add": [], "merge": list(step.get("ids") or ())}.get(step["act"], [step.get("id")])
    if not ids:
        return Effect(step["words"])
    incidents, reports, annotated = _standing(session, ids)
    revised = 0
    if step["act"] == "merge":
        told = sa.select(sa.func.count(sa.distinct(CaseRow.incident_id))).where(CaseRow.label.in_(ids))
        revised = session.scalar(told) or 0
    return Effect(step["words"], incidents, reports, annotated, revised, annotated if step["act"] == "split" else 0)


def of_going_back(session: Session, now: Taxonomy, then: Taxonomy) -> dict[str, int]:
    """Numbers of going back from `now` to `then`: what stands under labels that are called otherwise there."""
    from serving.taxonomies.carrying import moved

    ids = moved(now, then)
    incidents, reports, annotated = _standing(session, ids) if ids else (0, 0, 0)
    return {"incidents": incidents, "reports": reports, "annotated": annotated}


def _standing(session: Session, ids: Collection[Any]) -> tuple[int, int, int]:
    """Incidents, complaints, annotated documents under labels as they are called now."""
    incidents = totals(session, (), IncidentFilter(labels=tuple(ids)), viewer=ADMIN)
    reports = (
        sa.select(sa.func.count(sa.distinct(ReportRow.id)))
        .join(ArticleRow, ArticleRow.document_id == ReportRow.document_id)
        .where(ArticleRow.label.in_(ids), ArticleRow.kind != taxonomy.UNRELATED, ReportRow.state != "withdrawn")
    )
    return sum(row.incidents for row in incidents), session.scalar(reports) or 0, annotated_under(session, ids)


def annotated_under(session: Session, ids: Collection[Any]) -> int:
    """Documents that somebody annotated under one of these labels, whatever it was called then."""
    known = taxonomy.load()
    said = {*ids, *(old for old, now in known.successors.items() if now in ids)}
    query = (
        sa.select(sa.func.count(sa.distinct(AnnotationRow.document_id)))
        .join(DocumentRow, DocumentRow.id == AnnotationRow.document_id)
        .where(AnnotationRow.state == HELD, AnnotationRow.label.in_(said), DocumentRow.withdrawn.is_(False))
    )
    return session.scalar(query) or 0


def by_label(session: Session) -> tuple[dict[str, int], dict[str, int]]:
    """Label as it is called now → incidents, and → annotations that are held."""
    now = taxonomy.load().now
    incidents = {row.keys[0]: row.incidents for row in totals(session, ("label",), viewer=ADMIN)}
    annotated: dict[str, int] = {}
    held = sa.select(AnnotationRow.label, sa.func.count(sa.distinct(AnnotationRow.document_id)))
    for label, count in session.execute(held.where(AnnotationRow.state == HELD).group_by(AnnotationRow.label)):
        annotated[now(label)] = annotated.get(now(label), 0) + count
    return incidents, annotated


def of_models(after: Taxonomy, folders: Mapping[str, Path]) -> list[ModelEffect]:
    """How each model gets on under `after`: all go on working, but what some say is added up, left with people, or never said."""
    found, shipped = [], taxonomy.load(taxonomy.CURRENT)
    for name, folder in folders.items():
        try:
            version, labels = spoken(folder)
        except ModelError as error:
            found.append(ModelEffect(name, "", 0, broken=error.found))
            continue
        names = [named or shipped.name_of(label) for label, named in labels.items()]
        said = {after.now(label) for label in labels}
        found.append(
            ModelEffect(
                name, version, len(labels),
                merged=tuple(named for label, named in zip(labels, names, strict=True) if after.now(label) != label),
                stay=tuple(after.name_of(label) for label in said if after.is_former(label)),
                silent=tuple(label.name for label in after.labels if label.id not in said),
            )
        )  # fmt: skip
    return found


def numbers(effects: Sequence[Effect]) -> dict[str, Any]:
    """What the act of publishing keeps of the preview."""
    return {"steps": [{name: getattr(one, name) for name in one.__dataclass_fields__} for one in effects]}
