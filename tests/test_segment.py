"""Words cover the text, keep the field's own words whole, and meet in search."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.divisions import words as division_names
from nlp.segment import _dictionary, _tokenizer, is_word, lexicon, segment, tokens
from training.gather import read_authored


@pytest.mark.slow
def test_the_words_are_those_of_jieba_with_our_words():
    import jieba

    ours, theirs = _tokenizer(), jieba.Tokenizer()
    theirs.initialize()
    for word in ("跑分平台", "昆明市", "邓州"):  # ours are on top of its own, often enough to be cut out
        assert is_word(word)
    theirs.FREQ, theirs.total = _as_jieba_keeps_them(theirs.FREQ), ours.total
    told = [example.text for example, _ in read_authored()[::6]]
    for text in (*told, "", "龘靐齉爩", "abc 123-4.5%", "的" * 50, "中华人民共和国" * 9):
        assert list(ours.cut(text)) == list(theirs.cut(text))


def test_the_dictionary_is_loaded_once_however_many_ask_at_once(monkeypatch):
    loads, real = [], _dictionary()

    @cache
    def slowly():
        loads.append(1)
        time.sleep(0.05)
        return real

    monkeypatch.setattr("nlp.segment._read_dictionary", slowly)
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(is_word, ["诈骗"] * 8))
    assert loads == [1]


def _as_jieba_keeps_them(own):
    """jieba's dict of words and their beginnings, with our words in it."""
    words = {word for word in own if own[word]} | {*lexicon(), *division_names()}
    known = {word: often for word in words if (often := _dictionary().get(word))}
    assert all(often == own.get(word) or often in (20_000, 5) for word, often in known.items())
    return {word[:end]: 0 for word in known for end in range(1, len(word))} | known


def surfaces(text):
    return [token.surface for token in segment(text)]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_tokens_cover_every_character_once(text):
    assert "".join(surfaces(text)) == text
    at = 0
    for token in segment(text):
        assert token.start == at
        assert text[token.start : token.end] == token.surface
        at = token.end


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("他在跑分平台洗钱", "跑分平台"),
        ("借“村推”激活医保凭证", "村推"),
        ("被告人陈某丰与汤某", "陈某丰"),
        ("嫌疑人胡某某落网", "胡某某"),
        ("要求开启屏幕共享", "屏幕共享"),
        ("邓州市公安局", "邓州市"),
    ],
)
def test_own_words_stay_whole(text, word):
    assert word in surfaces(text)


@pytest.mark.parametrize(("text", "name"), [("清理涉黄平台", "黄平"), ("从中牟利", "中牟")])
def test_rare_county_names_cut_no_words(text, name):
    assert name not in surfaces(text)


def test_masked_name_does_not_swallow_the_next_word():
    assert "李某" in surfaces("李某在家中被抓获")


def test_normal_spelling_stands_beside_the_original():
    token = next(token for token in segment("加我薇❤") if token.normal == "微信")
    assert token.surface == "薇❤"


@pytest.mark.parametrize("query", ["微信", "詐騙", "诈骗", "公安局", "刷单"])
def test_search_words_of_text_and_query_meet(query):
    text = "邓州市公安局提醒：加薇❤刷-單，警惕電信詐騙"
    assert set(tokens(query)) <= set(tokens(text))
