"""nlp.tactics: the signs of a phrase, advice that does not count, and every tactic's own example and counter-example."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp import taxonomy
from nlp.errors import TaxonomyError
from nlp.tactics import Tactics, tactics_of

ROWS: list[dict[str, Any]] = tomllib.loads(
    resources.files("nlp.taxonomy").joinpath(f"{taxonomy.CURRENT}.toml").read_text(encoding="utf-8")
)["tactics"]


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_the_example_is_found_and_the_counter_example_is_not(row: dict[str, Any]) -> None:
    assert row["name"] in tactics_of(row["example"], taxonomy.CASE)
    assert row["name"] not in tactics_of(row["counter"], taxonomy.CASE)


@pytest.mark.parametrize(
    ("phrase", "found", "not_found"),
    [
        ("屏幕共享", "开了屏幕共享", "屏幕与共享"),
        ("(下载|安装)…(软件|APP)", "下载了一个叫某某的app", "下载。软件"),
        ("(下载|安装)…(软件|APP)", "安装软件", "软件下载安装"),
        ("下载…软件 ! (会议|反诈)", "下载投资软件", "下载会议软件"),
        ("录屏 & 通讯录", "录屏以后发给通讯录里的人", "录屏以后就走了"),
        ("下载…软件", "下载" + "很" * 14 + "软件", "下载" + "很" * 15 + "软件"),
    ],
)
def test_the_signs_of_a_phrase(phrase: str, found: str, not_found: str) -> None:
    own = Tactics({"手法": [phrase]})
    assert own.find(found, told=True) == ("手法",)
    assert own.find(not_found, told=True) == ()


@pytest.mark.parametrize("phrase", ["(下载|安装", "下载)软件", "", "下载……软件", "下载 ! "])
def test_a_phrase_that_cannot_be_read_is_named(phrase: str) -> None:
    with pytest.raises(TaxonomyError, match="读不懂"):
        Tactics({"手法": [phrase]})


def test_advice_tells_nothing_of_a_case_but_is_what_an_advisory_is_about() -> None:
    text = "他把钱转给了对方。警方提醒：不要把验证码告诉任何人！"
    assert tactics_of(text, taxonomy.CASE) == ()
    assert "验证码" in tactics_of(text, "advisory")
    assert tactics_of("他把验证码告诉了对方。", taxonomy.UNRELATED) == ()


@pytest.mark.parametrize("said", ["“警官”要求她", "对方让我", "他说", "客服叫他"])
def test_what_a_victim_was_told_not_to_do_is_no_advice(said: str) -> None:
    assert "隔离保密" in tactics_of(f"{said}不要告诉家人。", taxonomy.CASE)
    assert tactics_of("警方提醒她不要告诉任何人验证码；请大家不要告诉他人。", taxonomy.CASE) == ()


def test_a_victim_who_asks_for_help_is_not_taken_for_advice() -> None:
    assert "验证码" in tactics_of("我把验证码念给他了，请你们帮我追回来。", taxonomy.CASE)


@given(st.text(alphabet="（）()|…& !下载软件群。\n屏共享A", max_size=60))
def test_no_phrase_raises_anything_else_and_no_text_raises(text: str) -> None:
    try:
        own = Tactics({"手法": [text]})
    except TaxonomyError:
        own = Tactics({"手法": ["下载…软件"]})
    assert own.find(text, told=True) in ((), ("手法",))
