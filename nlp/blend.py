"""Two engines in turn: the lexical table first; where it is not sure, the encoder too, and both sets of logits are added.

In: a text. Out: logits (kinds + labels,), on the scale of calibrated probabilities. Words that the encoder never met (村推, 跑分) and
turns of phrase that no n-gram holds make different errors, so the sum errs less than either. From which probability the table is sure
is part of the model; above 1 the encoder is always asked.
All numbers are fitted on held-out documents by training.train_blend. What a text gets depends on the text alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.encoder import EncoderEngine
from nlp.lexical import LexicalEngine
from nlp.records import TokenTag


@dataclass(frozen=True, slots=True)
class Blend:
    """Weights of the two sets of logits, apart for kind and label, and from which probability the table alone is sure."""

    kind_encoder: float
    kind_lexical: float
    label_encoder: float
    label_lexical: float
    kind_temperature: float  # of the table's logits
    label_temperature: float
    kind_sure: float
    label_sure: float


@dataclass(frozen=True, slots=True)
class BlendEngine:
    """The table reads every text, the encoder what the table is unsure of. `kinds` is how many of the logits tell the kind."""

    encoder: EncoderEngine
    lexical: LexicalEngine
    weights: Blend
    kinds: int

    def score(self, text: str) -> NDArray[np.float32]:
        """Logits (kinds + labels,) of one text."""
        lexical = self.lexical.score(text)
        if is_sure(lexical, self.weights, self.kinds):
            return cool(lexical, self.weights, self.kinds)
        return combine(self.encoder.score(text), lexical, self.weights, self.kinds)

    def expect(self, texts: Sequence[str]) -> None:
        """Let the encoder begin with these texts, where the table is never sure enough to do without it."""
        if max(self.weights.kind_sure, self.weights.label_sure) > 1:
            self.encoder.expect(texts)

    def represent(self, text: str) -> NDArray[np.float32] | None:
        """The encoder's vector of a text; None where it gives none out."""
        return self.encoder.represent(text)

    def glance(self, text: str) -> NDArray[np.float32]:
        """Logits (kinds,) by the table alone, under its own temperature."""
        return self.lexical.score(text, self.kinds) / np.float32(self.weights.kind_temperature)

    def tag(self, text: str) -> tuple[TokenTag, ...]:
        """What the encoder's token head finds in the whole text; () where it has none."""
        return self.encoder.tag(text)


def cool(lexical: NDArray[np.float32], weights: Blend, kinds: int) -> NDArray[np.float32]:
    """The table's logits (kinds + labels,) under its own temperatures."""
    return np.concatenate([lexical[:kinds] / weights.kind_temperature, lexical[kinds:] / weights.label_temperature])


def is_sure(lexical: NDArray[np.float32], weights: Blend, kinds: int) -> bool:
    """Does the table alone give its best kind and its best label at least the probabilities asked for?"""
    cooled = cool(lexical, weights, kinds).astype(np.float64)
    best = [float(1.0 / np.exp(part - part.max()).sum()) for part in (cooled[:kinds], cooled[kinds:])]
    return best[0] >= weights.kind_sure and best[1] >= weights.label_sure


def combine(
    encoder: NDArray[np.float32], lexical: NDArray[np.float32], weights: Blend, kinds: int
) -> NDArray[np.float32]:
    """Weighted sum of the logits (kinds + labels,) of both."""
    kind = encoder[:kinds] * weights.kind_encoder + lexical[:kinds] * weights.kind_lexical
    label = encoder[kinds:] * weights.label_encoder + lexical[kinds:] * weights.label_lexical
    summed: NDArray[np.float32] = np.concatenate([kind, label]).astype(np.float32)
    return summed
