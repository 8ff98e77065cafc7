"""Times: as precise as the text, no year invented, relative ones only with an anchor."""

from __future__ import annotations

import pytest

from nlp.extract.times import find_times
from nlp.records import Moment

ANCHOR = "2023-11-02"


def _found(text: str, published: str = "") -> list[tuple[str, str, str, str]]:
    found = []
    for mention in find_times(text, published):
        assert isinstance(mention.value, Moment)
        found.append((mention.surface, mention.value.start, mention.value.end, mention.value.duration))
    return found


@pytest.mark.parametrize(
    ("text", "surface", "start", "end"),
    [
        ("2023年6月至8月期间", "2023年6月至8月", "2023-06", "2023-08"),
        ("8月26日，民警", "8月26日", "--08-26", "--08-26"),
        ("2021年3月19日12时许", "2021年3月19日12时许", "2021-03-19T12", "2021-03-19T12"),
        ("当年10月20日清晨6时", "当年10月20日清晨6时", "--10-20T06", "--10-20T06"),
        ("2023年11月上旬", "2023年11月上旬", "2023-11-01", "2023-11-10"),
        ("2020年1月2日至5日", "2020年1月2日至5日", "2020-01-02", "2020-01-05"),
        ("于2019-03-26 12:30报案", "2019-03-26 12:30", "2019-03-26T12:30", "2019-03-26T12:30"),
        ("下午3时到店", "下午3时", "T15", "T15"),
        ("二〇二三年五月", "二〇二三年五月", "2023-05", "2023-05"),
        ("4月28日-5月2日", "4月28日-5月2日", "--04-28", "--05-02"),
        ("28日晚9点多，", "28日晚9点多", "---28T21", "---28T21"),
        ("出生于1993年", "1993年", "1993", "1993"),
    ],
)
def test_times_are_as_precise_as_the_text(text: str, surface: str, start: str, end: str) -> None:
    assert _found(text)[0][:3] == (surface, start, end)


@pytest.mark.parametrize(
    ("text", "plain", "anchored"),
    [
        ("去年5月", "--05", "2022-05"),
        ("今年10月25日", "--10-25", "2023-10-25"),
        ("昨日", "", "2023-11-01"),
        ("近日", "", ""),
        ("上月5日", "", "2023-10-05"),
        ("次日", "", ""),
    ],
)
def test_relative_times_need_the_publication_date(text: str, plain: str, anchored: str) -> None:
    assert _found(text)[0][1] == plain
    assert _found(text, ANCHOR)[0][1] == anchored


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("历时3个月", "P3M"),
        ("两年零六个月", "P2Y6M"),
        ("三年六个月", "P3Y6M"),
        ("半年", "P6M"),
        ("十分钟", "PT10M"),
        ("3日内", "P3D"),
        ("一周后", "P1W"),
    ],
)
def test_durations(text: str, duration: str) -> None:
    assert _found(text)[0][3] == duration


def test_the_same_year_is_the_last_one_named() -> None:
    assert [row[1] for row in _found("2019年6月相识，同年9月被骗")] == ["2019-06", "2019-09"]


@pytest.mark.parametrize(
    "text",
    ["今日头条", "国民经济和社会发展", "三点建议", "涉案13月饼", "2023元", "每月10日前缴费的日前"[:3], "尾号2019"],
)
def test_false_friends_are_no_times(text: str) -> None:
    assert _found(text) == []


def test_a_date_that_does_not_exist_is_left_out() -> None:
    assert [row[1] for row in _found("2月30日")] in ([], ["---30"])


@pytest.mark.parametrize("published", ["0001-01-01", "9999-12-31", "2026-02-31"])
def test_a_publication_date_that_is_none_anchors_nothing(published: str) -> None:
    assert {mention.value.start for mention in find_times("昨日报案，明天开庭，上月5日转账。", published)} == {""}
