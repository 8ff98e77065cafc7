"""No text makes a finder raise or hang, and every span is its surface."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.extract.accounts import find_accounts
from nlp.extract.amounts import find_amounts
from nlp.extract.contacts import find_contacts
from nlp.extract.counts import find_counts
from nlp.extract.outcomes import find_outcomes
from nlp.extract.pipeline import build_pipeline, find_mentions
from nlp.extract.platforms import find_platforms
from nlp.extract.times import find_times
from nlp.records import Mention

FINDERS: list[Callable[[str], list[Mention]]] = [
    find_accounts,
    find_contacts,
    find_amounts,
    find_times,
    find_counts,
    find_platforms,
    find_outcomes,
]
_PIECES = st.sampled_from(
    [
        *"01359.,，、-－–至到近上超余多几数十百千万亿两壹贰元块角分钱Uwk年月日时点个名条@()（“”٣②𝟛\n　某¥$ ",
        *[
            "人民币",
            "美元",
            "USDT",
            "卡号",
            "微信",
            "QQ",
            "http://",
            ".com",
            "APP",
            "支付宝",
            "被骗",
            "转账",
            "罚金",
            "138",
            "有期徒刑",
            "诈骗罪",
            "名为",
            "其中",
        ],
    ]
)


@pytest.mark.parametrize("find", FINDERS, ids=lambda find: find.__name__)
@settings(max_examples=150, deadline=None)
@given(text=st.one_of(st.lists(_PIECES, max_size=40).map("".join), st.text(max_size=80)))
def test_no_text_makes_a_finder_raise_and_spans_are_surfaces(find: Callable[[str], list[Mention]], text: str) -> None:
    found = find(text)
    assert [m.start for m in found] == sorted(m.start for m in found)
    for mention in found:
        assert 0 <= mention.start < mention.end <= len(text)
        assert text[mention.start : mention.end].replace("\n", "") == mention.surface


@pytest.mark.parametrize(
    "piece", ["某", "1", "（", "一", "1月", "十元、", "“名为", "138-", "a.", "账号1 ", "被骗5万元", "有期徒刑1年"]
)
@pytest.mark.parametrize("find", FINDERS, ids=lambda find: find.__name__)
def test_a_long_text_of_one_piece_is_read_to_its_end(find: Callable[[str], list[Mention]], piece: str) -> None:
    text = (piece * 40_000)[:40_000]
    assert all(text[mention.start : mention.end] == mention.surface for mention in find(text))


def test_the_spacy_pipeline_carries_what_is_found_without_it() -> None:
    text = (
        "近日，市民王女士被骗3.5万元，报警后邓州市公安局抓获嫌疑人李某丰，其账号6222021234567890128，微信号abc_123456。"
    )
    doc = build_pipeline()(text)
    found = find_mentions(text)
    assert {mention.kind for mention in found} >= {"time", "person", "amount", "organisation", "place", "contact"}
    assert sorted(doc._.mentions, key=lambda mention: (mention.start, -mention.end, mention.kind)) == found
    assert doc.text == text


def test_half_an_emoji_is_read_like_any_other_character() -> None:
    assert [mention.surface for mention in find_mentions("\ud83d王女士被骗3万元")] == ["王女士", "3万元"]
