"""Persons: every form is found with its span, false friends are not, time is linear. All names are invented."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.extract.persons import find_persons
from nlp.records import Mention, PersonName


def names(text: str) -> list[str]:
    return [m.value.name for m in find_persons(text) if isinstance(m.value, PersonName)]


FORMS = [
    # masked
    ("民警将犯罪嫌疑人陈某丰抓获。", ["陈某丰"], "masked"),
    ("经查，胡某某伙同刘某作案。", ["胡某某", "刘某"], "masked"),
    ("被害人王某1报警。", ["王某1"], "masked"),
    ("嫌疑人张某甲、李某乙到案。", ["张某甲", "李某乙"], "masked"),
    ("嫌疑人莫X坤落网。", ["莫X坤"], "masked"),
    ("事主李*报警称被骗。", ["李*"], "masked"),
    ("事主李××报警称被骗。", ["李××"], "masked"),
    ("抓获犯罪嫌疑人欧阳某某。", ["欧阳某某"], "masked"),
    ("赵某A与钱某B系同学。", ["赵某A", "钱某B"], "masked"),
    ("民警将赵某称的上线抓获。", ["赵某"], "masked"),
    ("被害人吴某兰人民币4300元被骗走。", ["吴某兰"], "masked"),
    ("嫌疑人马某某已被控制。", ["马某某"], "masked"),
    ("孔某信以为真。", ["孔某"], "masked"),
    ("该团伙由周某群、林某第、郑某厅等人组成。", ["周某群", "林某第", "郑某厅"], "masked"),
    ("白某能否退赔尚不清楚。", ["白某"], "masked"),
    ("嫌疑人路某在锦绣路某便利店被抓。", ["路某"], "masked"),
    # titled
    ("市民王女士接到电话。", ["王女士"], "titled"),
    ("于是欧阳先生报警。", ["欧阳先生"], "titled"),
    ("C先生下载了软件。", ["C先生"], "titled"),
    ("李大爷和张阿姨都来了。", ["李大爷", "张阿姨"], "titled"),
    ("老宋说，小张也去了。", ["老宋", "小张"], "titled"),
    ("反诈中心徐警官提醒。", ["徐警官"], "titled"),
    # full
    ("派出所民警秦立国介绍，案件正在侦办。", ["秦立国"], "full"),
    ("柯华（男，22岁，重庆人）被抓获。", ["柯华"], "full"),
    ("据大队长欧阳建国说，团伙分工明确。", ["欧阳建国"], "full"),
    ("政委赵学海带队赶赴外地。", ["赵学海"], "full"),
    ("副大队长孙建和中队长周义分别赶往两地。", ["孙建", "周义"], "full"),
    ("这3名在逃人员是：郭立民、邓文海、曹永福。", ["郭立民", "邓文海", "曹永福"], "full"),
    # aliases and net names
    ("她认识了网友“随风而去”。", ["随风而去"], "alias"),
    ("一个微信名为“燕燕”的陌生人加了她。", ["燕燕"], "alias"),
    ("圆圆（化名）没有多想。", ["圆圆"], "alias"),
    ("“用户7374001122”投诉“某网店”不发货", ["用户7374001122"], "alias"),
    # foreign and minority names
    ("犯罪嫌疑人阿卜杜·热合曼被捕。", ["阿卜杜·热合曼"], "foreign"),
]


@pytest.mark.parametrize(("text", "expected", "form"), FORMS, ids=[row[0] for row in FORMS])
def test_every_form_is_found(text: str, expected: list[str], form: str) -> None:
    mentions = find_persons(text)
    assert [m.surface for m in mentions] == expected
    for mention in mentions:
        assert isinstance(mention.value, PersonName)
        assert mention.value.form == form
        assert text[mention.start : mention.end] == mention.surface
        assert mention.found_by.startswith("rule:")
        assert 0 < mention.confidence <= 1


FALSE_FRIENDS = [
    "她用支付宝和银行卡付款，方面很多，金额不小。",
    "在交易某平台时，对方某客服称，由于某种原因无法到账。",
    "某公司、某某公司、某平台、某网站、某市、某银行、某日。",
    "通过江苏某公司、安徽某地、海南某酒店实施。",
    "以孝敬老人、照顾高龄老人为由要钱。",
    "民警高度重视，民警立即出警，民警成功拦截，民警全力侦办。",
    "高额回报，安全账户，任何人都要小心，何况周边群众。",
    "骗取被害人钱财，骗取受害人信任。",
    "小额贷款、小程序、小红书、小区、老师、老板、阿里巴巴。",
    "贪图蝇头小利，养老钱没了。",
    "下载一款名为“闪布”的APP，进入“凯富国际”平台。",
    "自称“京东白条”客服，叫做“养猪”。",
    "白条、成功、于是、江山、高楼。",
    "张开口袋，封掉账号。",
    "在办理一张某银行信用卡时被骗。",
]


@pytest.mark.parametrize("text", FALSE_FRIENDS)
def test_false_friends_are_no_persons(text: str) -> None:
    assert names(text) == []


def test_the_word_before_does_not_join_the_name() -> None:
    assert names("将号商周某抓获") == ["周某"]
    assert names("在逃人员为商周某某，男") == ["周某某"]


def test_attributes_are_read_from_brackets() -> None:
    (mention,) = find_persons("胡某某（男，22岁，重庆人）归案。")
    assert mention.value == PersonName("胡某某", "masked", 22, "男", "重庆人")
    (titled,) = find_persons("赵女士没有转账。")
    assert isinstance(titled.value, PersonName)
    assert titled.value.gender == "女"


def test_a_spaced_name_keeps_its_surface() -> None:
    (mention,) = find_persons("派出所民警 王 帆 介绍了情况。")
    assert mention.surface == "王 帆"
    assert isinstance(mention.value, PersonName)
    assert mention.value.name == "王帆"


def test_a_name_with_evidence_once_is_found_everywhere() -> None:
    assert names("民警秦立国赶到现场。群众都认得秦立国，秦立国笑了。") == ["秦立国"] * 3


def test_taken_spans_hold_no_person() -> None:
    text = "王女士把钱转到李女士服装店。"
    shop = Mention("organisation", 8, 14, text[8:14], PersonName(""))
    assert [m.surface for m in find_persons(text, [shop])] == ["王女士"]


def test_traditional_and_full_width_forms_keep_their_surface() -> None:
    assert [m.surface for m in find_persons("嫌疑人陳某豐落網，嫌疑人莫Ｘ坤在逃。")] == ["陳某豐", "莫Ｘ坤"]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="王李某小老阿女士先生嫌疑人、，。（）“”男女岁12X*·的说 \n张陈于A", max_size=120))
def test_any_text_gives_ordered_spans_of_its_own(text: str) -> None:
    last = 0
    for mention in find_persons(text):
        assert last <= mention.start < mention.end <= len(text)
        assert text[mention.start : mention.end] == mention.surface
        assert mention.role in ("suspect", "victim", "official", "other")
        last = mention.end


PIECES = [
    "某", "王某", "王某、", "小王", "“”", "（男，", "民警", "王伟国、", "嫌疑人", "·",
    "阿里·", "1", "（", "王女士", "芳", "：王伟、", "*", "李X", "化名",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_a_long_text_of_one_piece_is_read_to_its_end(piece: str) -> None:
    text = piece * (36_000 // len(piece))
    assert all(text[mention.start : mention.end] == mention.surface for mention in find_persons(text))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("眭某来所报称被骗", "眭某"),  # a rare family name
        ("么某福牵的头", "么某福"),  # one that is also a word counts before 某
        ("民警税国勇根据线索赶到", "税国勇"),  # and behind a title, where no word is made
        ("练海生，男，47岁，瓜农", "练海生"),  # sex and age without brackets
        ("昝思明来所报称账户被盗", "昝思明"),
        ("对方推来一名“床垫厂销售谷姐”", "谷姐"),
        ("角某珍损失6420元", "角某珍"),  # 珍损 is no word
    ],
)
def test_names_as_records_and_complaints_write_them(text: str, name: str) -> None:
    assert name in [mention.surface for mention in find_persons(text)]


@pytest.mark.parametrize("text", ["民警相关负责人表示", "康师傅和“康师傅”", "升级为“老总”级别", "接送“小姐”需要服务费"])
def test_words_that_only_look_like_names(text: str) -> None:
    assert not [
        mention.surface for mention in find_persons(text) if mention.surface in ("相关", "老总", "小姐", "康师傅")
    ]
