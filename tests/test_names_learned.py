"""Names and sums that no rule alone finds: learned scores over what stands around. All names and sentences are invented."""

from __future__ import annotations

import pytest

from nlp.extract.amounts import find_sums
from nlp.extract.person_learned import HARDLY, SURE, judged
from nlp.extract.persons import find_persons
from nlp.extract.places import find_places
from nlp.records import PersonName, Place


def names(text: str) -> list[str]:
    return list(dict.fromkeys(m.value.name for m in find_persons(text) if isinstance(m.value, PersonName)))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("七十三岁的缪淑琴拿出一本存折，缪淑琴说这是养老钱。", ["缪淑琴"]),
        ("退休工人骆桂荣把钱转了过去。", ["骆桂荣"]),
        ("辖区的老童又来敲门，老童不放心。", ["老童"]),
        ("在民宿开店的俞姐遇到了骗子。", ["俞姐"]),
        ("失主岑伯次日到银行。", ["岑伯"]),
        ("乔某花从网上买来软件，乔某花个人获利两万元，乔某花还收会费。", ["乔某花"]),
        ("陈某在家中被骗，陈某将钱转走，陈某被告知再交。", ["陈某"]),
        ("被告人娄金宝、娄金玉姐弟以开店为名。", ["娄金宝", "娄金玉"]),
        ("律师施永和告诉记者。", ["施永和"]),
    ],
)
def test_names_are_found_whole(text: str, wanted: list[str]) -> None:
    assert names(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "客户经理说，银行方面已经处理。",
        "他打开手机，高兴地点开链接。",
        "时间就是金钱，任何方式都不行。",
        "安全第一，万一被骗马上报警。",
        "农家乐老板交了定金。",
    ],
)
def test_words_are_no_names(text: str) -> None:
    assert names(text) == []


def test_a_title_is_not_cut_into_a_name() -> None:
    assert names("检察官梁韵提起公诉。") == ["梁韵"]
    assert names("民宿老板盛某报警。") == ["盛某"]


def test_every_place_is_judged_once_and_lies_in_the_text() -> None:
    text = "我让出纳小邱转了三万，苑淑琴和支先生都劝过，丁某花不听。"
    known = judged(text)
    assert {place.sort for place in known} == {"full", "familiar", "titled", "masked"}
    assert all(0 <= place.start < place.end <= len(text) and 0 <= p <= 1 for place, p in known.items())
    assert 0 < HARDLY < SURE < 1


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("第一次转7200，第二次14400，第三次他说要凑够整车。", ["7200", "14400"]),
        ("又交了材料费1500，再叫6000打点。", ["1500", "6000"]),
        ("分六笔付的：99、299、799、2499。", ["99", "299", "799", "2499"]),
        ("他还欠我三百没给。", ["三百"]),
        ("前两单返66，后来要我充2600。", ["66", "2600"]),
        ("我借给他4000，过了十天还了。", ["4000"]),
    ],
)
def test_numbers_without_a_currency_that_are_sums(text: str, wanted: list[str]) -> None:
    assert [mention.surface for mention in find_sums(text)] == wanted


@pytest.mark.parametrize(
    "text",
    [
        "一共八十六件，走了1200步。",
        "编号7200的快递。",
        "骑了14400米。",
        "共有7200人参加。",
        "粉丝数达52.8万，播放量3600万。",
        "千万不要点开陌生链接。",
        "当场抓到4.7万受害者的名单。",
        "3单元502室。",
    ],
)
def test_numbers_that_count_something_else(text: str) -> None:
    assert find_sums(text) == []


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("2010年3月，四川省达县居民王某被骗5万元。", "四川省/达州市/达县"),
        ("2000年3月，浙江宁波鄞县居民王某被骗5万元。", "浙江省/宁波市/鄞县"),
        ("2015年3月，陕西省户县居民王某被骗5万元。", "陕西省/西安市/户县"),
    ],
)
def test_a_county_of_one_character_that_ended_is_read_behind_its_province(text: str, region: str) -> None:
    (mention,) = find_places(text)
    assert isinstance(mention.value, Place)
    assert mention.value.region == region


@pytest.mark.parametrize("text", ["民警到达县城后立即出警。", "这是贫困户县里补助的钱。"])
def test_and_nowhere_else(text: str) -> None:
    assert find_places(text) == []


def test_a_number_of_towns_is_no_town() -> None:
    assert [m.surface for m in find_places("他在陆丰市几个镇的圩市上收卡。")] == ["陆丰市"]
