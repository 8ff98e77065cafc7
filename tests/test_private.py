"""A bare text that reads like somebody's own statement is a complaint until a person says otherwise. Texts invented."""

import pytest

from corpora.private import sounds_private
from corpora.read import read_bytes

LETTER = (
    "我叫郁某，住在城东。上个月我在网上借钱，对方让我先交手续费，我前后转了三次，现在电话打不通，请领导帮我查一查。"
)
RECORD = "接处警登记表（摘录）\n接警时间：2024年3月19日15时\n报警内容：称被人以购买水桶为名骗走定金六千元。"
FORM = "留言标题：被假客服骗了\n留言内容：退款时要求开启屏幕共享，卡里少了四千元。"
PETITION = "尊敬的领导：小区门口有人摆摊推销保健品，老人被骗不少，恳请有关部门查处。"
NEWS = (
    "“我当时根本没想到是骗局。”周女士说，我看他发来的证件很真，我就信了，我把钱转了过去。本报记者了解到，警方已立案。"
)
NOTICE = "近日，城关派出所破获一起冒充客服诈骗案，抓获嫌疑人两名。警方提醒：不要点击陌生链接。"


@pytest.mark.parametrize("text", [LETTER, RECORD, FORM, PETITION])
def test_statements_records_and_forms_are_private(text):
    assert sounds_private(text)
    (document,) = read_bytes(text.encode(), "a.txt")
    assert document.nature == "complaint"


@pytest.mark.parametrize("text", [NEWS, NOTICE])
def test_published_texts_are_not(text):
    assert not sounds_private(text)
    (document,) = read_bytes(text.encode(), "a.txt")
    assert document.nature == "published"


def test_a_page_that_names_its_source_is_published_whoever_speaks():
    page = f"---\ntitle: 一封来信\nurl: https://news.example.invalid/1\nsource: 某报\n---\n\n{LETTER}"
    (document,) = read_bytes(page.encode(), "a.md")
    assert document.nature == "published"


def test_what_the_caller_says_wins():
    (document,) = read_bytes(LETTER.encode(), "a.txt", nature="published")
    assert document.nature == "published"
