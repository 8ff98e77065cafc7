"""training.evaluate_tags: sets of names and sums, worked by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from training.evaluate_tags import compare, gold_items, item_of

FIVE = (Decimal(50000), Decimal(50000))


@pytest.mark.parametrize(
    ("surface", "bounds"),
    [("5万元", FIVE), ("50000元", FIVE), ("5万", FIVE), ("20多万元", (Decimal(200000), Decimal(300000)))],
)
def test_a_sum_is_its_bounds(surface: str, bounds: tuple[Decimal, Decimal]) -> None:
    assert item_of("amount", "loss", surface) == ("amount", "loss", bounds)


def test_what_is_no_sum_is_no_item_and_a_name_has_no_spaces() -> None:
    assert item_of("amount", "loss", "三次") is None
    assert item_of("person", "victim", "曾 某") == ("person", "victim", "曾某")


def test_counts() -> None:
    row = {"victims": ["曾某"], "suspects": ["韦某"], "amounts": [{"cny_min": 50000, "cny_max": 50000, "role": "loss"}]}
    wanted = gold_items([row])
    given = {("person", "victim", "曾某"), ("person", "victim", "韦某"), ("amount", "gain", FIVE)}
    found = compare([(wanted, given)])
    assert (found["person:victim"].right, found["person:victim"].given, found["person:victim"].wanted) == (1, 2, 1)
    assert found["person:suspect"].f1 == 0
    assert found["person:found"].f1 == 1
    assert found["amount:found"].f1 == 1
    assert found["amount"].f1 == 0
    assert found["person:victim"].f1 == pytest.approx(2 / 3)
