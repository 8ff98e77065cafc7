"""What the law did."""

from __future__ import annotations

import pytest

from nlp.extract.outcomes import find_outcomes
from nlp.records import Outcome


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("王某因涉嫌诈骗罪被依法刑事拘留", Outcome("detained", "诈骗罪")),
        ("李某已被批准逮捕", Outcome("arrested", "")),
        ("案件移送审查起诉", Outcome("prosecuted", "")),
        ("以诈骗罪判处有期徒刑三年六个月", Outcome("sentenced", "诈骗罪", 42, 42)),
        ("分别判处有期徒刑一年至三年九个月", Outcome("sentenced", "", 12, 45)),
        ("获刑6年", Outcome("sentenced", "", 72, 72)),
        ("判处拘役五个月", Outcome("sentenced", "", 5, 5)),
        ("并处罚金二万元", Outcome("fined", "")),
        ("被取保候审", Outcome("released", "")),
    ],
)
def test_outcomes(text: str, outcome: Outcome) -> None:
    assert find_outcomes(text)[0].value == outcome


@pytest.mark.parametrize(
    "text", ["依照刑法规定，处三年以下有期徒刑或者拘役", "数额较大的，处三年以下有期徒刑", "看守拘留所", "送达逮捕证"]
)
def test_what_the_statute_says_is_no_outcome(text: str) -> None:
    assert find_outcomes(text) == []
