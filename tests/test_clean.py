"""Documents into articles: markup and boilerplate out, credits apart, every character in its place."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.clean import clean
from nlp.markup import read_front_matter, read_lines
from nlp.records import Article, Document

WECHAT = """---
title: 提醒 | 退休教师被骗走八万元，银行柜员起了疑
url: https://mp.weixin.qq.com/s?__biz=abc==&mid=1
source: 青禾警务
date: 2024-05-06
fetch_date: 2025-01-02T03:04:05
---

# 提醒 | 退休教师被骗走八万元，银行柜员起了疑

![cover_image](https://mmbiz.qpic.cn/x/0?wx_fmt=jpeg)

# 提醒 | 退休教师被骗走八万元，银行柜员起了疑

青禾警务

**扫码订阅《青禾警务》**

邮发代号 1-234

征订热线：010-12345678

上月，**云州市青禾县的罗老师**接到一个电话，对方自称快递公司客服，要赔她一笔钱。她照着对方说的做，**分三次转出8万元。**

****对方步步紧逼**，她没有退路**

> 罗老师：他一直催我，不让我挂电话。

银行柜员起了疑，[报了警](https://example.com/a)。民警赶到时，最后一笔2万元还没有转出。

* **卡号 6222****1234 的账户已被止付；**
* 另一个账户还在查。

（来源：云州晚报）

**分享反诈知识**

**《青禾警务》倾力推荐**

预览时标签不可点

阅读原文

微信扫一扫
关注该公众号

继续滑动看下一个

知道了

取消
允许
"""


def document(text: str, **fields: str) -> Document:
    return Document("d1", text, **fields)  # type: ignore[arg-type]


def check_offsets(source: Document, articles: tuple[Article, ...]) -> None:
    """Every character stands where its offset says; only newlines and spaces may be put in."""
    for number, article in enumerate(articles):
        assert article.index == number
        assert len(article.offsets) == len(article.text)
        assert article.offsets, "an article without a character"
        for at, (character, place) in enumerate(zip(article.text, article.offsets, strict=True)):
            if source.text[place] != character:
                assert character in "\n ", f"{character!r} at {at} is {source.text[place]!r} in the document"
                assert at == 0 or place == article.offsets[at - 1]
        assert article.start == min(article.offsets)
        assert article.end == max(article.offsets) + 1
        for line_start, line in _lines(article.text):
            places = article.offsets[line_start : line_start + len(line)]
            for at, (a, b) in enumerate(pairwise(places), line_start + 1):
                assert a < b or article.text[at] == " "
        assert len(article.byline_offsets) == len(article.byline)
        for character, place in zip(article.byline, article.byline_offsets, strict=True):
            assert source.text[place] == character or character == " "


def _lines(text: str) -> list[tuple[int, str]]:
    found, at = [], 0
    for line in text.split("\n"):
        found.append((at, line))
        at += len(line) + 1
    return found


def test_wechat_markdown_is_read_clean() -> None:
    source = document(WECHAT)
    (article,) = clean(source)
    check_offsets(source, (article,))
    assert article.text.split("\n") == [
        "提醒 | 退休教师被骗走八万元，银行柜员起了疑",
        "上月，云州市青禾县的罗老师接到一个电话，对方自称快递公司客服，要赔她一笔钱。她照着对方说的做，分三次转出8万元。",
        "对方步步紧逼，她没有退路",
        "罗老师：他一直催我，不让我挂电话。",
        "银行柜员起了疑，报了警。民警赶到时，最后一笔2万元还没有转出。",
        "卡号 6222****1234 的账户已被止付；",
        "另一个账户还在查。",
    ]
    assert article.title == "提醒 | 退休教师被骗走八万元，银行柜员起了疑"
    assert article.publisher == "云州晚报"
    assert article.published == "2024-05-06"


def test_wechat_markdown_without_its_line_breaks_says_the_same() -> None:
    whole = "".join(clean(document(WECHAT))[0].text.split())
    source = document(WECHAT.replace("\n", ""))
    (article,) = clean(source)
    check_offsets(source, (article,))
    assert "".join(article.text.split()) == whole


@pytest.mark.parametrize("text", ["", "\n\n", "   ", "……", "↓↓↓\n——\n***", "\ufeff", "\x00"])
def test_nothing_to_read_gives_no_article(text: str) -> None:
    assert clean(document(text)) == ()


@pytest.mark.parametrize("text", ["救命，我被骗了8000元", "a", "转账", "？退我钱！", "来源：青禾发布\n钱被骗走了"])
def test_a_short_complaint_is_kept(text: str) -> None:
    (article,) = clean(document(text))
    assert article.text == text.split("\n")[-1]


def test_the_documents_own_title_is_the_first_line_and_is_not_repeated() -> None:
    title = "男子网购充值卡被骗"
    source = document(f"{title}\n{title}\n近日，云州市民罗某网购充值卡时被骗3000元。\n警方正在调查。", title=title)
    (article,) = clean(source)
    check_offsets(source, (article,))
    assert article.text == f"{title}\n近日，云州市民罗某网购充值卡时被骗3000元。\n警方正在调查。"
    assert (article.title, article.start) == (title, 0)


def test_a_first_line_that_reads_like_a_title_is_one() -> None:
    body = "近日，云州市公安局青禾分局接到报警，市民罗某称自己在网上兼职时被骗走三千元，民警随即展开调查。"
    (article,) = clean(document(f"云州警方打掉一个刷单团伙\n{body}"))
    assert article.title == "云州警方打掉一个刷单团伙"
    (article,) = clean(document(f"{body}\n{body[:30]}。"))
    assert article.title == ""


CREDITS = [
    (
        "本报讯（记者 罗小川 通讯员 方青）近日，一名男子被骗。",
        "记者 罗小川 通讯员 方青",
        "本报讯",
        "",
        "近日，一名男子被骗。",
    ),
    (
        "新华社云州11月2日电（记者罗小川）近日，一名男子被骗。",
        "记者罗小川",
        "新华社云州11月2日电",
        "",
        "近日，一名男子被骗。",
    ),
    (
        "云州晚报5月2日讯(记者 罗小川)近日，一名男子被骗。",
        "记者 罗小川",
        "云州晚报5月2日讯",
        "",
        "近日，一名男子被骗。",
    ),
    ("近日，一名男子被骗。（据新华社电）", "", "（据新华社电）", "", "近日，一名男子被骗。"),
    ("近日，一名男子被骗。（记者 罗小川）", "记者 罗小川", "", "", "近日，一名男子被骗。"),
    ("近日，一名男子被骗。（来源：云州晚报）", "", "", "云州晚报", "近日，一名男子被骗。"),
    ("近日，一名男子被骗。 【编辑:方青】", "", "", "", "近日，一名男子被骗。"),
    ("云州晚报记者 罗小川 方青\n近日，一名男子被骗。", "云州晚报记者 罗小川 方青", "", "", "近日，一名男子被骗。"),
    ("近日，一名男子被骗。\n来源： 云州晚报\n编辑：方青\n审核 罗小川", "", "", "云州晚报", "近日，一名男子被骗。"),
    ("近日，一名男子被骗。\n转自云州公安", "", "", "云州公安", "近日，一名男子被骗。"),
    ("近日，一名男子被骗。\n【记者】罗小川\n【来源】 云州网", "【记者】罗小川", "", "云州网", "近日，一名男子被骗。"),
    ("近日，一名男子被骗。\n云州晚报记者 罗小川 编辑 方青", "云州晚报记者 罗小川", "", "", "近日，一名男子被骗。"),
]


@pytest.mark.parametrize(("text", "byline", "dateline", "publisher", "body"), CREDITS)
def test_credits_become_metadata(text: str, byline: str, dateline: str, publisher: str, body: str) -> None:
    source = document(text)
    (article,) = clean(source)
    check_offsets(source, (article,))
    assert (article.byline, article.dateline, article.publisher, article.text) == (byline, dateline, publisher, body)


@pytest.mark.parametrize(
    "line",
    [
        "记者了解到，罗某在网上认识了一名女子。",
        "记者：您当时转了多少钱？",
        "来源不明的链接不要点，编辑过的截图不要信。",
        "他自称是电视台记者，要她交报名费。",
        "对方让我点击下方链接填写银行卡号。",
        "扫描二维码后，她被拉进一个群。",
        "通讯员的身份是假的。",
        "作者是谁不重要",
    ],
)
def test_sentences_are_no_credits_and_no_prompts(line: str) -> None:
    (article,) = clean(document(f"昨日，云州市民罗女士来到派出所报案。\n{line}\n民警正在调查此事。"))
    assert line in article.text.split("\n")


def test_a_doubled_opening_is_read_once() -> None:
    opening = ["您的快递到了吗?", "还没有呢!", "您想不想知道,这些热心的“客服”为什么"]
    rest = "这么热情?云州警方手里刚好有个案例。"
    text = "\n".join([*opening, *opening]) + rest + "\n近日,罗某被骗走3000元。"
    source = document(text)
    (article,) = clean(source)
    check_offsets(source, (article,))
    assert article.text == "\n".join(opening) + rest + "\n近日,罗某被骗走3000元。"
    assert article.start == len("\n".join(opening)) + 1


def test_masked_names_and_numbers_keep_their_stars() -> None:
    (article,) = clean(document("罗**把钱转给了方**，电话138****5678。"))
    assert article.text == "罗**把钱转给了方**，电话138****5678。"


def test_a_source_line_between_two_long_texts_parts_them() -> None:
    first = "云州市青禾县公安局近日打掉一个刷单团伙，抓获罗某等五人。" * 20
    second = "什么是刷单？所谓刷单，就是骗子以返利为诱饵，让人先垫钱、后失联的一种手法，近年来屡见不鲜。" * 20
    source = document(f"{first}\n来源: 云州晚报\n{second}")
    articles = clean(source)
    check_offsets(source, articles)
    assert [article.publisher for article in articles] == ["云州晚报", ""]
    assert articles[1].start == len(first) + len("\n来源: 云州晚报\n")


def test_a_round_up_of_cases_stays_one_article() -> None:
    cases = []
    for number in "一二三四":
        story = f"{number}月，云州市民罗某在网上兼职刷单，先后转出三万元，对方随即失联，罗某这才报警求助。" * 5
        cases.append(f"案例{number}\n\n{story}")
    (article,) = clean(document("云州警方通报四起典型案例\n\n" + "\n\n".join(cases) + "\n\n来源：云州公安"))
    assert article.title == "云州警方通报四起典型案例"


ALPHABET = st.sampled_from(
    list(
        "警方被骗元万某罗记者讯电报据新华社来源编辑（）()【】《》“”。，！？：:\n\n\n *#>[]!-—_`~|/\\\u3000\t\r\u200b1234567890abc.\"'"
    )
)


@given(st.text(ALPHABET, max_size=400))
@settings(max_examples=300, deadline=None)
def test_offsets_hold_on_any_text_of_our_signs(text: str) -> None:
    source = document(text)
    check_offsets(source, clean(source))


@given(st.text(max_size=200), st.text(max_size=40))
@settings(max_examples=150, deadline=None)
def test_offsets_hold_on_any_text(text: str, title: str) -> None:
    source = document(f"{title}\n{text}", title=title)
    check_offsets(source, clean(source))


UNITS = [
    "某",
    "1",
    "（",
    "(",
    "[",
    "![",
    "![](",
    "**",
    "*",
    "#",
    "记者",
    "据新华社",
    "来源：",
    "一 ",
    "，",
    "<p ",
    "> ",
    "---",
    "“",
]
UNITS += ["。\n", "甲乙丙，\n", "（据新华社电）\n", "新华社发 丁丙 摄\n", "云州打掉团伙\n"]


@pytest.mark.parametrize("unit", UNITS)
def test_long_texts_of_one_sign_are_read_to_their_end(unit: str) -> None:
    text = unit * (60_000 // len(unit))
    source = document(text)
    articles = clean(source)
    assert sum(len(article.text) for article in articles) <= len(text)


def test_front_matter_needs_known_keys() -> None:
    assert read_front_matter("---\n没有键\n---\n正文").end == 0
    front = read_front_matter("---\ntitle: 甲\nsource: 乙报\n---\n正文")
    assert {key: value.text for key, value in front.values.items()} == {"title": "甲", "source": "乙报"}
    quoted = '---\ntitle: "“甲”记得"\nsource: \'乙报\'\nauthor: "丙" 与 "丁"\n---\n正文'
    front = read_front_matter(quoted)
    assert front.values["title"].text == "“甲”记得"
    assert front.values["source"].text == "乙报"
    start = front.values["title"].start
    assert quoted[start : front.values["title"].end] == "“甲”记得"


def test_lines_lose_links_images_and_tags_but_keep_their_words() -> None:
    text = '看[这里](https://e.com/x_(1) "t")和![图](a.png)<b>粗</b>&nbsp;[注](不是网址)\n完了'
    line, _ = read_lines(text)
    assert "粗" in line.text
    assert "![" not in line.text
    assert "[注](不是网址)" in line.text


def test_what_opens_as_front_matter_and_tells_nothing_is_text() -> None:
    """Made by `bad_inputs`: a key so near to the dashes that none is read."""
    assert read_front_matter("---\nurl:云州---\n正文").values == {}
    for text in ("---\nurl:微信扫一扫微信扫一扫---", "---\ntitle:---\n八万元被骗走。", "---\nurl:---"):
        for article in clean(Document("a", text)):
            assert text[article.start : article.end]
