"""Headings are recognised in Chinese and English, a caller's map comes first, and complaints are told from publications."""

import pytest

from corpora.columns import field_names, fold_heading, headings, recognise
from corpora.stamps import iso_seconds, iso_stamp
from nlp.errors import InputError


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            ("编号", "投诉内容", "投诉时间", "姓名", "联系电话"),
            {"id": "编号", "text": "投诉内容", "published": "投诉时间", "person": "姓名", "phone": "联系电话"},
        ),
        (
            ("工单编号", "标题", "诉求内容", "地区"),
            {"id": "工单编号", "title": "标题", "text": "诉求内容", "place": "地区"},
        ),
        (
            ("external_id", "title", "content", "date"),
            {"id": "external_id", "title": "title", "text": "content", "published": "date"},
        ),
        (
            ("ID", "Text", "fetch_date", "Date"),
            {"id": "ID", "text": "Text", "fetched": "fetch_date", "published": "Date"},
        ),
        (("*简要案情（必填）", "涉案金额(元)"), {"text": "*简要案情（必填）", "amount": "涉案金额(元)"}),
        (("序号", "案件经过说明", "内容类型"), {"text": "案件经过说明"}),
        (("正文", "来源", "链接"), {"text": "正文", "publisher": "来源", "url": "链接"}),
        (("诉求内容", "案发时间", "受理时间"), {"text": "诉求内容", "occurred": "案发时间", "published": "受理时间"}),
    ],
)
def test_headings_are_recognised(names: tuple[str, ...], expected: dict[str, str]) -> None:
    columns = recognise(names)
    assert columns is not None
    assert columns.fields == expected


@pytest.mark.parametrize(
    "names", [("甲", "乙"), ("编号", "内容类型"), ("处理经过", "案件经过"), ("二〇二四年投诉内容汇总",), ()]
)
def test_no_text_column_is_none_and_two_candidates_are_not_guessed(names: tuple[str, ...]) -> None:
    assert recognise(names) is None


def test_a_wish_overrides_and_a_wrong_one_says_what_there_is() -> None:
    columns = recognise(("编号", "正文", "备注"), {"text": "备注"})
    assert columns is not None
    assert columns.fields["text"] == "备注"
    with pytest.raises(InputError) as caught:
        recognise(("编号", "正文"), {"text": "案情描述"}, where="甲.csv")
    assert "案情描述" in str(caught.value)
    assert "编号、正文" in str(caught.value)
    with pytest.raises(InputError, match="未知字段"):
        recognise(("正文",), {"colour": "正文"})


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (("投诉内容",), True),
        (("正文", "联系电话"), True),
        (("id", "text", "complainant"), True),
        (("id", "title", "text"), False),
        (("标题", "正文", "来源", "链接", "作者"), False),
    ],
)
def test_complaints_are_told_from_publications(names: tuple[str, ...], complaint: bool) -> None:
    columns = recognise(names)
    assert columns is not None
    assert columns.complaint is complaint


def test_a_heading_serves_one_field_only() -> None:
    seen: dict[str, str] = {}
    for field, known in headings().items():
        for name in known:
            assert fold_heading(name) not in seen, (name, field, seen.get(fold_heading(name)))
            seen[fold_heading(name)] = field
    assert field_names().keys() == headings().keys()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-12-26", "2024-12-26"),
        ("2024年3月5日", "2024-03-05"),
        ("2024年3月", "2024-03"),
        ("2024/3/5 9:05", "2024-03-05T09:05:00"),
        ("2024.03.05", "2024-03-05"),
        ("20240305", "2024-03-05"),
        ("2024年11月2日 星期六 10:30", "2024-11-02T10:30:00"),
        ("2025-10-06T19:39:41.748033", "2025-10-06T19:39:41"),
        ("2025-10-06T19:39:41+08:00", "2025-10-06T19:39:41+08:00"),
        ("2024-02-31", ""),
        ("去年8月", ""),
        ("12345678901", ""),
        ("", ""),
    ],
)
def test_dates_of_origin(text: str, expected: str) -> None:
    assert iso_stamp(text) == expected


def test_seconds_are_beijing_time() -> None:
    assert iso_seconds("1717470600") == "2024-06-04T11:10:00+08:00"
    assert iso_seconds("1717470600000") == "2024-06-04T11:10:00+08:00"
    assert iso_seconds("123") == ""
