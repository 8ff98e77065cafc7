"""What the machine says of a document as a whole: where a person's annotation starts, and what label errors are suspected from.

In: the articles of a document. Out: a `Judgment` to start from; the probabilities of all labels, the empty one among them. A document of
several articles is taken for the one that tells a case most surely, as at the desk; its spans are those of all articles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from corpora.judgments import SPAN_ROLES, UNRELATED, Judgment, MarkedSpan
from nlp import taxonomy
from nlp.records import Verdict
from nlp.todays_words import verdict_now
from serving.store import shapes
from serving.store.tables import ArticleRow


@dataclass(frozen=True, slots=True)
class Proposal:
    """The machine's judgment, how sure it is of kind and label (0–1), whether it asks for a person, and which model it is."""

    judgment: Judgment
    kind_confidence: float
    confidence: float
    review: bool
    model: str


def main_article(articles: Sequence[ArticleRow]) -> ArticleRow | None:
    """The article that speaks for the document: the surest of those that tell a case, else the surest."""
    known = taxonomy.load().kinds[0].id
    return max(articles, key=lambda article: (article.kind == known, article.confidence), default=None)


def propose(articles: Sequence[ArticleRow]) -> Proposal | None:
    """The machine's judgment of a document, None where it was not analysed. Offsets are the document's."""
    first = main_article(articles)
    if first is None:
        return None
    known = taxonomy.load()
    analyses = [shapes.load_analysis(article.analysis) for article in articles]
    spans = {
        (mention.start, mention.end, mention.kind): MarkedSpan(
            mention.start, mention.end, mention.kind, mention.role if mention.role in SPAN_ROLES.get(mention.kind, ()) else ""
        )
        for analysis in analyses
        for mention in analysis.mentions
        if mention.start < mention.end
    }  # fmt: skip
    verdict = verdict_now(shapes.load_analysis(first.analysis).verdict)
    label = known.empty.id if first.kind == UNRELATED else first.label
    also = tuple(word for word in verdict.also if word != label) if first.kind != UNRELATED else ()
    tactics = tuple(dict.fromkeys(word for analysis in analyses for word in analysis.tactics))
    judgment = Judgment(first.kind, label, also, tactics, tuple(sorted(spans.values())), known.version)
    return Proposal(judgment, verdict.kind_confidence, verdict.confidence, first.review, verdict.model)


def machine_says(articles: Sequence[ArticleRow]) -> dict[str, Any]:
    """What `AnnotationRow.machine` keeps: kind, label and model, and the probability of every label; {} for what was not analysed."""
    first = main_article(articles)
    if first is None:
        return {}
    verdict = shapes.load_analysis(first.analysis).verdict
    return {"kind": verdict.kind, "label": verdict.label, "model": verdict.model, "labels": probabilities(verdict)}


def probabilities(verdict: Verdict) -> dict[str, float]:
    """Label → probability, the empty label taking that of the kind "unrelated", the others what it leaves them; they sum to about 1."""
    known = taxonomy.load()
    unrelated = verdict.kinds.get(UNRELATED)
    if unrelated is None:  # a classifier that gives the best kind alone: the rest is shared evenly by the other two
        sure = verdict.kind_confidence
        unrelated = sure if verdict.kind == UNRELATED else (1 - sure) / (len(known.kinds) - 1)
    return {known.empty.id: unrelated} | {
        label: share * (1 - unrelated) for label, share in verdict.labels.items() if label != known.empty.id
    }
