"""Counts of people and things, never money."""

from __future__ import annotations

import pytest

from nlp.extract.amounts import find_sums
from nlp.extract.counts import find_counts
from nlp.extract.taken import spans
from nlp.extract.times import find_times
from nlp.records import Count


@pytest.mark.parametrize(
    ("text", "surface", "low", "high", "unit", "what"),
    [
        ("骗取1.88万名群众的信息", "1.88万名", 18800, 18800, "名", "victims"),
        ("非法获取近12000个公民信息", "近12000个", 10800, 12000, "个", "records"),
        ("注册微信号10余万个", "10余万个", 100000, 200000, "个", "accounts"),
        ("被告人陈某等32人", "32人", 32, 32, "人", "suspects"),
        ("查获手机5台", "5台", 5, 5, "台", "phones"),
        ("银行卡20余张", "20余张", 20, 30, "张", "cards"),
        ("抓获16名犯罪嫌疑人", "16名", 16, 16, "名", "suspects"),
        ("骗取24名被害人", "24名", 24, 24, "名", "victims"),
        ("破案30余起", "30余起", 30, 40, "起", "cases"),
        ("查扣车辆23辆", "23辆", 23, 23, "辆", "other"),
    ],
)
def test_counts_say_how_many_of_what(text: str, surface: str, low: int, high: int, unit: str, what: str) -> None:
    mention = find_counts(text)[0]
    assert isinstance(mention.value, Count)
    assert (mention.surface, mention.value.minimum, mention.value.maximum, mention.value.unit, mention.value.what) == (
        surface,
        low,
        high,
        unit,
        what,
    )


def test_villagers_without_a_unit() -> None:
    (mention,) = find_counts("1.8万村民被骗去扫码")
    assert mention.surface == "1.8万村民"
    assert mention.value == Count(18000, 18000, "人", "victims")


@pytest.mark.parametrize(
    "text", ["一个男子", "第3名", "个人信息", "损失5000元", "12381短信", "他3个月没回家", "中国大陆用户", "条件优厚"]
)
def test_false_friends_are_no_counts(text: str) -> None:
    assert find_counts(text, spans([*find_sums(text), *find_times(text)])) == []
