"""The fitting of one more label from a handful of texts, with numpy alone: discriminants, n-gram weights, and how far to believe both.

In: vectors and n-grams of the examples and of a background of texts under other labels, which the model was not trained on either (a model is
surer of texts that it learned from: against those every unseen text would look like one of the new label). Out: a `Head` of nlp.added_labels
and what was measured while it was fitted, every text judged by a fit that had not seen it. It reads no files and runs no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from nlp.added_labels import SUREST, Head
from nlp.lexical import BITS

FOLDS = 6
# How much of the covariance is taken to be round: a few hundred texts do not tell that of 384 numbers. Best F1 over sixteen labels, twelve
# examples each: 0.72 with 0.3, 0.73 with 0.7, 0.72 with 0.9. A model's own logits in place of a vector did harm: its table is so much surer of
# registers that it knows that news it had not seen looked like the new label (F1 of five labels 0.60, others −2.8 points; words alone 0.69, −1.0).
ROUND = 0.7
BUCKETS = 40_000  # strongest n-grams kept
PENALTY = 0.002  # of the squares of the slopes of `mix`, per text


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """N-grams of further texts under other labels, summed: in how many each bucket stands (2^BITS,), the sum of unit vectors, how many texts."""

    frequency: NDArray[np.float64]
    sums: NDArray[np.float64]
    number: int


def count_elsewhere(ngrams: Sequence[tuple[NDArray[np.int64], NDArray[np.float32]]]) -> Elsewhere:
    """The sums over texts; they may be texts that the model learned from, since n-grams do not depend on the model."""
    frequency, sums = np.zeros(1 << BITS), np.zeros(1 << BITS)
    for buckets, counts in ngrams:
        frequency[buckets] += 1
        sums[buckets] += _unit(counts)
    return Elsewhere(frequency, sums, len(ngrams))


def _unit(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    values = 1.0 + np.log(counts)
    return cast("NDArray[np.float32]", values / max(float(np.linalg.norm(values)), 1e-9))


@dataclass(frozen=True, slots=True)
class Material:
    """Texts as a head sees them: vectors (n, d); n-grams of each (nlp.lexical.count_ngrams); its label; is it one of the new label?

    `elsewhere` are n-grams of texts that are not among them.
    """

    vectors: NDArray[np.float32]
    ngrams: Sequence[tuple[NDArray[np.int64], NDArray[np.float32]]]
    groups: Sequence[str]
    new: NDArray[np.bool_]
    elsewhere: Elsewhere

    def part(self, rows: NDArray[np.int64]) -> Material:
        """The texts with these numbers."""
        return Material(
            self.vectors[rows],
            [self.ngrams[row] for row in rows],
            [self.groups[row] for row in rows],
            self.new[rows],
            self.elsewhere,
        )


def learn(material: Material, share: float, seed: int = 0) -> tuple[Head, dict[str, float]]:
    """A head, and recall, false alarms and margins of texts that its fit had not seen.

    share: how common the label is taken to be among the texts that are still to come, 0–1.
    """
    # 1. Both scores of every text under fits without it.
    margins, words = np.zeros(len(material.new)), np.zeros(len(material.new))
    draw = np.random.default_rng(seed)
    fold = np.zeros(len(material.new), dtype=np.int64)
    for part in (np.flatnonzero(material.new), np.flatnonzero(~material.new)):
        fold[part] = draw.permutation(len(part)) % FOLDS
    for number in range(FOLDS):
        outside = np.flatnonzero(fold == number)
        head = _fit(material.part(np.flatnonzero(fold != number)))
        margins[outside] = head.margin(material.vectors[outside])
        words[outside] = [head.words(*material.ngrams[row]) for row in outside]
    # 2. How far to believe each.
    mix = _mix(np.column_stack([margins, words]), material.new, share)
    odds = np.clip(mix[0] * margins + mix[1] * words + mix[2], -SUREST, SUREST)
    q = 1.0 / (1.0 + np.exp(-odds))
    # 3. The head itself, from all of them.
    whole = _fit(material)
    head = Head(whole.directions, whole.offsets, whole.buckets, whole.weights, mix.astype(np.float32))
    measured = {
        "examples": float(material.new.sum()),
        "background": float((~material.new).sum()),
        "recall": float((q[material.new] >= 0.5).mean()),
        "false_alarms": float((q[~material.new] >= 0.5).mean()),
        "mean_q_examples": float(q[material.new].mean()),
        "mean_q_background": float(q[~material.new].mean()),
    }
    return head, {name: round(value, 4) for name, value in measured.items()}


def _fit(material: Material) -> Head:
    directions, offsets = _discriminants(material)
    buckets, weights = _word_weights(material)
    return Head(directions, offsets, buckets, weights, np.zeros(3, dtype=np.float32))


def _discriminants(material: Material) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Linear discriminants (d, classes), offsets (classes,): one mean a label, one covariance within labels, the new one last.

    Without vectors (d = 0) they say nothing: every margin is 0.
    """
    if not material.vectors.shape[1]:
        return np.zeros((0, 2), dtype=np.float32), np.zeros(2, dtype=np.float32)
    rest = material.vectors[~material.new].astype(np.float64)
    mean, spread = rest.mean(axis=0), rest.std(axis=0) + 1e-6
    columns = (rest - mean) / spread
    names = sorted({group for group, new in zip(material.groups, material.new, strict=True) if not new})
    own = np.array([names.index(g) for g, new in zip(material.groups, material.new, strict=True) if not new])
    means = np.array([columns[own == number].mean(axis=0) for number in range(len(names))])
    within = columns - means[own]
    covariance = within.T @ within / max(len(within) - len(names), 1)
    size = covariance.shape[0]
    covariance = (1 - ROUND) * covariance + ROUND * np.trace(covariance) / size * np.eye(size)
    new = (material.vectors[material.new].astype(np.float64).mean(axis=0) - mean) / spread
    means = np.vstack([means, new])
    directions = np.linalg.solve(covariance, means.T)
    offsets = -0.5 * (means.T * directions).sum(axis=0)
    directions /= spread[:, None]
    return directions.astype(np.float32), (offsets - mean @ directions).astype(np.float32)


