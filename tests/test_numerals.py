"""Numbers: exact and vague, Arabic, Chinese, financial, mixed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nlp.extract.numerals import find_numbers, parse_core


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("3460", 3460, 3460),
        ("12,000", 12000, 12000),
        ("两千五", 2500, 2500),
        ("一千零五", 1005, 1005),
        ("一万三", 13000, 13000),
        ("十五", 15, 15),
        ("十几", 11, 19),
        ("几十万", 200000, 900000),
        ("三五千", 3000, 5000),
        ("十二三万", 120000, 130000),
        ("一两百", 100, 200),
        ("数百", 200, 900),
        ("二〇二三", 2023, 2023),
        ("贰万叁仟", 23000, 23000),
        ("一亿三千多万", 130000000, 140000000),
        ("6余万", 60000, 70000),
        ("1000余", 1000, 2000),
        ("1300余", 1300, 1400),
        ("2万8千", 28000, 28000),
        ("3万7千4", 37400, 37400),
        ("5w", 50000, 50000),
        ("百十", 100, 200),
        ("几十余万", 200000, 900000),
    ],
)
def test_numbers_have_the_bounds_of_the_guide(text: str, low: int, high: int) -> None:
    quantity = parse_core(text)
    assert quantity is not None
    assert (quantity.minimum, quantity.maximum) == (Decimal(low), Decimal(high))


@pytest.mark.parametrize("text", ["三三", "两两", "伍", "陆"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert parse_core(text) is None


def test_a_fraction_is_exact() -> None:
    quantity = parse_core("17673.17")
    assert quantity is not None
    assert quantity.minimum == Decimal("17673.17")


@pytest.mark.parametrize(
    ("text", "prefix", "low", "high"),
    [("近10万", "近", 90000, 100000), ("上千", "上", 1000, 2000), ("超1000", "超", 1000, 2000)],
)
def test_words_before_a_number_move_its_bounds(text: str, prefix: str, low: int, high: int) -> None:
    (number,) = find_numbers(text)
    assert number.prefix.strip() == prefix
    assert (number.quantity.minimum, number.quantity.maximum) == (Decimal(low), Decimal(high))
