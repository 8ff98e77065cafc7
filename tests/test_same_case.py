"""One real case, one incident: the judged pairs are in order, the measures are right, and the system holds what it reached; floors in floors.json."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from conftest import ROOT, SHARED

from benchmarks import same_case
from benchmarks.same_case import JUDGED, Judged, bcubed, clusters, figures, nearer
from corpora.check import kappa
from nlp import model_folder
from nlp.analyze import Analyzer
from training.shares import wilson

FLOORS = json.loads((ROOT / "tests" / "floors.json").read_text(encoding="utf-8"))["same_case_held"]


def test_the_pairs_are_as_many_and_as_hard_as_they_must_be():
    pairs = same_case.read_pairs()
    assert len({each.pair for each in pairs}) == len(pairs) >= 250
    agreed = Counter(each.agreed for each in pairs)
    assert agreed["same"] >= 80
    assert sum(each.agreed == "apart" and each.difficulty.startswith("same_") for each in pairs) >= 80
    assert set(agreed) <= {"same", "apart", "none", "unsure"}
    assert kappa([each.readings for each in pairs]) >= 0.9
    assert kappa([each.readers for each in pairs]) >= 0.9
    for each in pairs:  # what counts is what both say
        assert each.agreed not in JUDGED or (each.agreed == "same") == (each.readers[0] == "same") == (
            each.readers[1] == "same"
        )


def test_no_text_stands_in_both_halves():
    halves: dict[str, set[str]] = {}
    for each in same_case.read_pairs():
        for name in each.pair:
            halves.setdefault(name, set()).add(each.half)
    assert all(len(some) == 1 for some in halves.values())
    assert set().union(*halves.values()) == {"tune", "held"}


def test_kappa_worked_by_hand():
    # Ten pairs: seven agreed same, one agreed apart, two disputed: p0 = 0.8, pe = 0.8 · 0.8 + 0.2 · 0.2 = 0.68.
    readings = [("same", "same")] * 7 + [("apart", "apart"), ("same", "apart"), ("apart", "same")]
    assert kappa(readings) == pytest.approx((0.8 - 0.68) / 0.32)


def test_an_interval_holds_its_share():
    low, high = wilson(9, 10)
    assert (round(low, 3), round(high, 3)) == (0.596, 0.982)
    assert wilson(0, 0) == (0.0, 1.0)


def judged(first, second, agreed):
    return Judged((first, second), "retold", (agreed, agreed), (agreed, agreed), agreed, "tune")


def test_b_cubed_worked_by_hand():
    # a, b, c are one case; the system joins a with b, and wrongly c with d.
    pairs = [judged("a", "b", "same"), judged("a", "c", "same"), judged("c", "d", "apart")]
    said = {("a", "b"): True, ("a", "c"): False, ("c", "d"): True}
    precision = (1 + 1 + 1 / 2 + 1 / 2) / 4
    recall = (2 / 3 + 1 + 1 / 2 + 1) / 4
    assert bcubed(pairs, said) == pytest.approx(2 * precision * recall / (precision + recall))
    assert figures(pairs, said)["precision"] == figures(pairs, said)["recall"] == 0.5
    assert [len(group) for group in clusters([*pairs, judged("x", "y", "same")])] == [3, 1]


def test_nearer_worked_by_hand():
    pairs = [judged("a", "b", "same"), judged("a", "c", "same"), judged("c", "d", "apart"), judged("c", "e", "apart")]
    near = {("a", "b"): 0.9, ("a", "c"): 0.5, ("c", "d"): 0.5, ("c", "e"): 0.7}
    assert nearer(pairs, near) == (1 + 1 + 0.5 + 0) / 4


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_on_the_held_half_the_system_stays_above_the_floor_and_the_rule():
    judged = [each for each in same_case.read_pairs() if each.half == "held" and each.agreed in JUDGED]
    documents = same_case.read_documents(SHARED / "data", {name for each in judged for name in each.pair})
    resolved = same_case.resolve(documents, list(Analyzer(model_folder.load()).analyze(documents)))
    system = figures(judged, {each.pair: same_case.linked(resolved, each.pair) for each in judged})
    rule = figures(judged, {each.pair: same_case.by_rule(resolved, each.pair) for each in judged})
    for name in same_case.MEASURES:
        assert system[name] >= FLOORS[name], name
        assert system[name] >= rule[name], name
