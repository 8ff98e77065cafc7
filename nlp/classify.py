"""Kind and label of an article, with calibrated probabilities, and whether a person should decide.

In: texts (title line first). Out: one `Verdict` a text, in the same order. It does not read files (`nlp.model_folder` does), does
not cut documents into articles, and has no rules of its own: everything it knows is in the model folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from nlp import taxonomy
from nlp.records import Kind, TokenTag, Verdict

# Texts that an engine that reads ahead is told of at a time: enough that it never waits for the caller.
AHEAD = 8


class Engine(Protocol):
    """What turns one text into logits (kinds + labels,), the same ones whatever was scored before or beside it."""

    def score(self, text: str) -> NDArray[np.float32]:
        """Logits of one text."""
        ...


@dataclass(frozen=True, slots=True)
class Calibration:
    """Measured on held-out folds of the training data, never on the figures that are reported."""

    kind_temperature: float
    label_temperature: float
    kind_threshold: float  # a kind less probable than this goes to a person
    label_threshold: float  # a label less probable than this goes to a person
    also_threshold: float  # a further label at least this probable is given as a second one


@dataclass(frozen=True, slots=True)
class Classifier:
    """A loaded model. `kinds` and `labels` name the logits, in order; `model` is its name and version."""

    engine: Engine
    kinds: tuple[str, ...]
    labels: tuple[str, ...]
    calibration: Calibration
    model: str

    def classify(self, texts: Sequence[str]) -> list[Verdict]:
        """One verdict a text, in the order given. A text's verdict depends on the text alone, not on its neighbours."""
        return list(self.verdicts(texts))

    def verdicts(self, texts: Sequence[str]) -> Iterator[Verdict]:
        """The same one by one: the network has begun when this returns and reads the next texts while the caller is busy with one."""
        expect = getattr(self.engine, "expect", None)
        if expect is not None:
            expect(texts[:AHEAD])
        return self._verdicts(texts, expect)

    def _verdicts(self, texts: Sequence[str], expect: Callable[[Sequence[str]], None] | None) -> Iterator[Verdict]:
        known: dict[str, Verdict] = {}  # reprints in one batch are read once
        for at, text in enumerate(texts):
            if text not in known:
                known[text] = self._judge(self.engine.score(text))
            if expect is not None:
                expect(texts[at + AHEAD : at + AHEAD + 1])
            yield known[text]

    def glance(self, text: str) -> float | None:
        """The probability of "unrelated" after a quick look, without the network; None for a model that knows no quick look."""
        look = getattr(self.engine, "glance", None)
        if look is None or taxonomy.UNRELATED not in self.kinds:
            return None
        return float(softmax(look(text))[self.kinds.index(taxonomy.UNRELATED)])

    def tag(self, text: str) -> tuple[TokenTag, ...]:
        """Persons and sums of a text with their roles, by the model's token head; () for a model without one. See nlp.token_tags."""
        tagger = getattr(self.engine, "tag", None)
        return () if tagger is None else cast("tuple[TokenTag, ...]", tagger(text))

    def _judge(self, logits: NDArray[np.float32]) -> Verdict:
        calibration = self.calibration
        kinds = softmax(logits[: len(self.kinds)] / calibration.kind_temperature)
        labels = softmax(logits[len(self.kinds) :] / calibration.label_temperature)
        kind, best = int(kinds.argmax()), int(labels.argmax())
        # 1. A second label is one that the model finds likely enough by itself.
        also = [
            int(i) for i in np.argsort(-labels, kind="stable") if i != best and labels[i] >= calibration.also_threshold
        ]
        # 2. The label of an unrelated text means nothing, so its doubt is no reason to ask a person.
        related = self.kinds[kind] != "unrelated"
        doubtful = bool(related and labels[best] < calibration.label_threshold)
        review = bool(kinds[kind] < calibration.kind_threshold) or doubtful
        return Verdict(
            kind=cast(Kind, self.kinds[kind]),
            kind_confidence=round(float(kinds[kind]), 6),
            label=self.labels[best],
            confidence=round(float(labels[best]), 6),
            labels={label: round(float(p), 6) for label, p in zip(self.labels, labels, strict=True)},
            also=tuple(self.labels[i] for i in also),
            review=review,
            model=self.model,
            kinds={name: round(float(p), 6) for name, p in zip(self.kinds, kinds, strict=True)},
            kind_threshold=calibration.kind_threshold,
            label_doubtful=doubtful,
        )


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probabilities along the last axis; the same shape."""
    exponents = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    probabilities: NDArray[np.float64] = exponents / exponents.sum(axis=-1, keepdims=True)
    return probabilities
