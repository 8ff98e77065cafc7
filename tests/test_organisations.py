"""Organisations: names found whole, with their sort. Sentences and names are invented."""

from itertools import pairwise

import pytest

from nlp.extract.organisations import find_organisations


@pytest.mark.parametrize(
    ("text", "name", "sort"),
    [
        ("5月2日上午，昆明市禄劝县公安局马鹿塘派出所接到报警。", "昆明市禄劝县公安局马鹿塘派出所", "police"),
        ("随后贵港市公安局网安支队介入。", "贵港市公安局网安支队", "police"),
        ("近日，济南警方通报了此案。", "济南警方", "police"),
        ("经重庆市公安局巴南区分局侦查", "重庆市公安局巴南区分局", "police"),
        ("邓州市人民法院公开审理了此案", "邓州市人民法院", "court"),
        ("由兰州市城关区人民检察院提起公诉", "兰州市城关区人民检察院", "procuratorate"),
        ("他注册了广西某农贸有限公司", "广西某农贸有限公司", "company"),
        ("她在瑞安农商银行开户", "瑞安农商银行", "bank"),
        ("汇入工商银行合肥支行", "工商银行合肥支行", "bank"),
        ("据濮阳日报报道", "濮阳日报", "media"),
        ("他嫌弃她在乡下，联系城东派出所", "城东派出所", "police"),
        ("他注册了某某企业管理咨询有限公司", "某某企业管理咨询有限公司", "company"),
    ],
)
def test_name_and_sort(text, name, sort):
    assert (name, sort) in [(m.surface, m.value.sort) for m in find_organisations(text)]


@pytest.mark.parametrize(
    "text",
    [
        "该公司骗了人",
        "公安机关提醒",
        "他办了银行卡",
        "一名大学生被骗",
        "法院审理认为",
        "我的银行账户",
        "她读完小学就辍学",
        "他们公司",
    ],
)
def test_no_name_no_organisation(text):
    assert find_organisations(text) == []


def test_offsets_hold_and_nothing_overlaps():
    text = "青岛市南区人民法院与贵港市公安局联合发文，广西某甲有限公司、广西某乙有限公司涉案。" * 3
    mentions = find_organisations(text)
    assert mentions
    assert all(text[m.start : m.end] == m.surface == m.value.name for m in mentions)
    assert all(a.end <= b.start for a, b in pairwise(mentions))


@pytest.mark.parametrize("piece", ["某", "公司", "银行", "有限公司某", "公安局", "（"])
def test_a_long_text_of_one_piece_is_read_to_its_end(piece):
    text = piece * (100_000 // len(piece))
    assert all(text[m.start : m.end] == m.surface for m in find_organisations(text))
