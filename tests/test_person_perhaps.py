"""What no finder takes for a name and may be one: given for masking, and for nothing else."""

from __future__ import annotations

import pytest

from nlp import mask
from nlp.analyze import Analyzer
from nlp.extract.person_perhaps import perhaps_names
from nlp.extract.pipeline import find_mentions
from nlp.named import names_read
from nlp.records import Analysis, Document, Verdict
from tests.fake_classifier import FakeClassifier


def perhaps(text: str) -> tuple[str, ...]:
    return perhaps_names(text, find_mentions(text))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("3月\n雾里看山：哥，我在医院\n舅：要多少\n雾里看山：两千六\n", "雾里看山"),  # a speaker of a chat
        ("各位领导，我叫索朗卓玛，在县城开一家小店。", "索朗卓玛"),
        ("公司去年成立，法定代表人亓国勇，注册资本五千万。", "亓国勇"),
        ("微信上加我一个姑娘，叫月禾，说在山里陪外公。", "月禾"),
        ("那个人在医院“有关系”，微信名叫“灰雀”，收了钱就不见了。", "灰雀"),
        ("介绍人的ID“牌桌上的狗”，还在线。", "牌桌上的狗"),
        ("换了个名字叫Vivian，说不认识我。", "Vivian"),
    ],
)
def test_what_stands_where_names_stand_is_given(text: str, name: str) -> None:
    found = find_mentions(text)
    assert name in {*perhaps_names(text, found), *(mention.surface for mention in found if mention.kind == "person")}


@pytest.mark.parametrize(
    "text",
    [
        "时间：三月五日\n地点：某小区\n时间：三月六日\n地点：某银行\n",
        "问：你怎么做的？\n答：他叫我转账，我就转了。\n问：转了多少？\n答：两万。\n",
        "他自称“某某银行客服”，让她下载APP，说系统已自动扣款。",
        "下载名叫“聚宝”的App后，App提示账户被冻结。",
        "民警提醒，受害人要及时报警，被告人等均已归案。",
        "步骤1：先转账\n步骤2：再截图\n步骤1：先转账\n",
    ],
)
def test_words_of_every_such_text_stay(text: str) -> None:
    assert perhaps(text) == ()


def test_nobody_is_given_twice_and_a_mention_never() -> None:
    text = "被告人衣志勇、丛某到案。衣志勇开发接码平台。民警秦立国介绍，秦立国带队抓获。"
    told = perhaps(text)
    people = {mention.surface for mention in find_mentions(text) if mention.kind == "person"}
    assert len(set(told)) == len(told)
    assert not people & set(told)
    assert {"衣志勇", "秦立国"} <= {*told, *people}


def test_a_reader_does_not_see_it_and_what_is_known_of_a_name_goes_before() -> None:
    verdict = Verdict("case", 1.0, "", 1.0, {})
    names = names_read([Analysis("", 0, 9, verdict, perhaps=("月禾", "■■■"))])
    assert names == {"月禾": "perhaps"}
    assert mask.render("加了一个叫月禾的", "quote", "reader", names) == "加了一个叫月某的"
    assert mask.render("加了一个叫月禾的", "quote", "analyst", names) == "加了一个叫月禾的"
    for order in (("perhaps", "official"), ("official", "perhaps")):
        assert mask.names_of((("秦立国", sort, ()) for sort in order), convicted=False) == {"秦立国": "official"}
    assert mask.names_of([("月禾", "perhaps", ()), ("月禾", "victim", ())], convicted=False) == {"月禾": "victim"}


def test_a_reading_carries_it_through_to_the_names_of_the_document() -> None:
    text = "刷单被骗记\n警方通报，昆明一女子刷单被骗三万元。微信上加她一个姑娘，叫月禾，让她转账到卡上。"
    (reading,) = Analyzer(FakeClassifier()).analyze([Document("a", text)])
    assert names_read(reading.analyses)["月禾"] == "perhaps"
    assert "月禾" not in mask.render(text, "text", "reader", names_read(reading.analyses))
