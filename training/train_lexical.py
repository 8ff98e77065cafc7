"""Train the lexical baseline and write it as a model folder.

    python -m training.train_lexical training/configs/lexical.toml [--data ../shared] [--output nlp/models/NAME]

In: a TOML config and a folder in the form of ../shared. Out: a sealed model folder; on the way it prints what was dropped because
it shares text with evaluation documents, and the out-of-fold figures. It reads no evaluation label.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from nlp import taxonomy
from nlp.errors import InputError
from nlp.lexical import APART, BITS, TOGETHER, LexicalEngine, count_blocks, write_engine
from training.calibrate import calibrate
from training.configuration import Configuration, LexicalSettings, read_configuration
from training.gather import Example, Gathered, gather
from training.write_folder import Provenance, write_folder

NEVER = -20.0  # bias of a class without any example


def scales_of(settings: LexicalSettings) -> NDArray[np.float64]:
    """The length of each block of n-grams: one, a second for the lead, or with the lead one a length of n-gram."""
    return APART if settings.apart else TOGETHER[: 2 if settings.lead else 1]


def count_all(examples: Sequence[Example], blocks: int) -> csr_matrix:
    """Sublinear counts (n examples, blocks · 2^BITS buckets), neither weighted nor of unit length."""
    rows, columns, values = [], [], []
    for row, example in enumerate(examples):
        buckets, counts = count_blocks(example.text, blocks)
        rows.append(np.full(len(buckets), row))
        columns.append(buckets)
        values.append(1.0 + np.log(counts))
    shape = (len(examples), blocks << BITS)
    return csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape)


@dataclass(frozen=True, slots=True)
class Rotated:
    """n texts as n dense columns or fewer: table = columns @ back.T, where table is (n, buckets) with rows of unit length.

    The optimum of a regression with an L2 penalty lies in the span of its texts, so it is the same in these columns as in 10^5
    buckets, and is found in seconds instead of minutes.
    """

    columns: NDArray[np.float64]  # (n, rank)
    vectors: NDArray[np.float64]  # (n, rank)
    scale: NDArray[np.float64]  # (rank,)


def rotate(table: csr_matrix) -> Rotated:
    """Eigenvectors of the Gram matrix of n texts: table = U S Vᵀ, columns = U S."""
    values, vectors = np.linalg.eigh((table @ table.T).toarray())
    kept = values > 1e-6 * values[-1]
    scale = np.sqrt(values[kept])
    return Rotated(vectors[:, kept] * scale, vectors[:, kept], scale)


def weigh(
    counts: csr_matrix, buckets: NDArray[np.int64], idf: NDArray[np.float64], scales: NDArray[np.float64]
) -> csr_matrix:
    """Counts × idf on the chosen buckets (n, len(buckets)); in every row each block has the length that `scales` says."""
    borders = np.searchsorted(buckets, np.arange(len(scales) + 1) << BITS)
    parts = []
    for first, last, scale in zip(borders[:-1], borders[1:], scales, strict=True):
        chosen = buckets[first:last]
        table = counts[:, chosen].multiply(idf[chosen]).tocsr()
        norms = np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel())
        parts.append(table.multiply(scale / np.maximum(norms, 1e-12)[:, None]))
    return csr_matrix(hstack(parts))


@dataclass(frozen=True, slots=True)
class Features:
    """Texts as numbers: raw counts (n, all buckets), idf (all buckets,), the buckets in use, the weighted table over them, and it rotated."""

    counts: csr_matrix
    idf: NDArray[np.float64]
    buckets: NDArray[np.int64]
    table: csr_matrix
    rotated: Rotated


def count_features(examples: Sequence[Example], settings: LexicalSettings) -> Features:
    """Features of all texts over every bucket that stands in enough of them. It looks at no label."""
    scales = scales_of(settings)
    counts = count_all(examples, len(scales))
    frequency = np.asarray((counts > 0).sum(axis=0)).ravel()
    idf = np.log((1.0 + len(examples)) / (1.0 + frequency)) + 1.0
    buckets = np.flatnonzero(frequency >= settings.least_documents)
    table = weigh(counts, buckets, idf, scales)
    return Features(counts, idf, buckets, table, rotate(table))


def to_buckets(table: csr_matrix, rotated: Rotated, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of columns (rank, classes) as weights of buckets (buckets, classes): V = tableᵀ U S⁻¹."""
    return np.asarray(table.T @ (rotated.vectors / rotated.scale @ weights))


