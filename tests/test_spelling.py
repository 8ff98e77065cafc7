"""Folding keeps length and offsets; evasive spellings are named, never replaced."""

import re
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.spelling import BEGINNINGS, find_evasive, fold


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


def beginnings(parsed) -> set[str]:
    """The characters with which a parsed pattern can match, by the interpreter's own parser."""
    found: set[str] = set()
    for operation, value in parsed:
        name = str(operation)
        if name in ("ASSERT", "ASSERT_NOT"):  # looks, takes nothing
            continue
        if name == "LITERAL":
            return found | {chr(value)}
        if name == "IN":
            assert all(str(kind) == "LITERAL" for kind, _ in value), "a range or a class: spell it out"
            return found | {chr(code) for _, code in value}
        if name == "SUBPATTERN":
            _, added, _, inner = value
            letters = beginnings(inner)
            return found | ({case for c in letters for case in (c.lower(), c.upper())} if added & re.I else letters)
        if name == "BRANCH":
            return found.union(*(beginnings(branch) for branch in value[1]))
        raise AssertionError(f"what a pattern begins with is not known for {name}")
    return found


def test_every_row_of_evasive_spellings_is_tried_wherever_it_can_begin():
    lines = resources.files("nlp.lexicon").joinpath("evasive.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    assert set().union(*(beginnings(re._parser.parse(row[0])) for row in rows)) <= set(BEGINNINGS)
    plain = re.compile("|".join(row[0] for row in rows))
    text = " ".join(row[2] for row in rows) + " ſhua单 加v hxxps://a点com。cn 支一付一宝"
    assert [match.span() for match in plain.finditer(text)] == [
        (found.start, found.end) for found in find_evasive(text)
    ]
