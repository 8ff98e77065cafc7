"""Sums of money: the hard forms, the false friends, ranges, prices, and that what we print reads back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.extract.amounts import find_amounts, find_sums
from nlp.money import write_money
from nlp.records import Amount, Mention


def _amount(mention: Mention) -> Amount:
    assert isinstance(mention.value, Amount)
    return mention.value


def _only(text: str) -> Mention:
    found = find_sums(text)
    assert len(found) == 1, [mention.surface for mention in found]
    return found[0]


# text, surface, smallest, largest, currency
FORMS = [
    ("他转来3460 元人民币，", "3460 元人民币", "3460", "3460", "CNY"),
    ("付了460 块就走了", "460 块", "460", "460", "CNY"),
    ("损失1.5万余元。", "1.5万余元", "15000", "16000", "CNY"),
    ("获利380多万元。", "380多万元", "3800000", "3900000", "CNY"),
    ("他获利380多万。", "380多万", "3800000", "3900000", "CNY"),
    ("380多万", "380多万", "3800000", "3900000", "CNY"),
    ("最高一笔六万多元", "六万多元", "60000", "70000", "CNY"),
    ("转账一千多万元", "一千多万元", "10000000", "20000000", "CNY"),
    ("被骗近10万元", "近10万元", "90000", "100000", "CNY"),
    ("被骗近10万。", "近10万", "90000", "100000", "CNY"),
    ("损失上万元", "上万元", "10000", "20000", "CNY"),
    ("损失上百万元", "上百万元", "1000000", "2000000", "CNY"),
    ("亏了几十万元", "几十万元", "200000", "900000", "CNY"),
    ("每月能赚三五千，很轻松", "三五千", "3000", "5000", "CNY"),
    ("我花了两千五，没收到货", "两千五", "2500", "2500", "CNY"),
    ("被骗30万，随后报警", "30万", "300000", "300000", "CNY"),
    ("30万", "30万", "300000", "300000", "CNY"),
    ("今借到贰万叁仟元整", "贰万叁仟元整", "23000", "23000", "CNY"),
    ("标价￥1,299.00", "￥1,299.00", "1299", "1299", "CNY"),
    ("收取1－2万元", "1－2万元", "10000", "20000", "CNY"),
    ("五到八千", "五到八千", "5000", "8000", "CNY"),
    ("对方要5到8千块", "5到8千块", "5000", "8000", "CNY"),
    ("转了5w，又转3k。", "5w", "50000", "50000", "CNY"),
    ("先充100U试试", "100U", "100", "100", "USDT"),
    ("支付300 USDT", "300 USDT", "300", "300", "USDT"),
    ("汇出50万港币", "50万港币", "500000", "500000", "HKD"),
    ("骗得比特币2个", "比特币2个", "2", "2", "BTC"),
    ("骗得2个比特币", "2个比特币", "2", "2", "BTC"),
    ("损失1.88 万元", "1.88 万元", "18800", "18800", "CNY"),
    ("交易总额31.22亿元", "31.22亿元", "3122000000", "3122000000", "CNY"),
    ("退还75万余元", "75万余元", "750000", "760000", "CNY"),
    ("共20多万元", "20多万元", "200000", "300000", "CNY"),
    ("投注超100亿元", "超100亿元", "10000000000", "20000000000", "CNY"),
    ("收益300万元以上", "300万元以上", "3000000", "4000000", "CNY"),
    ("成本不到 10 元", "不到 10 元", "0", "10", "CNY"),
    ("只花十几元", "十几元", "11", "19", "CNY"),
    ("十余万元打了水漂", "十余万元", "100000", "200000", "CNY"),
    ("几千乃至几万元", "几千乃至几万元", "2000", "90000", "CNY"),
    ("收1760元到2.4万元", "1760元到2.4万元", "1760", "24000", "CNY"),
    ("借款3万7千4百元", "3万7千4百元", "37400", "37400", "CNY"),
    ("免提车价3万1，", "", "", "", ""),
    ("交了3万1。", "3万1", "31000", "31000", "CNY"),
    ("退款12 000 元", "12 000 元", "12000", "12000", "CNY"),
    ("近百万元不见了", "近百万元", "900000", "1000000", "CNY"),
    ("千余元的收益", "千余元", "1000", "2000", "CNY"),
    ("找零3元5角2分", "3元5角2分", "3.52", "3.52", "CNY"),
    ("一斤5块5", "5块5", "5.5", "5.5", "CNY"),
    ("五毛钱一条", "五毛钱一条", "0.5", "0.5", "CNY"),
    ("汇去3100美元", "3100美元", "3100", "3100", "USD"),
    ("案值HK$5,000", "HK$5,000", "5000", "5000", "HKD"),
    ("寄来1亿多美元", "1亿多美元", "100000000", "200000000", "USD"),
    ("人民币5000元", "5000元", "5000", "5000", "CNY"),
    ("１２００元", "１２００元", "1200", "1200", "CNY"),
    ("損失參萬元", "", "", "", ""),
    ("損失8萬元", "8萬元", "80000", "80000", "CNY"),
]


@pytest.mark.parametrize(("text", "surface", "low", "high", "currency"), [row for row in FORMS if row[1]])
def test_every_form_of_a_sum_has_exact_bounds(text: str, surface: str, low: str, high: str, currency: str) -> None:
    mention = find_sums(text)[0]
    assert mention.surface == surface
    assert text[mention.start : mention.end] == surface
    value = _amount(mention)
    assert (value.value_min, value.value_max, value.currency) == (Decimal(low), Decimal(high), currency)


FALSE_FRIENDS = [
    "坐了十分钟",
    "他十分高兴",
    "1.8万村民领到鸡蛋",
    "涉及18800名群众",
    "查获公民信息12000条",
    "手机5台、银行卡20余张",
    "盈利率15%以上",
    "2023年8月26日12时许",
    "拨打13812345678咨询",
    "一元化管理",
    "三元区人民法院",
    "在三元里抓获",
    "百元大钞散落一地",
    "住在3单元502室",
    "公元2000年以前",
    "我们一块去",
    "分得两块地",
    "没有花一分钱",
    "千万不要转账",
    "万一被骗怎么办",
    "“百万保障”到期",
    "成千上万的群众",
    "粉丝超过3000万",
    "插上100U盘备份",
    "尾号3460的银行卡",
    "一人分饰两角",
    "0元购活动",
    "单位：万元",
    "多元发展",
    "QQ群123456",
    "第3名",
    "编号为20万",
    "三三两两地走",
    "万元户",
    "他今年25万里挑一",
    "数以万计",
    "1万多名投资人",
    "搭建一个虚拟币投资平台",
]


@pytest.mark.parametrize("text", FALSE_FRIENDS)
def test_false_friends_are_no_sums(text: str) -> None:
    assert [mention.surface for mention in find_sums(text)] == []


@pytest.mark.parametrize(
    ("text", "per", "value"),
    [
        ("收费1元/条", "条", "1"),
        ("50元一张", "张", "50"),
        ("每单5元", "单", "5"),
        ("每张银行卡500元", "张", "500"),
        ("500元一个月", "月", "500"),
        ("会员费200元", "", "200"),
    ],
)
def test_a_price_keeps_its_unit(text: str, per: str, value: str) -> None:
    amount = _amount(_only(text))
    assert (amount.per, amount.value_min) == (per, Decimal(value))


def test_a_listed_number_takes_the_unit_of_the_next() -> None:
    found = [(m.surface, _amount(m).value_min) for m in find_sums("分三次转账3000、5000、8000元。")]
    assert found == [("3000", Decimal(3000)), ("5000", Decimal(5000)), ("8000元", Decimal(8000))]


def test_spans_that_are_taken_are_no_sums() -> None:
    text = "卡号6222021234567890元"
    assert find_sums(text, [(2, 18)]) == []


def test_ids_count_from_one_and_every_sum_has_a_role() -> None:
    found = find_amounts("李某被骗走5万元。其中，第一笔转账2万元，第二笔转账3万元。警方追回3万元。")
    assert [_amount(m).id for m in found] == ["a1", "a2", "a3", "a4"]
    assert found[0].role == "loss"
    assert found[3].role == "recovered"


@given(
    st.decimals(min_value=1, max_value=10**11, places=2, allow_nan=False),
    st.one_of(st.none(), st.decimals(min_value=1, max_value=10**11, places=2, allow_nan=False)),
)
def test_what_the_formatter_prints_reads_back(low: Decimal, other: Decimal | None) -> None:
    high = low if other is None else max(low, other)
    value = _amount(find_sums(f"损失{write_money(low, high)}。")[0])
    assert (value.value_min, value.value_max) == (low, high)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("床850一张，只收现款", 850, 850),
        ("订六桌菜，一桌1200，我说行", 1200, 1200),
        ("先给了2600，是交房租的", 2600, 2600),
        ("前后六千八，一根管子没见着", 6800, 6800),
        ("一台四千二，先付定金", 4200, 4200),
        ("又卖她磁疗床垫12,800，再拉她去旅游", 12800, 12800),
        ("标价2600，有人来问", 2600, 2600),
    ],
)
def test_complaints_leave_the_currency_out(text: str, low: int, high: int) -> None:
    assert [(a.value_min, a.value_max) for a in map(_amount, find_sums(text))] == [(low, high)]


def test_what_stands_in_a_list_with_a_sum_is_one() -> None:
    assert [int(_amount(m).value_max) for m in find_sums("共垫付六笔：99、299、799、2499元")] == [99, 299, 799, 2499]


@pytest.mark.parametrize(
    "text",
    ["赶紧打了110", "拨12345反映", "为防万一，先挂失", "一天8000步", "给了100多人", "每人500字", "2023、2024年各一次"],
)
def test_numbers_that_complaints_do_not_mean_as_money(text: str) -> None:
    assert not find_sums(text)
