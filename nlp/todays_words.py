"""What a model said, under the version of the taxonomy that is in force: labels as they are called now.

In: a verdict or an analysis as the model gave it, which is what is kept. Out: the same with labels that were merged since added up under
the one that counts for them. Under the shipped version nothing changes. It asks no model and reads no file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from nlp import taxonomy
from nlp.records import Analysis, Case, Verdict


def verdict_now(verdict: Verdict) -> Verdict:
    """The verdict in today's labels. Probabilities of merged labels add up, and so the best one may be another than the model's.

    A label that was split or retired keeps its probability: the model knows none of its parts. Where it is the best one, a person decides.
    """
    known = taxonomy.load()
    if not known.successors and not known.former:
        return verdict
    labels = together(verdict.labels)
    best = known.now(verdict.label)
    if labels:
        # A rule may have outdone the probabilities: only where the model's word is the likeliest do the sums decide.
        likeliest = max(verdict.labels.values()) <= verdict.labels.get(verdict.label, 0.0)
        best = max(labels, key=lambda label: (labels[label], label == best)) if likeliest else best
    former = verdict.kind != taxonomy.UNRELATED and known.is_former(best)
    return replace(
        verdict, label=best, confidence=labels.get(best, verdict.confidence), labels=labels,
        also=tuple(dict.fromkeys(word for label in verdict.also if (word := known.now(label)) != best)),
        review=verdict.review or former, label_doubtful=verdict.label_doubtful or former,
    )  # fmt: skip


def together(labels: Mapping[str, float]) -> dict[str, float]:
    """Label → probability as the model gives it, as today's label → probability; the sum stays what it was."""
    known, found = taxonomy.load(), defaultdict[str, float](float)
    for label, share in labels.items():
        found[known.now(label)] += share
    return {label: round(share, 6) for label, share in found.items()}


def case_now(case_label: str, said: Verdict) -> str:
    """The label of a case of an article: with the article's where the model called both the same, else under its own successor."""
    return verdict_now(said).label if case_label == said.label else taxonomy.load().now(case_label)


def analysis_now(analysis: Analysis) -> Analysis:
    """Verdict and cases in today's labels."""
    known = taxonomy.load()
    if not known.successors and not known.former:
        return analysis

    def told(case: Case) -> Case:
        return replace(case, label=case_now(case.label, analysis.verdict))

    return replace(analysis, verdict=verdict_now(analysis.verdict), cases=tuple(map(told, analysis.cases)))
