"""What a crime came to: the total told, else the facts added, never what was given back or earned by selling."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nlp.extract.amount_total import crime_total
from nlp.extract.amounts import find_amounts


def total(text: str) -> tuple[Decimal, Decimal] | None:
    return crime_total(text, find_amounts(text))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("被告人先后四次骗取他人钱财共计27600元，分别为：\n骗得孟某500元。\n骗得邹某1800元。", 27600),
        ("被告人骗取被害人财物9010元，数额较大，应当以诈骗罪追究。", 9010),
        ("1、骗走被害人卞某3000元。\n2、骗走被害人穆某4500元。\n另查明，其家属已退赔卞某3000元。", 7500),
    ],
)
def test_the_total_told_comes_before_the_facts_added(text: str, wanted: int) -> None:
    found = total(text)
    assert found is not None
    assert found[0] <= wanted <= found[1]


def test_nothing_taken_is_no_total() -> None:
    assert total("法院判处罚金5000元。") is None
    assert total("") is None
