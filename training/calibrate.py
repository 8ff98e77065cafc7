"""Temperatures and thresholds out of held-out logits: how sure a model may sound, and when a person has to decide.

In: out-of-fold logits with the right answers. Out: `nlp.classify.Calibration` and what was measured while choosing it. It never
sees the documents that are reported on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.classify import Calibration, softmax
from training.gather import Example

# Temperatures tried; the best one never came near either end.
TEMPERATURES = np.geomspace(0.05, 8.0, 200)
# A second label is shown when at least this part of such labels was right (gold label or accepted second one).
ALSO_PRECISION = 0.5


def negative_log_likelihood(logits: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    """Mean of −log p(truth). logits: (n, classes); truth: (n,)."""
    chosen = softmax(logits)[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())


def fit_temperature(logits: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    """The temperature under which the right classes are most probable."""
    losses = [negative_log_likelihood(logits / temperature, truth) for temperature in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def expected_error(confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error: mean gap of confidence and accuracy over equally wide bins, weighted by size."""
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[which == b].mean() - right[which == b].mean()) * (which == b).mean()
        for b in range(bins)
        if (which == b).any()
    ]
    return float(sum(gaps))


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


def calibrate(
    examples: Sequence[Example],
    logits: NDArray[np.float32],
    kinds: Sequence[str],
    labels: Sequence[str],
    kind_precision: float,
    label_precision: float,
) -> tuple[Calibration, dict[str, float]]:
    """Calibration from out-of-fold logits (n, kinds + labels) of examples that people judged.

    Also returns what was measured: errors, coverage, accuracy, all out of fold.
    """
    # 1. Kind: every example.
    kind_truth = np.array([kinds.index(example.kind) for example in examples])
    kind_logits = logits[:, : len(kinds)]
    kind_temperature = fit_temperature(kind_logits, kind_truth)
    kind_p = softmax(kind_logits / kind_temperature)
    kind_right = kind_p.argmax(axis=1) == kind_truth
    kind_threshold, kind_coverage = choose_threshold(kind_p.max(axis=1), kind_right, kind_precision)
    # 2. Label: examples that have one; an accepted second label counts as right for the threshold.
    chosen = [index for index, example in enumerate(examples) if example.label in labels]
    truth = np.array([labels.index(examples[index].label) for index in chosen])
    label_logits = logits[chosen, len(kinds) :]
    temperature = fit_temperature(label_logits, truth)
    p = softmax(label_logits / temperature)
    accepted = [{examples[index].label, *examples[index].also} for index in chosen]
    given = [labels[best] for best in p.argmax(axis=1)]
    right = np.array([label in good for label, good in zip(given, accepted, strict=True)])
    threshold, coverage = choose_threshold(p.max(axis=1), right, label_precision)
    # 3. Second labels.
    second = np.argsort(-p, axis=1)[:, 1]
    second_p = p[np.arange(len(p)), second]
    second_right = np.array([labels[s] in good for s, good in zip(second, accepted, strict=True)])
    also, _ = choose_threshold(second_p, second_right, ALSO_PRECISION)
    measured = {
        "kind_accuracy": float(kind_right.mean()),
        "kind_calibration_error": expected_error(kind_p.max(axis=1), kind_right),
        "kind_coverage": kind_coverage,
        "label_strict": float((p.argmax(axis=1) == truth).mean()),
        "label_accepted": float(right.mean()),
        "label_calibration_error": expected_error(p.max(axis=1), p.argmax(axis=1) == truth),
        "label_coverage": coverage,
    }
    calibration = Calibration(kind_temperature, temperature, kind_threshold, threshold, min(max(also, 0.1), 0.5))
    return calibration, {name: round(value, 4) for name, value in measured.items()}
