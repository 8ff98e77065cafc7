"""The analysis of a stored document as the wire form of `nlp`: what the machine said, with what a person put over it.

In: a session and a document's id. Out: dicts as `nlp.wire` writes them, and `corrected_by`. For analysts: nothing is masked.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from nlp import taxonomy, wire
from nlp.records import Case
from serving import queries
from serving.store import shapes
from serving.store.tables import ArticleRow


def articles(session: Session, document_id: str) -> list[dict[str, Any]]:
    """Every article of a document with its cases, in order; [] while it is not analysed."""
    cases: dict[int, list[Case]] = defaultdict(list)
    for row in queries.cases_of(session, document_id):
        cases[row.article].append(replace(shapes.load_case(row.data), label=row.label))
    return [_article(row, tuple(cases[row.number])) for row in queries.articles_of(session, document_id)]


def _article(row: ArticleRow, cases: tuple[Case, ...]) -> dict[str, Any]:
    fields = wire.analysis_fields(replace(shapes.load_analysis(row.analysis), cases=cases))
    decided = {
        "kind": row.kind,
        "label": taxonomy.label_told(row.kind, row.label),
        "review": row.review,
        "corrected_by": row.corrected_by,
    }
    if row.corrected_by and decided["label"] != fields["label"]:
        decided["confidence"] = 1.0  # a person's word; `labels` still tells what the machine thought
    return fields | decided
