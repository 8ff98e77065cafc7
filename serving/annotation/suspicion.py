"""Labels that may be wrong, by confident learning: where a model is surer of another label than it usually is of that one.

In: labels that people gave, with the probabilities that a model gave beside them. Out: suspected errors, the surest first. Method:
Northcutt, Jiang & Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70 (2021), §3: the threshold of a label is
the mean probability of it over the documents that carry it; a document counts for the likeliest label whose threshold it reaches (the
confident joint), and off its diagonal it is suspected; ranked by the margin between the two.

cleanlab, which the authors keep, is not used: it brings scikit-learn and pandas (some 200 MB) into an installation that otherwise serves
without them, and no part of serving may import a training framework; of it we would need these thirty lines. A test with both installed
finds the same documents suspected (tests/test_suspicion_like_cleanlab.py). The probabilities are those stored when the
label was given; a model trained since on that very label would believe it and find less.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

# Below this a label's threshold is one document's chance, and every other document looks suspicious beside it.
FEWEST = 3
ROUNDING = 1e-9  # the mean of equal numbers may come out above each of them


@dataclass(frozen=True, slots=True)
class Given:
    """One document's label by a person, second labels he accepts, and label → probability by a model."""

    document_id: str
    label: str
    also: Collection[str]
    probabilities: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Suspected:
    """A label that may be wrong: what was given, what it may be, and the probability of each."""

    document_id: str
    given: str
    likelier: str
    given_probability: float
    likelier_probability: float


def suspect(documents: Sequence[Given]) -> list[Suspected]:
    """Documents whose label is suspected, the largest margin first. Labels that fewer than `FEWEST` documents carry accuse nobody."""
    documents = [document for document in documents if document.probabilities]
    labels = sorted({document.label for document in documents})
    if len(labels) < 2:
        return []
    # (n_documents, n_labels), probabilities; and which label was given.
    shares = np.array([[document.probabilities.get(label, 0.0) for label in labels] for document in documents])
    given = np.array([labels.index(document.label) for document in documents])
    # 1. Thresholds: (n_labels,)
    carried = np.bincount(given, minlength=len(labels))
    thresholds = np.array(
        [shares[given == k, k].mean() if carried[k] >= FEWEST else np.inf for k in range(len(labels))]
    )
    # 2. The likeliest label whose threshold a document reaches; -1 where it reaches none.
    reached = np.where(shares >= thresholds - ROUNDING, shares, -1.0)
    likelier = np.where(reached.max(axis=1) > 0, reached.argmax(axis=1), -1)
    found = [
        Suspected(document.document_id, document.label, labels[k], float(shares[n, given[n]]), float(shares[n, k]))
        for n, (document, k) in enumerate(zip(documents, likelier, strict=True))
        if k >= 0 and k != given[n] and labels[k] not in document.also
    ]
    return sorted(found, key=lambda s: (s.given_probability - s.likelier_probability, s.document_id))
