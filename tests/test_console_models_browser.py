"""模型 in a real browser: a label from a dozen examples is learned, tried, published and put back; a full training is started and cancelled."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from nlp import taxonomy
from serving.training_run import missing as not_installed
from tests.console_world import Browser, browser, console, filled, missing
from tests.processes import ROOT, TESTS
from tests.test_added_labels import NEW, told
from tests.test_training_start_run import TOML

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "runs")]
SAMPLE = "complaints/platform_feedback.jsonl"
BASE = "lexical-20261122"


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Browser]:
    """A console over a few complaints, run from an installation of its own: other tests go on with the model that is in use here."""
    installed = tmp_path / "installed"
    shutil.copytree(ROOT / "nlp", installed / "nlp", ignore=shutil.ignore_patterns("__pycache__", "history.jsonl"))
    for package in ("corpora", "serving", "training"):
        (installed / package).symlink_to(ROOT / package)
    found = {"PYTHONPATH": os.pathsep.join((str(installed), str(TESTS)))}
    with (
        console(filled(tmp_path, SAMPLE), tmp_path, **found) as address,
        browser(address, tmp_path / "profile") as opened,
    ):
        yield opened
        assert opened.strangers() == []
        assert opened.complaints() == []


def test_a_label_from_a_dozen_examples_is_learned_tried_published_and_put_back(page: Browser, tmp_path: Path) -> None:
    page.open("/console/models")
    page.until(lambda: BASE in page.text(".models-list"), "the models")
    before = next(row for row in page.all(".models-list tbody tr") if "在用" in row.text).text.split("在用")[0].strip()
    # 1. Too few examples: said why, nothing lost.
    page.one("#few [name=id]").send_keys("elder_goods")
    page.one("#few [name=name]").send_keys("保健品骗局")
    page.click(f"#few option[value='{BASE}']")
    page.driver.execute_script("document.querySelector('#few [name=examples]').value=arguments[0]", told(NEW, 1)[0])
    page.click("#few [type=submit]")
    page.until(lambda: page.all("[data-run=failed]"), "it failed")
    assert "8 到 200 篇" in page.text("[data-run]").replace("\n", "")
    assert page.one("#few [name=name]").get_attribute("value") == "保健品骗局"
    # 2. A dozen: learned on top of the model that was chosen.
    page.driver.execute_script(
        "document.querySelector('#few [name=examples]').value=arguments[0]", "\n\n".join(told(NEW, 12))
    )
    page.click("#few [type=submit]")
    page.until(lambda: page.all("[data-run=done]"), "it is learned")
    new = f"{BASE}+elder_goods"
    page.until(lambda: new in page.text(".models-list"), "it is listed")
    # 3. Tried beside the one it came from: nothing is written.
    page.click(f"[name=first] option[value='{BASE}']")
    page.click(f"[name=second] option[value='{new}']")
    page.click("form[data-ruling=trial] [type=submit]")
    page.until(lambda: "件文档" in page.text(".trial-told"), "the comparison")
    # 4. Published: it is in use; and put back.
    page.click(f"[data-rules=use][value='{new}']")
    page.until(lambda: "已发布" in page.text(".saved") and "在用 " + new in page.text(".head"), "in use")
    assert "→" in page.text(".choices")
    page.click(".choices [data-rules=use]")
    page.until(lambda: f"在用 {before}" in page.text(".head"), "the one before")


def test_a_full_training_is_started_and_cancelled_or_one_is_told_how_to_get_it(page: Browser, tmp_path: Path) -> None:
    page.open("/console/models")
    page.until(lambda: BASE in page.text(".models-list"), "the models")
    if not_installed():
        assert "pip install 'fanzha[train]'" in page.text("[data-missing]")
        return
    # An evaluation first: its report is read on the screen, with its pictures.
    page.click(f"#evaluate [name=model] option[value='{BASE}']")
    page.click(f"#evaluate [name=against] option[value='{BASE}']")
    known = taxonomy.load().label_ids
    rows = [{"kind": "case", "label": known[n % 2], "text": text} for n, text in enumerate(told(NEW, 6))]
    (tmp_path / "gold.jsonl").write_text(
        "\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8"
    )
    page.click("#evaluate [name=gold] option[value=file]")
    page.one("#evaluate [name=file]").send_keys(str(tmp_path / "gold.jsonl"))
    page.click("#evaluate [type=submit]")
    page.until(lambda: "校准误差" in page.text("[data-run]"), "the table")
    page.until(lambda: page.all("[data-run=done]") and page.all(".reports button"), "the report is listed")
    page.click(".reports button")
    page.until(lambda: "各标签" in page.text("[data-report-card]") and page.all("[data-report-card] img"), "the report")
    # The open corpus alone: the table takes a minute, which is long enough to be cancelled.
    (tmp_path / "own.toml").write_text(
        TOML.replace('texts = ["own"]', "texts = []").replace('gold = ["train"]', "gold = []\nauthored = true")
    )
    page.click("#train [type=submit]")  # nobody has annotated anything here: said, not tried
    page.until(lambda: "还没有可用的标注" in page.text(".ruling-said"), "why not")
    page.one("#train [name=file]").send_keys(str(tmp_path / "own.toml"))
    page.click("#train [name=which] option[value=folder]")
    page.one("#train [name=data]").send_keys(str(tmp_path))
    page.click("#train [type=submit]")
    page.until(lambda: page.all("[data-run=running]"), "it runs")
    page.click("[data-rules=cancel]")
    page.until(lambda: page.all("[data-run=cancelled]"), "cancelled")
    page.until(lambda: "原有的模型没有动" in page.text(".saved"), "said so")
    assert not (tmp_path / "runs" / "models" / "own").exists()
