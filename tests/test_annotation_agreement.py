"""Agreement worked by hand, and disputes: who differs, in what, and that a third person settles."""

from __future__ import annotations

import pytest

from corpora.judgments import Judgment, MarkedSpan
from nlp import taxonomy
from nlp.errors import ConflictError
from serving.annotation.agreement import agreement, cohen_kappa, f1, krippendorff_alpha
from serving.annotation.disputes import differ, may_settle

FIRST, SECOND, THIRD, *_ = taxonomy.load().label_ids
A, B, C = MarkedSpan(0, 2, "person", "victim"), MarkedSpan(4, 6, "amount", "loss"), MarkedSpan(4, 6, "amount", "gain")


def said(label=FIRST, *spans, kind="case", also=()):
    return Judgment(kind, label, also, (), tuple(sorted(spans)))


def test_kappa_of_a_table_worked_by_hand():
    """Both yes 20, only one 5, only the other 10, both no 15: observed 0.7, expected 0.5·0.6 + 0.5·0.4 = 0.5, κ = 0.4."""
    first = [True] * 25 + [False] * 25
    second = [True] * 20 + [False] * 5 + [True] * 10 + [False] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.4)
    assert cohen_kappa(second, first) == pytest.approx(0.4)
    assert cohen_kappa([], []) is None
    assert cohen_kappa(["a"] * 5, ["a"] * 5) is None
    assert cohen_kappa(["a", "b"], ["b", "a"]) == -1


def test_alpha_of_the_example_in_krippendorff_s_paper():
    """Four observers, twelve units, values missing ("Computing Krippendorff's Alpha-Reliability", example C): 0.743."""
    observers = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")
    units = [[value for value in column if value != "."] for column in zip(*observers, strict=True)]
    assert krippendorff_alpha(units) == pytest.approx(0.743, abs=0.0005)
    assert krippendorff_alpha([["a", "a"], ["a"]]) is None
    assert krippendorff_alpha([["a", "a"], ["b", "b"]]) == 1


def test_f1_is_the_same_from_either_side():
    assert f1([A, B], [A, C]) == f1([A, C], [A, B]) == 0.5
    assert f1([], []) is None
    assert f1([A], []) == 0


def test_all_figures_of_three_documents():
    """甲 and 乙 agree on d1 (but for a role), differ on d2, agree on d3; d4 has one annotation and does not count."""
    judgments = {
        "d1": {"甲": said(FIRST, A, B), "乙": said(FIRST, A, C)},
        "d2": {"甲": said(SECOND), "乙": said(THIRD, also=(SECOND,))},
        "d3": {"甲": said(SECOND), "乙": said(SECOND)},
        "d4": {"甲": said(THIRD)},
    }
    found = agreement(judgments)
    [pair] = found.pairs
    assert (found.documents, pair.documents, pair.accepted) == (3, 3, 1.0)
    assert pair.kind is None  # both always say the same kind: nothing is measured
    assert pair.label == pytest.approx((2 / 3 - 3 / 9) / (1 - 3 / 9))
    assert (pair.spans, pair.roles) == (1.0, 0.5)
    of = {label.label: label for label in found.labels}
    assert (of[SECOND].documents, of[SECOND].both) == (2, 0.5)
    assert (of[THIRD].documents, of[THIRD].both) == (1, 0.0)
    assert found.types == (("amount", 2, 1.0), ("person", 2, 1.0))
    assert agreement({}).pairs == ()


def test_what_is_a_dispute():
    assert differ("d", {"甲": said(), "乙": said()}) is None
    assert differ("d", {"甲": said(), "乙": said(SECOND, also=(FIRST,))}) is None
    assert differ("d", {"甲": said(), "乙": said(SECOND)}).label
    assert differ("d", {"甲": said(), "乙": said(kind="advisory")}).kind
    spans = differ("d", {"甲": said(FIRST, A, B), "乙": said(FIRST, A, C)})
    assert (spans.kind, spans.label, spans.spans) == (False, False, 0.5)


def test_a_third_person_settles_or_an_administrator():
    people = {"甲": said(), "乙": said(SECOND)}
    may_settle(people, "丙", administrator=False)
    may_settle(people, "甲", administrator=True)
    with pytest.raises(ConflictError, match="第三个人"):
        may_settle(people, "甲", administrator=False)
    with pytest.raises(ConflictError, match="没有两个人"):
        may_settle({"甲": said()}, "丙", administrator=True)
