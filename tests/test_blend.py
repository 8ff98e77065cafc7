"""nlp.blend: the weighted sum by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nlp.blend import Blend, BlendEngine, is_sure


class Constant:
    def __init__(self, *logits: float) -> None:
        self.logits = np.array(logits, dtype=np.float32)

    def score(self, text: str) -> np.ndarray:
        return self.logits


WEIGHTS = Blend(1.0, 0.5, 2.0, 0.1, 1.0, 1.0, 0.9, 0.9)


def engine(lexical: Constant, weights: Blend = WEIGHTS) -> BlendEngine:
    return BlendEngine(Constant(1, 2, 3, 4), lexical, weights, 2)  # type: ignore[arg-type]


def test_an_unsure_table_is_added_to_the_encoder_with_weights_for_kind_and_label() -> None:
    # kinds: 1·1 + 1·0.5, 2·1 + 2·0.5; labels: 3·2 + 30·0.1, 4·2 + 40·0.1; sure of the label, not of the kind (0.73)
    assert engine(Constant(1, 2, 30, 40)).score("任何").tolist() == [1.5, 3.0, 9.0, 12.0]


def test_a_sure_table_speaks_alone_under_its_own_temperature() -> None:
    warm = replace(WEIGHTS, kind_temperature=2.0, label_temperature=4.0)
    assert engine(Constant(10, 20, 30, 70), warm).score("任何").tolist() == [5.0, 10.0, 7.5, 17.5]


def test_sure_by_hand() -> None:
    # e^2 : 1 = 0.881, e^3 : 1 = 0.953
    assert is_sure(np.array([0, 3, 3, 0], np.float32), WEIGHTS, 2)
    assert not is_sure(np.array([0, 2, 3, 0], np.float32), WEIGHTS, 2)
    assert not is_sure(np.array([0, 3, 2, 0], np.float32), WEIGHTS, 2)


def test_the_encoder_is_not_asked_where_the_table_is_sure() -> None:
    class Forbidden:
        def score(self, text: str) -> np.ndarray:
            raise AssertionError("asked")

    sure = BlendEngine(Forbidden(), Constant(0, 9, 9, 0), WEIGHTS, 2)  # type: ignore[arg-type]
    assert sure.score("任何").tolist() == [0.0, 9.0, 9.0, 0.0]
