"""training.parity: F1 of the written file beside that of the network (the export that asks it: test_training_encoder.py)."""

from __future__ import annotations

import numpy as np
import pytest

from training.gather import Example
from training.parity import Parity, heads_f1, macro_f1


def test_macro_f1_by_hand() -> None:
    # a: 1 of 2 found, 1 of 1 right → 2/3; b: 1 of 1 found, 1 of 2 right → 2/3; c stands in nobody's truth.
    assert macro_f1(["a", "a", "b"], np.array([0, 1, 1]), ["a", "b", "c"]) == pytest.approx(2 / 3)


def test_labels_are_compared_where_there_is_one() -> None:
    examples = [Example("1", "", "case", "x"), Example("2", "", "unrelated", "none"), Example("3", "", "case", "y")]
    logits = np.array([[1, 0, 1, 0], [0, 1, 1, 0], [1, 0, 0, 1]], dtype=np.float32)
    assert heads_f1(examples, logits, ("case", "unrelated"), ("x", "y")) == (1.0, 1.0)


def test_half_a_point_is_the_most() -> None:
    assert Parity((0.90, 0.80), (0.896, 0.90), 100).holds
    assert not Parity((0.90, 0.80), (0.90, 0.794), 100).holds
    assert Parity((0.9, 0.8), (0.89, 0.81), 100).measured() == {
        "parity_kind_f1_fp32": 0.9, "parity_kind_f1_int8": 0.89, "parity_label_f1_fp32": 0.8, "parity_label_f1_int8": 0.81,
    }  # fmt: skip
