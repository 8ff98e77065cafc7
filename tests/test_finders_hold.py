"""No text makes a finder raise or hang, and every span is its surface."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings

from nlp.extract.pipeline import build_pipeline, find_mentions
from nlp.records import Mention
from tests.bad_inputs import FINDERS, PIECES, check_found, texts


@pytest.mark.parametrize("find", FINDERS, ids=lambda find: find.__name__)
@settings(max_examples=150, deadline=None)
@given(text=texts(PIECES))
def test_no_text_makes_a_finder_raise_and_spans_are_surfaces(find: Callable[[str], list[Mention]], text: str) -> None:
    check_found(find)(text)


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
