"""Temperatures and thresholds out of held-out logits: how sure a model may sound, and when a person has to decide.

In: out-of-fold logits with the right answers. Out: `nlp.classify.Calibration` and what was measured while choosing it, with intervals over
clusters. It never sees the documents that are reported on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.classify import Calibration, softmax
from training.gather import Example

# Temperatures tried; the best one never came near either end.
TEMPERATURES = np.geomspace(0.05, 8.0, 200)
# A second label is shown when at least this part of such labels was right (gold label or accepted second one).
ALSO_PRECISION = 0.5
# Bootstrap over clusters; the 95 % interval of 500 documents is then stable to the second digit.
RESAMPLES = 1000
# What `Answers.figures` tells → its name on the card.
KIND_FIGURES = {
    "right": "kind_accuracy", "calibration_error": "kind_calibration_error", "coverage": "kind_coverage", "precision": "kind_precision",
}  # fmt: skip
LABEL_FIGURES = {
    "right": "label_strict", "accepted": "label_accepted", "calibration_error": "label_calibration_error",
    "coverage": "label_coverage", "precision": "label_precision",
}  # fmt: skip


def negative_log_likelihood(logits: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    """Mean of −log p(truth). logits: (n, classes); truth: (n,)."""
    chosen = softmax(logits)[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())


def fit_temperature(logits: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    """The temperature under which the right classes are most probable."""
    losses = [negative_log_likelihood(logits / temperature, truth) for temperature in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def expected_error(
    confidence: NDArray[np.float64],
    right: NDArray[np.bool_],
    bins: int = 10,
    weights: NDArray[np.float64] | None = None,
) -> float:
    """Expected calibration error: mean gap of confidence and accuracy over equally wide bins, weighted by size."""
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    weights = np.ones(len(confidence)) if weights is None else weights
    gaps = np.bincount(which, weights * (confidence - right), minlength=bins)
    return float(np.abs(gaps).sum() / weights.sum())


def choose_threshold(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], precision: float
) -> tuple[float, float]:
    """(threshold, coverage): the lowest confidence at and above which `precision` of the answers are right.

    At least 20 answers have to stand above it; where no threshold reaches the precision it is 1.0 and the coverage 0.
    """
    order = np.argsort(-confidence, kind="stable")
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = [index for index in range(19, len(order)) if shares[index] >= precision]
    if not enough:
        return 1.0, 0.0
    return float(confidence[order[enough[-1]]]), (enough[-1] + 1) / len(order)


@dataclass(frozen=True, slots=True)
class Answers:
    """One head on held-out documents, arrays (n,): how sure, whether right, whether accepted (right, or a second label), which cluster.

    threshold: at and above which nobody is asked.
    """

    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]
    accepted: NDArray[np.bool_]
    clusters: NDArray[np.int64]
    threshold: float

    def figures(self, weights: NDArray[np.float64]) -> dict[str, float]:
        """Share right, share accepted, calibration error, coverage of the threshold, and share accepted at and above it."""
        total, sure = weights.sum(), weights * (self.confidence >= self.threshold)
        return {
            "right": float((weights * self.right).sum() / total),
            "accepted": float((weights * self.accepted).sum() / total),
            "calibration_error": expected_error(self.confidence, self.right, weights=weights),
            "coverage": float(sure.sum() / total),
            "precision": float((sure * self.accepted).sum() / sure.sum()) if sure.any() else 0.0,
        }

    def measured(self, seed: int = 0) -> dict[str, tuple[float, float, float]]:
        """Name → (value, low, high): 95 % bootstrap over whole clusters, for copies of one text are one observation.

        The calibration error of a resample lies above that of the sample, so its interval does too: it is on the safe side.
        """
        generator = np.random.default_rng(seed)
        _, cluster = np.unique(self.clusters, return_inverse=True)
        number = int(cluster.max()) + 1
        drawn = [
            self.figures(generator.multinomial(number, np.full(number, 1 / number))[cluster].astype(np.float64))
            for _ in range(RESAMPLES)
        ]
        found = {}
        for name, value in self.figures(np.ones(len(self.right))).items():
            low, high = np.percentile([one[name] for one in drawn], (2.5, 97.5))
            found[name] = (value, float(low), float(high))
        return found


def calibrate(
    examples: Sequence[Example],
    logits: NDArray[np.float32],
    kinds: Sequence[str],
    labels: Sequence[str],
    kind_precision: float,
    label_precision: float,
) -> tuple[Calibration, dict[str, float]]:
    """Calibration from out-of-fold logits (n, kinds + labels) of examples that people judged.

    Also returns what was measured, all out of fold: shares right, calibration errors, coverage and precision of the thresholds; those of
    an interval twice more, `_low` and `_high` (95 %, over clusters).
    """
    # 1. Kind: every example.
    kind_truth = np.array([kinds.index(example.kind) for example in examples])
    kind_logits = logits[:, : len(kinds)]
    kind_temperature = fit_temperature(kind_logits, kind_truth)
    kind_p = softmax(kind_logits / kind_temperature)
    kind_right = kind_p.argmax(axis=1) == kind_truth
    kind_threshold, _ = choose_threshold(kind_p.max(axis=1), kind_right, kind_precision)
    # 2. Label: examples that have one; an accepted second label counts as right for the threshold.
    chosen = [index for index, example in enumerate(examples) if example.label in labels]
    truth = np.array([labels.index(examples[index].label) for index in chosen])
    label_logits = logits[chosen, len(kinds) :]
    temperature = fit_temperature(label_logits, truth)
    p = softmax(label_logits / temperature)
    accepted = [{examples[index].label, *examples[index].also} for index in chosen]
    given = [labels[best] for best in p.argmax(axis=1)]
    right = np.array([label in good for label, good in zip(given, accepted, strict=True)])
    threshold, _ = choose_threshold(p.max(axis=1), right, label_precision)
    # 3. Second labels.
    second = np.argsort(-p, axis=1)[:, 1]
    second_p = p[np.arange(len(p)), second]
    second_right = np.array([labels[s] in good for s, good in zip(second, accepted, strict=True)])
    also, _ = choose_threshold(second_p, second_right, ALSO_PRECISION)
    clusters = np.array([example.cluster for example in examples])
    kind_answers = Answers(kind_p.max(axis=1), kind_right, kind_right, clusters, kind_threshold)
    label_answers = Answers(p.max(axis=1), p.argmax(axis=1) == truth, right, clusters[chosen], threshold)
    measured: dict[str, float] = {}
    for names, answers in ((KIND_FIGURES, kind_answers), (LABEL_FIGURES, label_answers)):
        for figure, (value, low, high) in answers.measured().items():
            if figure in names:
                measured |= {names[figure]: value, f"{names[figure]}_low": low, f"{names[figure]}_high": high}
    calibration = Calibration(kind_temperature, temperature, kind_threshold, threshold, min(max(also, 0.1), 0.5))
    return calibration, {name: round(value, 4) for name, value in measured.items()}
