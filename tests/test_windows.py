"""nlp.windows: pieces at sentence borders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.windows import cut_windows


def test_a_short_text_is_one_window() -> None:
    assert cut_windows("他被骗了。", 100, 3) == ["他被骗了。"]


def test_windows_follow_one_another_and_end_with_sentences() -> None:
    text = "甲某报警。乙某转账！丙某被抓？丁某退赃。"
    assert cut_windows(text, 12, 3) == ["甲某报警。乙某转账！", "丙某被抓？丁某退赃。"]


def test_a_long_text_gives_beginning_middle_and_end() -> None:
    text = "".join(f"第{number:03}句话说完。" for number in range(200))
    windows = cut_windows(text, 40, 3)
    assert len(windows) == 3
    assert windows[0].startswith("第000句")
    assert windows[1].startswith("第0") or windows[1].startswith("第1")
    assert 80 <= int(windows[1][1:4]) <= 120
    assert windows[2].endswith("第199句话说完。")
    assert all(window.endswith("。") for window in windows)


def test_a_sentence_without_end_is_cut_inside() -> None:
    assert cut_windows("某" * 25, 10, 3) == ["某" * 10, "某" * 10, "某" * 5]
    assert [len(window) for window in cut_windows("某" * 1_000_000, 10, 3)] == [10, 10, 10]


@pytest.mark.parametrize(("limit", "most"), [(0, 3), (10, 0)])
def test_limits_below_one_are_refused(limit: int, most: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        cut_windows("字", limit, most)


@given(st.text(alphabet="字话。！\n ”1", max_size=300), st.integers(1, 60), st.integers(1, 4))
def test_windows_hold_to_their_limits_and_lose_nothing_that_fits(text: str, limit: int, most: int) -> None:
    windows = cut_windows(text, limit, most)
    assert 1 <= len(windows) <= most
    assert all(len(window) <= limit and window in text for window in windows)
    if len(text.strip()) <= limit:
        assert windows == [text.strip()]
