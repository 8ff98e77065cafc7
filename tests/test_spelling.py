"""Folding keeps length and offsets; evasive spellings are named, never replaced."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.spelling import find_evasive, fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("１３８００００１２３４", "13800001234"),
        ("詐騙集團", "诈骗集团"),
        ("ＱＱ群", "QQ群"),
        ("①③⑧", "138"),
        ("他说：“好，行！”（笑）", "他说：“好，行！”（笑）"),
        ("1－2万元", "1-2万元"),
    ],
)
def test_fold(text, folded):
    assert fold(text) == folded


@given(st.text())
def test_fold_never_changes_the_length(text):
    assert len(fold(text)) == len(text)


@pytest.mark.parametrize(
    ("text", "surface", "normal"),
    [
        ("加我薇❤聊", "薇❤", "微信"),
        ("进q裙领福利", "q裙", "QQ群"),
        ("用zfb转给他", "zfb", "支付宝"),
        ("网上刷-单被骗", "刷-单", "刷单"),
        ("加V信拉群", "V信", "微信"),
        ("联系威信：abc888", "威信", "微信"),
        ("收300USDT", "USDT", "泰达币"),
        ("打开hxxps://a.invalid", "hxxps://", "http://"),
    ],
)
def test_evasive_spellings_are_named(text, surface, normal):
    assert [(e.surface, e.normal) for e in find_evasive(fold(text))] == [(surface, normal)]


@pytest.mark.parametrize(
    "text", ["威信扫地", "公司威信力不足", "他加入了微信群", "保险责任", "扣扣子", "wxyz", "vxworks"]
)
def test_plain_words_are_not_evasive(text):
    assert find_evasive(fold(text)) == []
