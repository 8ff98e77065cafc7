"""Apps, sites and payment channels."""

from __future__ import annotations

import pytest

from nlp.extract.platforms import find_platforms
from nlp.records import Platform


@pytest.mark.parametrize(
    ("text", "name", "sort"),
    [
        ("用zfb转账", "支付宝", "payment"),
        ("通过支付宝转账", "支付宝", "payment"),
        ("在闲鱼上看到", "闲鱼", "shop"),
        ("自称京东金融客服", "京东金融", "payment"),
        ("刷抖音时", "抖音", "social"),
        ("农行卡里", "中国农业银行", "bank"),
        ("下载“富鑫宝”APP", "富鑫宝", "app"),
        ("进入名为“道富资本”的网站", "道富资本", "site"),
        ("APP名为“聚财通”", "聚财通", "app"),
        ("下载SuperPay软件", "SuperPay", "app"),
    ],
)
def test_platforms_have_their_usual_name(text: str, name: str, sort: str) -> None:
    assert find_platforms(text)[0].value == Platform(name, sort)


@pytest.mark.parametrize("text", ["中通知各单位", "他转转悠悠", "下载“客服”软件", "滴滴答答", "“贷款”平台"])
def test_false_friends_are_no_platforms(text: str) -> None:
    assert find_platforms(text) == []