def fit_head(
    columns: NDArray[np.float64],
    targets: Sequence[str],
    given: Sequence[float],
    names: Sequence[str],
    strength: float,
    balance: float,
    loss: str,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One linear layer: weights (columns, names) and bias (names,); classes weigh (n / count) ** balance.

    loss: "logistic" (multinomial) or "hinge" (squared, one against the rest). Rows whose target is none of `names` are left out;
    a class without any example is never given.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    chosen = [index for index, target in enumerate(targets) if target in names]
    sizes = Counter(targets[index] for index in chosen)
    rows = np.array([given[i] * (len(chosen) / sizes[targets[i]]) ** balance for i in chosen])
    if loss == "hinge":
        model = LinearSVC(C=strength, tol=1e-3, max_iter=2000, random_state=0)
    else:
        model = LogisticRegression(C=strength, max_iter=200, tol=1e-3)
    if len(sizes) < 2:
        raise InputError(f"训练数据中只有 {len(sizes)} 类", where="、".join(names), expected="至少两类")
    model.fit(columns[chosen], [targets[index] for index in chosen], sample_weight=rows / rows.mean())
    weights, bias = np.zeros((columns.shape[1], len(names))), np.full(len(names), NEVER)
    places = [list(names).index(name) for name in model.classes_]
    found, intercept = model.coef_, model.intercept_
    if len(places) == 2:  # sklearn gives one row for two classes: z for the second, which is ±z/2 for the two
        found, intercept = np.vstack([-found, found]) / 2, np.concatenate([-intercept, intercept]) / 2
    weights[:, places], bias[places] = found.T, intercept
    return weights, bias


def fit_heads(
    columns: NDArray[np.float64],
    examples: Sequence[Example],
    kinds: Sequence[str],
    labels: Sequence[str],
    settings: LexicalSettings,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Kind and label side by side: weights (rank, kinds + labels), bias (kinds + labels,)."""
    given = [example.weight for example in examples]
    kind = fit_head(columns, [e.kind for e in examples], given, kinds, settings.kind_c, settings.balance, settings.loss)
    label = fit_head(
        columns, [e.label for e in examples], given, labels, settings.label_c, settings.balance, settings.loss
    )
    return np.hstack([kind[0], label[0]]), np.hstack([kind[1], label[1]])


def held_out_logits(
    rotated: Rotated,
    examples: Sequence[Example],
    kinds: Sequence[str],
    labels: Sequence[str],
    settings: LexicalSettings,
    folds: int,
) -> NDArray[np.float32]:
    """Logits (n, kinds + labels) of every example under weights that saw nothing of its cluster.

    idf and rotation are those of all texts; they know no label.
    """
    from sklearn.model_selection import GroupKFold

    logits = np.zeros((len(examples), len(kinds) + len(labels)), dtype=np.float32)
    for inside, outside in GroupKFold(folds).split(examples, groups=[example.cluster for example in examples]):
        weights, bias = fit_heads(rotated.columns[inside], [examples[i] for i in inside], kinds, labels, settings)
        logits[outside] = rotated.columns[outside] @ weights + bias
    return logits


def train(configuration: Configuration, gathered: Gathered, folder: Path) -> dict[str, float]:
    """Fit, calibrate, write the folder; returns what was measured out of fold."""
    known = taxonomy.load()
    kinds, labels = known.kind_ids, known.label_ids
    settings, examples = configuration.lexical, gathered.examples
    if settings is None:
        raise InputError("配置中没有 [lexical]", where=configuration.name)
    # 1. Features: every bucket seen often enough.
    features = count_features(examples, settings)
    buckets, idf, table, rotated = features.buckets, features.idf, features.table, features.rotated
    # 2. Calibration on folds, judged documents only: weak negatives would make it sound better than it is.
    logits = held_out_logits(rotated, examples, kinds, labels, settings, configuration.folds)
    judged = [index for index, example in enumerate(examples) if example.judged]
    calibration, measured = calibrate(
        [examples[i] for i in judged],
        logits[judged],
        kinds,
        labels,
        configuration.kind_precision,
        configuration.label_precision,
    )
    # 3. The model itself on everything: once to find the strongest buckets, once more on those alone.
    weights, bias = fit_heads(rotated.columns, examples, kinds, labels, settings)
    weights = to_buckets(table, rotated, weights)
    if len(buckets) > settings.buckets:
        strength = (np.abs(weights) * idf[buckets, None]).max(axis=1)
        buckets = np.sort(buckets[np.argsort(-strength, kind="stable")[: settings.buckets]])
        table = weigh(features.counts, buckets, idf, scales_of(settings))
        rotated = rotate(table)
        weights, bias = fit_heads(rotated.columns, examples, kinds, labels, settings)
        weights = to_buckets(table, rotated, weights)
    engine = LexicalEngine(
        buckets,
        idf[buckets].astype(np.float32),
        weights.astype(np.float32),
        bias.astype(np.float32),
        tuple(scales_of(settings).tolist()),
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_engine(engine, folder / "lexical.npz")
    write_folder(folder, "lexical", kinds, labels, calibration, Provenance(gathered, measured, configuration))
    return measured


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("configuration", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared"))
    parser.add_argument("--output", type=Path)
    given = parser.parse_args(arguments)
    configuration = read_configuration(given.configuration)
    gathered = gather(given.data, configuration.data, configuration.seed)
    print(gathered.describe())
    measured = train(configuration, gathered, given.output or Path("nlp/models") / configuration.name)
    print("留出折：", measured)


if __name__ == "__main__":
    main()
