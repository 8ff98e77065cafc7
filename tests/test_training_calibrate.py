"""training.calibrate: temperatures and thresholds on logits made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from training.calibrate import Answers, calibrate, choose_threshold, expected_error, fit_temperature
from training.gather import Example


def test_a_model_that_is_too_sure_is_cooled_down() -> None:
    random = np.random.default_rng(3)
    truth = random.integers(0, 3, 4000)
    honest = np.log(np.full((4000, 3), 0.1))
    honest[np.arange(4000), np.where(random.random(4000) < 0.8, truth, (truth + 1) % 3)] = np.log(0.8)
    assert fit_temperature(honest.astype(np.float32), truth) == pytest.approx(1.0, abs=0.06)
    assert fit_temperature((honest * 4).astype(np.float32), truth) == pytest.approx(4.0, abs=0.25)


def test_expected_error_by_hand() -> None:
    # two of four right at 0.9 confidence: |0.9 − 0.5| = 0.4
    assert expected_error(np.full(4, 0.9), np.array([True, True, False, False])) == pytest.approx(0.4)
    assert expected_error(np.full(10, 0.75), np.array([True] * 7 + [False] * 3)) == pytest.approx(0.05)


def test_threshold_is_the_lowest_that_holds_the_precision() -> None:
    confidence = np.linspace(1.0, 0.01, 100)
    right = np.arange(100) < 60
    threshold, coverage = choose_threshold(confidence, right, 0.95)
    assert coverage == pytest.approx(0.63)  # 60 of 63 are 0.952, 60 of 64 are not
    assert threshold == pytest.approx(confidence[62])


def test_where_no_threshold_is_good_enough_everything_goes_to_a_person() -> None:
    assert choose_threshold(np.linspace(1, 0, 50), np.zeros(50, dtype=bool), 0.9) == (1.0, 0.0)


def test_accepted_second_labels_count_as_right_for_the_threshold() -> None:
    kinds, labels = ("case", "unrelated"), ("x", "y")
    examples = [Example(str(i), "", "case", "x", ("y",)) for i in range(40)]
    logits = np.tile(np.array([[3.0, 0.0, 0.0, 1.0]], dtype=np.float32), (40, 1))
    calibration, measured = calibrate(examples, logits, kinds, labels, 0.95, 0.95)
    assert measured["label_strict"] == 0.0
    assert measured["label_accepted"] == measured["label_coverage"] == 1.0
    assert calibration.label_threshold < 1.0


def test_copies_of_one_text_are_one_observation() -> None:
    right = np.array([True] * 150 + [False] * 50)
    apart = Answers(np.full(200, 0.75), right, right, np.arange(200), 0.5).measured()["right"]
    # Eight clusters of 25 copies: the same share right, but much less known about it.
    together = Answers(np.full(200, 0.75), right, right, np.repeat(np.arange(8), 25), 0.5).measured()["right"]
    assert apart[0] == together[0] == 0.75
    assert apart[1:] == pytest.approx((0.69, 0.81), abs=0.015)
    assert together[1] < 0.55
    assert together[2] > 0.9


def test_the_card_says_between_what_a_figure_lies() -> None:
    random = np.random.default_rng(5)
    examples = [Example(str(i), "", "case", "xy"[i % 2], cluster=i) for i in range(200)]
    logits = np.zeros((200, 4), dtype=np.float32)
    logits[np.arange(200), 2 + (np.arange(200) + (random.random(200) < 0.2)) % 2] = 1.4
    measured = calibrate(examples, logits, ("case", "unrelated"), ("x", "y"), 0.95, 0.75)[1]
    assert measured["label_strict_low"] < measured["label_strict"] < measured["label_strict_high"]
    assert measured["label_precision"] >= 0.75
    assert measured["label_calibration_error_high"] < 0.12