def _word_weights(material: Material) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """N-grams and their weights: how much more of each stands in the new label's texts than elsewhere, rare ones counting more.

    What stands elsewhere and not in them counts too: without it best F1 fell from 0.70 to 0.44 (six labels, words alone).
    """
    elsewhere = material.elsewhere
    frequency, sums = elsewhere.frequency.copy(), np.stack([elsewhere.sums, np.zeros(1 << BITS)])
    for (buckets, counts), new in zip(material.ngrams, material.new, strict=True):
        frequency[buckets] += 1
        sums[int(new), buckets] += _unit(counts)
    number, total = int(material.new.sum()), len(material.new) + elsewhere.number
    difference = sums[1] / number - sums[0] / (total - number)
    idf = np.log((1.0 + total) / (1.0 + frequency)) + 1.0
    weights = np.where(frequency >= 2, idf**2 * difference, 0.0)  # an n-gram of one text tells of that text
    strongest = np.sort(np.argsort(-np.abs(weights), kind="stable")[:BUCKETS])
    return strongest, weights[strongest].astype(np.float32)


def _mix(scores: NDArray[np.float64], new: NDArray[np.bool_], share: float) -> NDArray[np.float64]:
    """Slopes and offset (3,) of a logistic regression of `new` on two scores (n, 2), with `share` of the weight on the new ones."""
    mean, spread = scores.mean(axis=0), scores.std(axis=0) + 1e-9
    columns = np.column_stack([(scores - mean) / spread, np.ones(len(scores))])
    weights = np.where(new, share / new.sum(), (1 - share) / (~new).sum()) * len(new)
    penalty = np.diag([PENALTY * len(new)] * 2 + [0.0])
    found = np.zeros(3)
    for _ in range(50):  # Newton's steps; a convex function of three numbers needs about ten
        p = 1.0 / (1.0 + np.exp(-np.clip(columns @ found, -30, 30)))
        slope = columns.T @ (weights * (p - new)) + penalty @ found
        curve = (columns * (weights * np.maximum(p * (1 - p), 1e-6))[:, None]).T @ columns + penalty
        step = np.linalg.solve(curve, slope)
        found -= np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-6:
            break
    slopes = np.maximum(found[:2], 0.0) / spread  # a score that speaks against its own label says nothing
    return cast("NDArray[np.float64]", np.append(slopes, found[2] - mean @ slopes))
