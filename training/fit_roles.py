"""Fit and write the linear models of `nlp.extract`: logistic regressions over named features, for one of several roles or for yes and no.

In: rows of feature names and what each is. Out: weights, and the JSON that `nlp` reads. Nothing else of a document goes into the file
than the names of features.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
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


def fit_whether(
    rows: Sequence[tuple[Sequence[str], bool]], strength: float, smallest: float, least: int
) -> dict[str, float]:
    """Feature → weight, and "bias": the logit that a row with these features is one of those that are meant."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    seen = Counter(name for features, _ in rows for name in set(features))
    vectorizer = DictVectorizer()
    matrix = vectorizer.fit_transform([{name: 1.0 for name in features if seen[name] >= least} for features, _ in rows])
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    model = LogisticRegression(C=strength, solver="liblinear", max_iter=300).fit(matrix, [meant for _, meant in rows])
    columns = zip(vectorizer.get_feature_names_out(), model.coef_[0], strict=True)
    weights = {str(name): round(float(weight), 3) for name, weight in columns if abs(weight) >= smallest}
    return {"bias": round(float(model.intercept_[0]), 3), **weights}


def write_whether(weights: Mapping[str, float], path: Path) -> None:
    """The JSON of the package, features in order."""
    path.write_text(
        json.dumps(weights, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8"
    )
