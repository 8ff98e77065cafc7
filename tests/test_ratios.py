"""The regression set holds every step to what is recorded, and says so on a page; nothing is timed here."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from benchmarks import ratios
from benchmarks.ratios_report import write_report

RECORDED = json.loads(ratios.RECORDED.read_text(encoding="utf-8"))["ratios"]


def test_only_what_is_held_and_over_the_limit_is_told() -> None:
    assert ratios.worse(RECORDED, RECORDED) == []
    slower = {name: ratio * 1.3 for name, ratio in RECORDED.items()}
    assert ratios.worse(slower, RECORDED) == [name for name in RECORDED if name not in ratios.TOLD_ONLY]
    assert ratios.worse({"rules": RECORDED["rules"] * 1.2}, RECORDED) == []
    assert ratios.worse({"new": 1.0}, RECORDED) == ["new"]  # a step that nobody recorded is not passed over


def test_a_step_is_measured_against_what_ran_beside_it() -> None:
    turns: list[str] = []
    step = ratios.Step("a", "甲", lambda: turns.append("step"), lambda: turns.append("beside"))
    ratios.spent, kept = (lambda run: run() or {"step": 3.0, "beside": 2.0}[turns[-1]]), ratios.spent  # type: ignore[func-returns-value]
    try:
        assert ratios.measure(step, 3) == 1.5
    finally:
        ratios.spent = kept
    assert turns == ["step", "beside"] * 4  # in turn, and once to warm


def test_the_page_and_the_picture_tell_every_step(tmp_path: Path) -> None:
    told = {name: f"步骤 {name} <&>" for name in RECORDED}
    write_report(tmp_path, told, {**RECORDED, "rules": RECORDED["rules"] * 2}, RECORDED)
    page = (tmp_path / "speed-ratios.md").read_text(encoding="utf-8")
    assert all(words in page for words in told.values())
    drawn = ElementTree.parse(tmp_path / "speed-ratios.svg").getroot()
    said = ["".join(text.itertext()) for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert set(told.values()) <= set(said)
    assert [bar.get("fill") for bar in drawn.iter("{http://www.w3.org/2000/svg}rect")].count("#b3261e") == 1
