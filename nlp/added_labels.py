"""Labels that a model learned after it was made, each from a handful of examples: a gate in front of the model's own labels.

In: a model's logits of a text, its vector of the text, its n-grams. Out: logits with one more label for every head. A head says how likely the
text belongs to its label (q); the model's own answer is kept for the rest (1 − q), so the labels it had keep their order and, where q is
small, their probabilities. It learns nothing: `training.add_label` does. File: added.npz beside the weights, arrays only.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from nlp.classify import Calibration, Engine, softmax
from nlp.errors import ModelError
from nlp.lexical import count_ngrams
from nlp.records import TokenTag

FILE = "added.npz"
# No probability is beyond these: a head of a dozen examples is not surer than that.
SUREST = 7.0


class Tagging(Engine, Protocol):
    """An engine that may also give its vector of a text and the tags of its tokens."""

    def represent(self, text: str) -> NDArray[np.float32] | None: ...

    def tag(self, text: str) -> tuple[TokenTag, ...]: ...


@dataclass(frozen=True, slots=True)
class Head:
    """One label's gate. d = length of the encoder's vector, 0 where the model gives none out: then the n-grams alone decide; n buckets.

    directions (d, classes) and offsets (classes,) are linear discriminants with one covariance, the new label's last; weights (n,) of the
    n-grams; mix (3,): log-odds = mix[0] · margin of the last class over the best other + mix[1] · n-grams + mix[2].
    """

    directions: NDArray[np.float32]
    offsets: NDArray[np.float32]
    buckets: NDArray[np.int64]
    weights: NDArray[np.float32]
    mix: NDArray[np.float32]

    def margin(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) margins of vectors (n, d)."""
        scores = vectors @ self.directions + self.offsets
        return cast("NDArray[np.float32]", scores[:, -1] - scores[:, :-1].max(axis=1))

    def words(self, buckets: NDArray[np.int64], counts: NDArray[np.float32]) -> float:
        """What the n-grams of one text (nlp.lexical.count_ngrams) say: the sum of the weights of those known, over the text's own length."""
        values = 1.0 + np.log(counts)
        norm = float(np.linalg.norm(values))
        places = np.minimum(np.searchsorted(self.buckets, buckets), len(self.buckets) - 1)
        known = self.buckets[places] == buckets
        return float(values[known] @ self.weights[places[known]]) / norm if norm else 0.0

    def log_odds(self, margin: float, words: float) -> float:
        """log(q / (1 − q)) of one text."""
        return float(np.clip(self.mix @ np.array([margin, words, 1.0], dtype=np.float32), -SUREST, SUREST))


def join(
    logits: NDArray[np.float32], odds: float, kinds: int, unrelated: int, calibration: Calibration
) -> NDArray[np.float32]:
    """Logits (kinds + labels + 1,) out of the model's own (kinds + labels,) and a head's log-odds.

    Under the calibration's temperatures the new label has probability q, every other 1 − q times its own; a text that is of the label is
    about a scam, so the probability of `unrelated` (its place among the kinds) too is 1 − q times its own, and the other kinds share the rest.
    """
    q = 1.0 / (1.0 + np.exp(-odds))
    labels = logits[kinds:].astype(np.float64) / calibration.label_temperature
    total = labels.max() + np.log(np.exp(labels - labels.max()).sum())
    kind = softmax(logits[:kinds] / calibration.kind_temperature)
    related = 1.0 - kind[unrelated]
    grown = kind * (1.0 + q * kind[unrelated] / max(related, 1e-9))
    grown[unrelated] = kind[unrelated] * (1.0 - q)
    return np.concatenate(
        [
            np.log(np.maximum(grown, 1e-9)) * calibration.kind_temperature,
            logits[kinds:],
            [(total + odds) * calibration.label_temperature],
        ]
    ).astype(np.float32)


@dataclass(frozen=True, slots=True)
class AddedEngine:
    """A model's engine and the heads behind it, in the order in which they were added."""

    own: Tagging
    heads: tuple[Head, ...]
    kinds: int
    unrelated: int
    calibration: Calibration

    def score(self, text: str) -> NDArray[np.float32]:
        """Logits (kinds + labels + heads,) of one text."""
        logits = self.own.score(text)
        vector = self.own.represent(text)
        buckets, counts = count_ngrams(text)
        for head in self.heads:
            size = len(head.directions)
            if size and (vector is None or len(vector) != size):
                raise ModelError("模型给出的文本向量不合", expected=f"{size} 维的 pooled 输出")
            known = vector if size and vector is not None else np.zeros(0, dtype=np.float32)
            odds = head.log_odds(float(head.margin(known[None])[0]), head.words(buckets, counts))
            logits = join(logits, odds, self.kinds, self.unrelated, self.calibration)
        return logits

    def expect(self, texts: Sequence[str]) -> None:
        """The engine's own, where it can read ahead."""
        if (expect := getattr(self.own, "expect", None)) is not None:
            expect(texts)

    def represent(self, text: str) -> NDArray[np.float32] | None:
        """The engine's own vector of a text, None where it has none."""
        return self.own.represent(text)

    def tag(self, text: str) -> tuple[TokenTag, ...]:
        """The engine's own tags."""
        return self.own.tag(text)


def write_heads(heads: Sequence[Head], path: Path) -> None:
    """Write added.npz: every array of every head under its number and name."""
    arrays = {
        f"{number}.{field.name}": np.asarray(getattr(head, field.name))
        for number, head in enumerate(heads)
        for field in fields(Head)
    }
    np.savez_compressed(path, heads=np.array(len(heads)), **arrays)  # type: ignore[arg-type]


def read_heads(path: Path) -> tuple[Head, ...]:
    """Read added.npz (pickled objects are refused); raises ModelError where an array is missing or of another shape."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            heads = tuple(_read_head(arrays, number) for number in range(int(arrays["heads"])))
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise ModelError(f"读不出新增标签：{error}", where=str(path), advice="请重新安装或换一个模型文件夹") from error
    return heads


def _read_head(arrays: Mapping[str, NDArray[np.float32]], number: int) -> Head:
    own = {field.name: arrays[f"{number}.{field.name}"] for field in fields(Head)}
    head = Head(
        directions=own["directions"].astype(np.float32),
        offsets=own["offsets"].astype(np.float32),
        buckets=own["buckets"].astype(np.int64),
        weights=own["weights"].astype(np.float32),
        mix=own["mix"].astype(np.float32),
    )
    if not (
        head.directions.ndim == 2
        and head.directions.shape[1:] == head.offsets.shape
        and len(head.offsets) > 1
        and head.buckets.shape == head.weights.shape
        and len(head.buckets)
        and head.mix.shape == (3,)
    ):
        raise ValueError(f"数组形状不符（第 {number + 1} 个）")
    return head
