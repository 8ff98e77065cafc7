"""Two pictures of an evaluation: which labels are taken for which, and how far the confidences can be believed.

In: examples and one model's verdicts on them. Out: a PNG each. matplotlib is needed (extra `train`); without it there is one clear error.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp import taxonomy
from nlp.errors import InputError
from nlp.records import Verdict
from training.calibrate import expected_error
from training.gather import Example

BINS = 10
Confidences = tuple[NDArray[np.float64], NDArray[np.bool_]]


def given(verdict: Verdict) -> str:
    """The label that counts: the empty one where the kind is unrelated."""
    return taxonomy.load().empty.id if verdict.kind == "unrelated" else verdict.label


def confidences(examples: Sequence[Example], verdicts: Sequence[Verdict]) -> tuple[Confidences, Confidences]:
    """(confidence, right) of the kind over all, of the label over those whose gold has one."""
    kind = (
        np.array([v.kind_confidence for v in verdicts]),
        np.array([e.kind == v.kind for e, v in zip(examples, verdicts, strict=True)]),
    )
    empty = taxonomy.load().empty.id
    rows = [(v.confidence, e.label == v.label) for e, v in zip(examples, verdicts, strict=True) if e.label != empty]
    label = (np.array([c for c, _ in rows]), np.array([right for _, right in rows], dtype=bool))
    return kind, label


def draw_confusion(examples: Sequence[Example], verdicts: Sequence[Verdict], path: Path) -> None:
    """Rows: gold labels, columns: given ones; colour is the share of the row, the number counts documents."""
    plot = _plot()
    known = taxonomy.load()
    names = [name for name in (*known.label_ids, known.empty.id) if any(e.label == name for e in examples)]
    found = [given(verdict) for verdict in verdicts]
    columns = [*names, *sorted({*found} - {*names})]
    counts = np.zeros((len(names), len(columns)), dtype=int)
    for example, label in zip(examples, found, strict=True):
        counts[names.index(example.label), columns.index(label)] += 1
    figure, axes = plot.subplots(figsize=(9, 8))
    axes.imshow(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
    # Ids, not Chinese names: a machine without a Chinese font would draw boxes.
    axes.set_xticks(range(len(columns)), columns, rotation=60, ha="right")
    axes.set_yticks(range(len(names)), names)
    for row, column in np.argwhere(counts):
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=8)
    axes.set(xlabel="given", ylabel="gold")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plot.close(figure)


def draw_reliability(examples: Sequence[Example], verdicts: Sequence[Verdict], path: Path) -> None:
    """Share of right answers over confidence, in ten bins, with the number of documents in each."""
    plot = _plot()
    figure, axes = plot.subplots(figsize=(6, 5.5))
    axes.plot([0, 1], [0, 1], color="#999", linewidth=1)
    for name, (confidence, right) in zip(("kind", "label"), confidences(examples, verdicts), strict=True):
        which = np.minimum((confidence * BINS).astype(int), BINS - 1)
        points = [
            (confidence[which == b].mean(), right[which == b].mean(), int((which == b).sum()))
            for b in range(BINS)
            if (which == b).any()
        ]
        error = expected_error(confidence, right) if len(confidence) else 0.0
        axes.plot([p[0] for p in points], [p[1] for p in points], marker="o", label=f"{name}, ECE {error:.3f}")
        for x, y, n in points:
            axes.annotate(str(n), (x, y), textcoords="offset points", xytext=(4, -10), fontsize=7)
    axes.set(xlabel="confidence", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1.02))
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plot.close(figure)


def _plot() -> Any:
    try:
        import matplotlib
    except ImportError as error:
        raise InputError("没有安装画图用的 matplotlib", advice="请运行 pip install 'fanzha[train]'") from error
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot
