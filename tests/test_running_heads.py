"""What a PDF repeats at the edge of every page is not part of its articles."""

import pytest

from nlp.clean import clean
from nlp.records import Document

HEAD = "开川检察　2025年第3期\n"
FIRST = f"{HEAD}第1版\n卖出去的三张卡\n　　检察官把转账记录一页页摆在桌上，龚某才不再说话。\n　　法院判处其有期徒刑十个月。\n- 1 -\n"
SECOND = f"{HEAD}第2版\n　　按照法律规定，明知他人犯罪仍提供帮助的，应当承担责任。\n- 2 -\n"
TEXT = FIRST + SECOND


def read(text, starts):
    document = Document("a.pdf", text, form="pdf", metadata={"page_starts": starts})
    return "\n".join(article.text for article in clean(document))


def test_heads_and_page_numbers_go():
    text = read(TEXT, f"0,{len(FIRST)}")
    for gone in ("开川检察", "第1版", "第2版", "- 1 -", "- 2 -"):
        assert gone not in text
    for kept in ("三张卡", "有期徒刑十个月", "按照法律规定"):
        assert kept in text


def test_without_pages_nothing_goes():
    assert "开川检察" in read(TEXT, "")
    assert "开川检察" in read(TEXT, "0")


def test_odd_metadata_is_ignored():
    assert "开川检察" in read(TEXT, "0,x")


CARDS = (
    "卖出去的三张卡\n　　检察官把转账记录一页页摆在桌上，龚某才不再说话。他在宾馆住了四天，按提示刷脸十一次，三张卡共进账两百多万元，"
    "到手五千六百元。\n　　法院以帮助信息网络犯罪活动罪判处其有期徒刑十个月。\n"
)
PADDY = (
    "秋粮收购开秤\n　　本周起，全县十二个粮站同时开秤收购晚稻，农户把新打下的稻谷运到站里，质检员当场测水分、称重，价格比去年同期高出"
    "一角二分。\n　　粮站负责人说，仓容充足，来多少收多少，不让一户排队过夜。\n"
)
ON_CARDS = (
    "龚某的三张卡\n　　龚某在宾馆刷脸之后，三张卡由银行冻结，检察官又找到介绍他的同事，转账记录显示，帮助信息网络犯罪活动的还有两人，"
    "两人的卡没有进账。\n　　法院对其另行判处有期徒刑。\n"
)


def titles(*pages):
    text = "\n\n".join(pages)
    starts = ",".join(str(text.index(page)) for page in pages)
    document = Document("a.pdf", text, form="pdf", metadata={"page_starts": starts})
    return [article.title for article in clean(document)]


def test_a_page_with_a_title_and_a_subject_of_its_own_is_an_article():
    assert titles(CARDS, PADDY) == ["卖出去的三张卡", "秋粮收购开秤"]


def test_a_page_that_goes_on_is_not():
    assert len(titles(CARDS, ON_CARDS)) == 1  # a heading, the same subject
    assert len(titles(CARDS, PADDY.split("\n", 1)[1])) == 1  # no title
    assert len(titles(CARDS.replace("十个月。", "十个月，"), PADDY)) == 1  # the sentence before is not whole
    assert len(titles(CARDS, "二、" + PADDY)) == 1  # a numbered chapter


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("A3　社会　　2024年3月15日　星期五　责编：靳岩　版式：小路", "2024-03-15"),
        ("淮海晚报 2023年12月1日 星期五 第07版", "2023-12-01"),
        ("2022年8月9日　星期二　05版　法治", "2022-08-09"),
    ],
)
def test_the_line_that_says_which_page_this_is_goes_and_dates_the_page(line, day):
    body = "“拉一个人进来，一箱酒就是你的。”退休工人老葛先后投入4万元。"
    articles = clean(Document("p", f"老葛的四万元\n{body}\n\n{line}\n"))
    assert [line in article.text for article in articles] == [False]
    assert articles[0].published == day
    assert (
        clean(Document("p", f"{line}\n\n老葛的四万元\n{body}\n", published="2024-01-01"))[0].published == "2024-01-01"
    )


@pytest.mark.parametrize(
    "line",
    [
        "2024年3月15日星期五，记者从A3展馆获悉，当天有三百余名群众到场咨询，民警逐一作了解答并发放了宣传册。",
        "2024年3月15日 老葛投入4万元",
    ],
)
def test_a_line_that_tells_something_stays(line):
    body = "“拉一个人进来，一箱酒就是你的。”退休工人老葛先后投入4万元。"
    (article,) = clean(Document("p", f"{line}\n{body}\n"))
    assert line in article.text


def test_a_complaint_that_begins_with_its_day_and_a_number_stays_whole():
    told = "2024年3月15日星期五接到电话：19900000000让我转5万"
    for nature in ("complaint", "published"):
        (article,) = clean(Document("p", told, nature=nature))
        assert article.text == told
    signed = "我被骗了五万元。\n2024年3月15日 星期五 第3版 责编：靳岩"
    assert clean(Document("p", signed, nature="complaint"))[0].text == signed


def test_a_folio_with_no_day_of_the_calendar_dates_nothing():
    page = "2024年13月45日 星期五 A3版 社会\n老葛的四万元\n“拉一个人进来，一箱酒就是你的。”老葛先后投入4万元。"
    assert clean(Document("p", page))[0].published == ""
