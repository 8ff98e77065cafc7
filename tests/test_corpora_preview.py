"""A preview shows what an import would make of a table, and helps where it would fail."""

import json

import pytest

from corpora.preview import FIRST_ROWS, preview
from tests.test_read import CSV, STORY, make_xlsx


def test_a_csv_of_complaints() -> None:
    shown = preview(CSV.encode("gb18030"), "a.csv")
    assert shown.headings[:3] == ("工单编号", "标题", "诉求内容")
    assert shown.columns["text"] == "诉求内容"
    assert (shown.nature, shown.encoding, shown.error) == ("complaint", "gb18030", None)
    assert shown.rows[0][2] == STORY
    assert len(shown.rows) == 2


def test_rows_and_cells_are_cut_to_what_a_screen_shows() -> None:
    shown = preview(("正文\n" + f"{STORY * 20}\n" * 30).encode(), "a.csv")
    assert len(shown.rows) == FIRST_ROWS
    assert len(shown.rows[0][0]) == 200


def test_without_a_text_column_headings_and_rows_are_still_shown() -> None:
    shown = preview(make_xlsx([["甲", "乙"], [STORY, 1]]), "a.xlsx")
    assert shown.headings == ("甲", "乙")
    assert shown.rows == ((STORY, "1"),)
    assert shown.error is not None
    chosen = preview(make_xlsx([["甲", "乙"], [STORY, 1]]), "a.xlsx", {"text": "甲"})
    assert (chosen.error, chosen.columns["text"]) == (None, "甲")


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_json(name: str) -> None:
    item = {"编号": "1", "投诉内容": STORY}
    data = json.dumps([item] if name == "a.json" else item).encode()
    shown = preview(data, name)
    assert (shown.headings, shown.rows) == (("编号", "投诉内容"), (("1", STORY),))
    assert shown.nature == "complaint"


@pytest.mark.parametrize(
    ("data", "name"),
    [(b"", "a.csv"), (b"x", "a.pdf"), (b"x", "a.foo"), (b"PK", "a.xlsx"), (b"{", "a.json"), (b"[]", "a.json")],
)
def test_what_has_no_preview_says_why(data: bytes, name: str) -> None:
    assert preview(data, name).error is not None


def test_an_old_workbook_says_how_to_convert() -> None:
    assert "--convert-to xlsx" in str(preview(b"\xd0\xcf\x11\xe0", "a.xls").error)
