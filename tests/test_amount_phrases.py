"""Every row of the table of phrases holds for its example and not for its counter-example."""

from __future__ import annotations

import pytest

from nlp.extract.amount_phrases import find_phrases, phrases
from nlp.spelling import fold


def found(text: str) -> list[str]:
    folded = fold(text)
    start = folded.index("5万元")
    return find_phrases(folded, start, start + 3)


@pytest.mark.parametrize("phrase", phrases(), ids=lambda phrase: phrase.name)
def test_each_phrase_holds_for_its_example_and_not_for_its_counter(phrase) -> None:
    assert phrase.name in found(phrase.example)
    assert phrase.name not in found(phrase.counter)


def test_names_are_unique_and_sides_known() -> None:
    names = [phrase.name for phrase in phrases()]
    assert len(set(names)) == len(names)
    assert {phrase.side for phrase in phrases()} <= {"left", "clause", "sentence", "right", "near", "behind"}


def test_a_demand_is_met_or_open() -> None:
    assert "demand_met" in found("客服要求转账5万元，她信以为真")
    assert "demand_open_realised" in found("客服要求再转账5万元，她才知道上当")
    assert "periodic_threat" in found("若不取消每月扣费5万元")
