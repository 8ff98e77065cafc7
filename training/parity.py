"""Does the small file say what the network says? F1 of the int8 file beside that of the network it was made from, on held-out documents.

In: examples of the held-out fold that people judged, logits of both. Out: macro-F1 of kind and label for each. `export` asks it, and leaves
parts of the network as they are (fp32) where int8 would cost more than half a point. A network that was fitted again on everything has
learned from these examples: the difference of the two is still fair, the figures themselves are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp.encoder import EncoderEngine, Reading
from training.gather import Example
from training.shares import f1_of

# Half a point of F1: what the quantisation may cost, kind or label.
TOLERANCE = 0.005


@dataclass(frozen=True, slots=True)
class Parity:
    """Macro-F1 (kind, label) over `documents`, of the network as trained and of the file that was written."""

    network: tuple[float, float]
    file: tuple[float, float]
    documents: int

    @property
    def holds(self) -> bool:
        """Whether the file is at most `TOLERANCE` below the network, in both heads."""
        return all(whole - small <= TOLERANCE for whole, small in zip(self.network, self.file, strict=True))

    def measured(self) -> dict[str, float]:
        """For the card: fp32 and int8 of both heads."""
        names = ("parity_kind_f1", "parity_label_f1")
        told: dict[str, float] = {}
        for name, whole, small in zip(names, self.network, self.file, strict=True):
            told |= {f"{name}_fp32": round(whole, 4), f"{name}_int8": round(small, 4)}
        return told


def macro_f1(truth: Sequence[str], given: NDArray[np.int64], names: Sequence[str]) -> float:
    """Mean F1 over the names that stand in `truth`; given: (n,) numbers of names."""
    answers = np.array([names[number] for number in given])
    right = np.array(truth)
    scores = [f1_of(answers == name, right == name) for name in sorted(set(truth))]
    return float(np.mean(scores)) if scores else 0.0


def heads_f1(
    examples: Sequence[Example], logits: NDArray[np.float32], kinds: Sequence[str], labels: Sequence[str]
) -> tuple[float, float]:
    """Macro-F1 of kind over all examples and of label over those that have one. logits: (n, kinds + labels)."""
    kind = macro_f1([example.kind for example in examples], logits[:, : len(kinds)].argmax(axis=1), kinds)
    rows = [row for row, example in enumerate(examples) if example.label in labels]
    label = macro_f1([examples[row].label for row in rows], logits[rows, len(kinds) :].argmax(axis=1), labels)
    return kind, label


def compare(
    examples: Sequence[Example],
    logits: NDArray[np.float32],
    model: Path,
    tokenizer: Path,
    reading: Reading,
    kinds: Sequence[str],
    labels: Sequence[str],
) -> Parity:
    """The network's logits (n, kinds + labels) of these examples against those of a written file, read as it will serve."""
    engine = EncoderEngine(model, tokenizer, reading)
    small = np.stack([engine.score(example.text) for example in examples])
    return Parity(heads_f1(examples, logits, kinds, labels), heads_f1(examples, small, kinds, labels), len(examples))
