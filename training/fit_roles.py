"""Fit and write the weights of `nlp.extract.linear`: a multinomial logistic regression over named features.

In: rows of feature names, the role of each, how much each counts. Out: `Weights`, and the JSON that `nlp` reads. Nothing else of a
document goes into the file than the names of features.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nlp.extract.linear import Weights


def fit_roles(
    rows: Sequence[Sequence[str]],
    roles: Sequence[str],
    weights_of_rows: Sequence[float],
    strength: float,
    smallest: float,
    least: int = 1,
) -> Weights:
    """strength: inverse regularisation; smallest: a feature with no larger weight is dropped; least: rows that a feature must stand in."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    seen = Counter(name for row in rows for name in set(row))
    vectorizer = DictVectorizer()
    matrix = vectorizer.fit_transform([{name: 1.0 for name in row if seen[name] >= least} for row in rows])
    # Some versions of SciPy give 64-bit indices, which this solver does not take.
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    model = LogisticRegression(C=strength, max_iter=400, tol=1e-3).fit(
        matrix, list(roles), sample_weight=list(weights_of_rows)
    )
    columns = zip(*([round(float(w), 3) for w in line] for line in model.coef_), strict=True)
    weights = {
        str(name): list(column)
        for name, column in zip(vectorizer.get_feature_names_out(), columns, strict=True)
        if max(map(abs, column)) >= smallest
    }
    weights["bias"] = [
        round(w + float(b), 3)
        for w, b in zip(weights.get("bias", [0.0] * len(model.classes_)), model.intercept_, strict=True)
    ]
    return Weights(tuple(str(role) for role in model.classes_), weights)


def write_roles(weights: Weights, path: Path) -> None:
    """The JSON of the package."""
    data = {"roles": weights.roles, "weights": weights.rows}
    path.write_text(json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
