"""training.evaluate: the figures, worked by hand, on a handful of verdicts."""

from __future__ import annotations

import pytest

from nlp import taxonomy
from nlp.records import Verdict
from training.evaluate import hardest, label_table, score, table
from training.gather import Example

A, B, C = taxonomy.load().label_ids[:3]
MERGED = next(iter(taxonomy.load().merged.values()))
EMPTY = taxonomy.load().empty.id


def verdict(kind: str, label: str, review: bool = False) -> Verdict:
    return Verdict(kind, 0.9, label, 0.8, {label: 0.8}, review=review)  # type: ignore[arg-type]


def test_figures_by_hand() -> None:
    gold = [
        Example("1", "", "case", A),
        Example("2", "", "case", A, (B,)),
        Example("3", "", "advisory", B),
        Example("4", "", "unrelated", EMPTY),
    ]
    given = [verdict("case", A), verdict("case", B), verdict("case", C, review=True), verdict("unrelated", C)]
    figures = score(gold, given)
    assert figures.kind == pytest.approx(3 / 4)
    assert figures.strict == pytest.approx(2 / 4)  # 1, and 4: unrelated has the empty label whatever its best one is
    assert figures.accepted == pytest.approx(3 / 4)
    assert figures.review == pytest.approx(1 / 4)
    assert figures.accepted_unreviewed == 1.0
    assert figures.per_label[A] == (1.0, 0.5, pytest.approx(2 / 3), 2)
    assert figures.macro_f1 == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert figures.accepted_interval[0] <= 0.75 <= figures.accepted_interval[1]


def test_labels_that_people_mix_up_count_as_one_in_the_merged_score() -> None:
    first, second, *_ = MERGED
    figures = score([Example("1", "", "case", first)], [verdict("case", second)])
    assert (figures.strict, figures.merged) == (0.0, 1.0)


def test_an_unrelated_document_taken_for_a_case_is_wrong_in_both() -> None:
    figures = score([Example("1", "", "unrelated", EMPTY)], [verdict("case", A)])
    assert (figures.kind, figures.strict, figures.accepted) == (0.0, 0.0, 0.0)


def test_tables_and_errors_hold_the_figures_and_no_text() -> None:
    gold = [Example("doc-1", "这句话不该出现", "case", A)]
    figures = score(gold, [verdict("advisory", B)])
    lines = table({"m": figures}) + label_table(figures) + "".join(hardest(gold, [verdict("advisory", B)], 5))
    assert "这句话" not in lines
    assert "doc-1" in lines
    assert "0.000" in lines
