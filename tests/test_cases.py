"""Where one case ends and the next begins, and what a case says of itself. Sentences invented for the test."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp import taxonomy
from nlp.case_summary import SUMMARY_LENGTH
from nlp.cases import SURE, read_cases, split, summarise
from nlp.extract.pipeline import find_mentions
from nlp.records import Amount, Mention, PersonName, Verdict

LABEL = taxonomy.load().label_ids[0]
CASE = Verdict("case", 0.99, LABEL, 0.9, {LABEL: 0.9})


def cases_of(text, verdict=CASE):
    return read_cases(text, find_mentions(text), verdict)


def names(case, role):
    return {person.name for person in case.persons if person.role == role}


ONE_GANG = (
    "六合镇警方打掉一个刷单团伙\n"
    "2023年3月5日，市民王女士报警称被骗8万元。\n"
    "警方很快抓获嫌疑人赵某强、钱某。2023年4月2日，赵某强又骗得李先生3万元。\n"
    "目前，赵某强已被刑事拘留。"
)
ROUND_UP = (
    "近期典型案例通报\n"
    "案例一：2024年5月6日，市民周女士接到自称客服的电话，被骗2.6万元。\n"
    "案例二：2024年5月8日，吴先生在网上贷款，先后转账5笔共计4.1万元。\n"
    "案例三：2024年5月9日，郑某买游戏账号被骗900元。\n"
    "警方提醒：凡是先交钱的都是诈骗，请拨打96110。"
)
TWO_STORIES = (
    "两名市民先后被骗\n"
    "7月3日，家住城东的孙女士报警，称网购口罩被骗1200元。\n"
    "7月9日，冯先生报警，称被人以办信用卡为由骗走5600元。"
)


def test_one_gang_with_two_victims_is_one_case():
    (case,) = cases_of(ONE_GANG)
    assert names(case, "suspect") == {"赵某强", "钱某"}
    assert (case.start, case.end) == (0, len(ONE_GANG))


def test_numbered_cases_are_cut_at_their_headings():
    cases = cases_of(ROUND_UP)
    assert [names(case, "victim") for case in cases] == [{"周女士"}, {"吴先生"}, {"郑某"}]
    assert all(ROUND_UP[case.start : case.end].startswith("案例") for case in cases)


def test_advice_behind_the_last_case_belongs_to_none():
    last = cases_of(ROUND_UP)[-1]
    assert "提醒" not in ROUND_UP[last.start : last.end]
    assert last.contacts == ()


def test_a_paragraph_with_a_time_and_a_new_victim_begins_a_case():
    first, second = cases_of(TWO_STORIES)
    assert (names(first, "victim"), names(second, "victim")) == ({"孙女士"}, {"冯先生"})


def test_each_case_of_several_gets_its_own_label():
    labels = iter(taxonomy.load().label_ids)

    def classify(texts):
        return [Verdict("case", 1.0, next(labels), 1.0, {}) for _ in texts]

    cases = read_cases(ROUND_UP, find_mentions(ROUND_UP), CASE, classify)
    assert [case.label for case in cases] == list(taxonomy.load().label_ids[:3])


def test_only_articles_of_kind_case_have_cases():
    assert cases_of(ONE_GANG, Verdict("advisory", 1.0, LABEL, 1.0, {})) == ()


def test_numbered_advice_is_no_round_up():
    text = "市民何女士被骗3万元。\n一、不要点击陌生链接。\n二、不要透露验证码。\n三、及时拨打96110。"
    assert len(split(text, find_mentions(text))) == 1


def test_summary_is_the_sentence_that_says_most():
    text = "天气很好。2024年5月6日，市民周女士被骗2.6万元。请大家注意。"
    assert summarise(text, find_mentions(text), 0, len(text)) == "2024年5月6日，市民周女士被骗2.6万元。"


MANY = {
    "sentences of one line": (
        "4月3日，市民骆某报警，称网购球鞋被骗900元；4月5日，市民阮某报警，称刷单被骗2.1万元。同日，市民苗某报警，称贷款被骗6000元。",
        [{"骆某"}, {"阮某"}, {"苗某"}],
    ),
    "无独有偶": (
        "7月2日，家住河东的骆女士接到假客服电话，被骗3.2万元。\n无独有偶，市民阮先生也接到同样的电话，被骗5000元。",
        [{"骆女士"}, {"阮先生"}],
    ),
    "another one without a name": (
        "今年2月，骆女士在网上投资被骗40万元，随即报警。\n今年3月，另一名女子报警，称投资黄金被骗12万元。",
        [{"骆女士"}, set()],
    ),
    "numbers on lines of their own": (
        "近期案例\n01\n骆女士接到客服电话，被骗1.3万元。\n02\n阮先生接到贷款电话，被骗3万元。\n警方提醒\n01\n不轻信\n02\n不转账",
        [{"骆女士"}, {"阮先生"}],
    ),
    "numbers as WeChat breaks them": (
        "近期案例\n0\n\n1\n骆女士接到客服电话，被骗1.3万元。\n0\n\n2\n阮先生接到贷款电话，被骗3万元。",
        [{"骆女士"}, {"阮先生"}],
    ),
    "nobody is named": (
        "01\n5月8日，报警人称跟着主播买玉石，被骗17300元。\n02\n5月9日，报警人称网上贷款，被骗8000元。",
        [set(), set()],
    ),
    "headings that name the scam": (
        "家长请注意\n追星骗局\n六年级学生骆某扫码领红包，被骗走1.7万元。\n游戏交易诈骗\n初二学生阮某买皮肤，被骗走5310元。",
        [{"骆某"}, {"阮某"}],
    ),
    "headings run into the line": (
        "记者梳理如下。1、冒充好友诈骗2021年6月3日，市民骆某报警，称被骗1000元。2、冒充客服诈骗2021年6月9日，市民阮某报警，称被骗6120元。",
        [{"骆某"}, {"阮某"}],
    ),
    "a title 真实案例 over each": (
        "真实案例\n骆大爷订购羊奶粉被骗3100元。\n民警提示：不要轻信。\n真实案例\n阮女士做任务被骗7200元。\n民警提示：不要垫付。",
        [{"骆大爷"}, {"阮女士"}],
    ),
    "entries of a duty log": (
        "某派出所值班日志\n08:40　居民骆女士报：手机被人拿去扫码，少了1600元。\n11:15　居民反映楼上噪声，已劝导。\n"
        "14:27　居民阮先生称被假客服骗走12100元。",
        [{"骆女士"}, {"阮先生"}],
    ),
    "a heading is believed against names": (
        "案例1：5月3日，骆女士被假客服骗走2万元。\n案例2：5月4日，阮先生的遭遇和骆女士一样，被骗1.8万元。",
        [{"骆女士"}, {"阮先生", "骆女士"}],
    ),
    "a report that names nobody": (
        "近日，甲县公安局接到群众骆某报案，称被骗26万元。民警抓获嫌疑人车某。\n警方提示：不要轻信。\n"
        "近日，乙县公安局陆续接到多名群众报案，称办证被骗20余万元。民警抓获嫌疑人郝某。",
        [{"骆某"}, set()],
    ),
    "court round-up": (
        "去年3月，警方破获一起赌博案，抓获代理车某，涉案100万元。\n去年6月初，警方打掉一个偷渡团伙，抓获郝某等13人。",
        [set(), set()],
    ),
    "a common name brought in anew with its place": (
        "江西省上饶市鄱阳县居民刘某报警，称买茶叶被骗9万元，警方抓获嫌疑人贾某。\n"
        "湖南省怀化市溆浦县居民黎某报警，称买茶叶被骗3万元。\n"
        "云南省曲靖市罗平县居民刘某报警，称买茶叶被骗4.4万元，警方抓获嫌疑人郝某。",
        [{"刘某"}, {"黎某"}, {"刘某"}],
    ),
}
ONE = {
    "steps of one story": (
        "1、接到电话\n6月2日，小骆接到贷款电话。\n2、先交会员费\n小骆交了1350元会员费。\n3、再交解冻费\n小骆又交了2700元，发现被骗。"
    ),
    "the same person under two names": "6月2日，阮先生被假客服骗走1.6万元。\n6月3日，阮某又按要求转了4000元，随后报警。",
    "background behind 经查": "6月2日，骆女士报警，称被骗5万元，警方抓获赵某强。\n经查，2022年以来，钱某组织多人洗钱，获利30万元。",
    "one of the victims": ("6月2日，骆女士报警，称被骗5万元。\n警方抓获26人。受害人中被骗最多的是阮女士，被骗9万元。"),
    "one hand behind both": (
        "2月6日，居民骆某报警，称买茶叶被骗3200元。2月9日，阮某报警，称买茶叶被骗1.4万元。经查，两起案件系同一犯罪嫌疑人所为，警方抓获车某。"
    ),
    "sections of a notice": (
        "警情通报\n一、2023年8月，市民报警称某软件无法提现，共被骗63万元。\n二、10月1日，我局立案侦查。\n"
        "三、10月17日，我局将犯罪嫌疑人秦某海、汪某抓获，冻结资金12万元。"
    ),
    "a form of the police": (
        "报警人：骆某，女，44岁\n报警内容：6月2日有人自称客服加其微信，骗其转账3万元。\n处警情况：民警已冻结账户。\n处理结果：受案。"
    ),
    "a chat": "骆女士：你昨天转了多少？\n客服：请再交2000元保证金。\n骆女士：我已经交了8000元，你们是骗子，我要报警。",
    "examples of what swindlers say": (
        "真实案例\n6月2日，骆先生被假客服骗走1万元。\n他们会这样说\n1、“您的保单到期，每月要扣700元。”\n2、“您的包裹淋湿了，我们赔偿260元。”"
    ),
    "a sum told again": "6月2日，骆女士被转走1600元。查监控，系排在后面的阮先生顺手扫走，当场退还1600元。",
}


@pytest.mark.parametrize("name", MANY)
def test_cases_are_cut_where_they_change(name):
    text, victims = MANY[name]
    cases = cases_of(text)
    assert [names(case, "victim") & set().union(*victims) for case in cases] == victims


@pytest.mark.parametrize("name", ONE)
def test_one_story_is_not_cut(name):
    text = ONE[name]
    assert split(text, find_mentions(text)) == [(0, len(text))]


def test_lead_belongs_to_none_but_for_what_one_case_repeats():
    text = (
        "三人被骗，最多一人损失15万元，共损失16.1万元\n案例一：5月3日，骆女士被骗15万元。\n案例二：5月4日，阮先生被骗8000元。\n"
        "案例三：5月5日，苗某被骗3000元。\n据统计，全市今年共发案70起，损失300万元。"
    )
    first, second, third = cases_of(text)
    assert [a.start for a in first.amounts] == [text.index("15万元"), text.index("15万元", 20)]
    assert [a.surface for case in (first, second) for a in case.amounts] == ["15万元", "15万元", "8000元"]
    assert "16.1万元" not in {a.surface for case in (first, second, third) for a in case.amounts}


def test_case_without_a_place_happened_where_the_lead_says():
    text = "邓州市公安局通报两起案件。\n案例一：5月3日，骆女士被骗15万元。\n案例二：5月4日，罗平县的阮先生被骗8000元。"
    first, second = cases_of(text)
    assert [place.surface for place in first.places] == ["邓州市"]
    assert "邓州市" not in {place.surface for place in second.places}


@pytest.mark.parametrize(
    "told",
    [
        "他是1958年生人",
        "（1990年生）",
        "出生于1993年5月",
        "男，1988年5月出生",
        "出生日期：1971年3月2日",
        "李某生于1990年5月",
    ],
)
def test_a_date_of_birth_is_no_time_of_the_case(told):
    (case,) = cases_of(f"马先生{told}，退休在家。2021年6月3日，他在网上刷单，被骗5万元。")
    assert [time.surface for time in case.times] == ["2021年6月3日"]


@pytest.mark.parametrize("who", ["受害人王先生于", "某大学生于", "一名女医生于", "案件产生于", "被害人曹某某发生于"])
def test_a_word_that_ends_in_life_does_not_make_a_birth_of_the_time_after_it(who):
    (case,) = cases_of(f"{who}2021年6月3日在网上刷单，被骗5万元。")
    assert [time.surface for time in case.times] == ["2021年6月3日"]


@pytest.mark.parametrize("told", ["2020年生产的手机", "2020年生意不好", "2020年发生于本地", "2020年生活困难"])
def test_what_only_sounds_like_a_birth_is_a_time(told):
    (case,) = cases_of(f"马先生提到{told}。2021年6月3日，他在网上刷单，被骗5万元。")
    assert [time.surface for time in case.times] == ["2020年", "2021年6月3日"]


def test_mentions_of_cases_are_the_objects_given():
    mentions = find_mentions(ROUND_UP)
    known = {id(mention) for mention in mentions}
    for case in read_cases(ROUND_UP, mentions, CASE):
        own = [*case.amounts, *case.times, *(m for person in case.persons for m in person.mentions)]
        assert {id(mention) for mention in own} <= known


def test_an_unsure_case_keeps_its_label_where_the_article_is_no_surer():
    own = taxonomy.load().label_ids[2]
    article = Verdict("case", 0.99, LABEL, SURE - 0.1, {})
    cases = read_cases(
        ROUND_UP,
        find_mentions(ROUND_UP),
        article,
        lambda texts: [Verdict("case", 1.0, own, SURE - 0.05, {}) for _ in texts],
    )
    assert {case.label for case in cases} == {own}


def test_an_unsure_case_takes_the_label_of_its_article():
    sure, unsure = taxonomy.load().label_ids[1:3]

    def classify(texts):
        return [
            Verdict("case", 1.0, sure, SURE, {}),
            *[Verdict("case", 1.0, unsure, SURE - 0.01, {})] * (len(texts) - 1),
        ]

    cases = read_cases(ROUND_UP, find_mentions(ROUND_UP), CASE, classify)
    assert [(case.label, case.confidence) for case in cases] == [(sure, SURE), (LABEL, 0.9), (LABEL, 0.9)]


SUMMARIES = {
    "no headline": (
        "六合市民骆女士被骗8万元\n天气转凉。\n3月5日，骆女士按假客服的要求转账8万元，被骗。\n警方提醒大家注意。",
        "3月5日，骆女士按假客服的要求转账8万元，被骗。",
    ),
    "no heading before it": ("案例一：5月6日，市民骆女士被骗2.6万元。", "5月6日，市民骆女士被骗2.6万元。"),
    "no number before it": ("三、5月6日，市民骆女士被骗2.6万元。\n请注意。", "5月6日，市民骆女士被骗2.6万元。"),
    "never from the middle": ("”，5月6日，市民骆女士被骗2.6万元。", "5月6日，市民骆女士被骗2.6万元。"),
    "no question": (
        "骆女士为何被骗走2.6万元？5月6日，骆女士给假客服转账2.6万元。",
        "5月6日，骆女士给假客服转账2.6万元。",
    ),
    "nothing there": ("\n\n", ""),
}


@pytest.mark.parametrize("name", SUMMARIES)
def test_summary_is_one_sentence_of_the_case(name):
    text, wanted = SUMMARIES[name]
    assert summarise(text, find_mentions(text), 0, len(text)) == wanted


def test_long_summary_is_cut_at_a_clause():
    text = "5月6日，市民骆女士被骗2.6万元" + "，对方让她再交一笔保证金" * 20 + "。"
    summary = summarise(text, find_mentions(text), 0, len(text))
    assert len(summary) <= SUMMARY_LENGTH
    assert summary.endswith("保证金…")
    assert summary.startswith("5月6日")


WORDS = st.sampled_from(
    [
        "案例一",
        "1、",
        "01\n",
        "\n",
        "。",
        "；",
        "5月3日，",
        "骆女士",
        "阮某",
        "被骗",
        "3万元",
        "无独有偶，",
        "警方提醒",
        "“",
        "另一名女子",
        " ",
        "嫌疑人赵某强",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, max_size=40))
def test_spans_are_in_order_and_apart(words):
    text = "".join(words)
    mentions = find_mentions(text)
    spans = split(text, mentions)
    assert spans[0][0] >= 0
    assert spans[-1][1] <= len(text)
    assert all(before[1] <= behind[0] for before, behind in pairwise(spans))
    assert len(spans) == 1 or all(start < end for start, end in spans)
    for case in read_cases(text, mentions, CASE):
        assert len(case.summary) <= SUMMARY_LENGTH


def _mentions_every(text, step):
    found = []
    for number, start in enumerate(range(0, len(text) - 4, step)):
        if number % 2:
            value = Amount(Decimal(number), Decimal(number))
            found.append(Mention("amount", start, start + 2, text[start : start + 2], value, "loss"))
        else:
            name = PersonName(chr(0x4E00 + number % 9000) + "某", "masked")
            role = "victim" if number % 4 else "suspect"
            found.append(Mention("person", start, start + 2, text[start : start + 2], name, role))
    return found


@pytest.mark.parametrize("unit", ["某", "市民李某被骗。", "1、", "【案例一】\n", "0\n", "（", "另一", "5月3日，"])
def test_a_long_text_is_read_to_its_end(unit):
    text = (unit * 200_000)[:200_000]
    mentions = _mentions_every(text, 100)
    # 0.1 to 1.4 s measured; anything quadratic in 2,000 mentions or 100,000 lines takes minutes and meets the limit of a test
    assert read_cases(text, mentions, CASE)
