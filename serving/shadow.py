"""A model tried on documents that are in the store already, beside the one in use: what would change, item by item, nothing written.

In: two model folders, which documents, how many. Out: the articles on which they differ in kind, type or whether a person is asked. Both
judge the same cleaned text by themselves; the rules that weigh the kind afterwards are the same for both and left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import model_folder, taxonomy
from nlp.classify import Classifier
from nlp.clean import clean
from nlp.records import Document, Verdict
from nlp.todays_words import verdict_now
from serving import gone_texts, inbox
from serving.store import Store
from serving.store.tables import DocumentRow, ReportRow

Which = Literal["reports", "documents"]
# Documents of one run at most: a complaint takes 0.05 to 0.1 s of processor time a model.
MOST = 300
LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Difference:
    """An article on which two models differ. `first` and `second`: (kind, type or "", confidence, goes to a person)."""

    document_id: str
    title: str
    article: int
    first: tuple[str, str, float, bool]
    second: tuple[str, str, float, bool]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two models make of the same articles; counts of articles in which kind, type, asking a person differ."""

    first: str
    second: str
    documents: int
    articles: int
    kinds: int
    labels: int
    reviews: int
    differences: tuple[Difference, ...]


def newest(session: Session, which: Which, count: int) -> list[tuple[str, Document]]:
    """The newest documents, or those of the newest complaints: (id, record). Left out: very long ones, withdrawn ones, texts that went."""
    query = sa.select(DocumentRow).where(
        DocumentRow.withdrawn.is_(False), gone_texts.stands(), sa.func.length(DocumentRow.text) <= LONGEST
    )
    if which == "reports":
        query = query.join(ReportRow, ReportRow.document_id == DocumentRow.id).order_by(ReportRow.received_at.desc())
    else:
        query = query.order_by(DocumentRow.stored_at.desc())
    rows = session.scalars(query.order_by(DocumentRow.id).limit(min(count, MOST)))
    return [(row.id, inbox.as_document(row)) for row in rows]


def compare(store: Store, first: Path, second: Path, which: Which, count: int) -> Comparison:
    """Both models on the same documents. Raises ModelError where one cannot be loaded."""
    models = [model_folder.load(folder, threads=1) for folder in (first, second)]
    with store.reading() as session:
        documents = newest(session, which, count)
    differences: list[Difference] = []
    articles = kinds = labels = reviews = 0
    for document_id, document in documents:
        cut = clean(document)
        told = [_told(model, [article.text for article in cut]) for model in models]
        for number, (article, ours, theirs) in enumerate(zip(cut, *told, strict=True)):
            articles += 1
            kinds += ours[0] != theirs[0]
            labels += ours[1] != theirs[1]
            reviews += ours[3] != theirs[3]
            if (ours[0], ours[1], ours[3]) != (theirs[0], theirs[1], theirs[3]):
                title = article.title or document.title or document.doc_id
                differences.append(Difference(document_id, " ".join(title.split())[:80], number, ours, theirs))
    return Comparison(
        models[0].model, models[1].model, len(documents), articles, kinds, labels, reviews, tuple(differences)
    )


def _told(model: Classifier, texts: Sequence[str]) -> list[tuple[str, str, float, bool]]:
    return [_shown(verdict_now(verdict)) for verdict in model.classify(texts)]


def _shown(verdict: Verdict) -> tuple[str, str, float, bool]:
    label = "" if verdict.kind == taxonomy.UNRELATED else verdict.label
    return verdict.kind, label, verdict.kind_confidence if not label else verdict.confidence, verdict.review
