"""标注 in a real browser: spans are marked, given out in Label Studio's form, read back; two browsers lose nothing; a dispute is settled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from corpora.exchange import read_labels
from corpora.judgments import Judgment, MarkedSpan
from nlp import taxonomy
from serving.annotation import saving
from serving.store import open_store
from serving.store.tables import DocumentRow
from tests.console_world import Browser, browser, console, filled, missing

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "runs")]
LABELS = taxonomy.load().label_ids
SAMPLE = "complaints/platform_feedback.jsonl"


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Browser]:
    """A console over a few complaints; on two of them people differ already."""
    settings = filled(tmp_path, SAMPLE)
    store = open_store(settings.store)
    with store.writing() as session:
        for document_id in session.scalars(sa.select(DocumentRow.id).order_by(DocumentRow.id).limit(2)):
            for by, label in (("甲", LABELS[0]), ("乙", LABELS[1])):
                judgment = Judgment("case", label, spans=(MarkedSpan(0, 2, "person", "victim"),) * (by == "甲"))
                saving.save(session, document_id, judgment, by=by, seen=0)
    store.close()
    with console(settings, tmp_path) as address, browser(address, tmp_path / "profile") as opened:
        yield opened
        assert opened.strangers() == []
        assert opened.complaints() == []


def lying(page: Browser) -> str:
    """The id of the document that lies there."""
    script = "return JSON.parse(document.querySelector('[data-sheet]')?.dataset.sheet || '{}').document_id || ''"
    return str(page.driver.execute_script(script))


def select(page: Browser, start: int, end: int) -> None:
    """Draw the mouse over characters start..end of the text."""
    page.driver.execute_script(
        "const pane=document.getElementById('an-text'),ends=[arguments[0],arguments[1]].map(want=>{let left=want;"
        "const walk=document.createTreeWalker(pane,NodeFilter.SHOW_TEXT);for(let n=walk.nextNode();n;n=walk.nextNode()){"
        "const letters=Array.from(n.data);if(left<=letters.length)return[n,letters.slice(0,left).join('').length];left-=letters.length}});"
        "getSelection().setBaseAndExtent(...ends[0],...ends[1]);"
        "pane.dispatchEvent(new MouseEvent('mouseup',{bubbles:true}))",
        start, end,
    )  # fmt: skip


def spans(page: Browser) -> list[tuple[str, str]]:
    """(what it is, the words) of every span in the list."""
    return [tuple(row.text.split("\n")[:2]) for row in page.all("#an-spans [data-span]")]  # type: ignore[misc]


def until_saved(page: Browser) -> None:
    page.until(lambda: "已保存" in page.text(".saved"), "saved")


def test_spans_are_annotated_and_go_to_label_studio_s_form_and_back(page: Browser, tmp_path: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    page.open("/console/annotate")
    page.until(lambda: page.text("#an-text"), "a document")
    first, text = lying(page), page.driver.execute_script("return document.getElementById('an-text').textContent")
    # 1. Drop what the machine marked; mark the first four letters as a person, a victim, with the mouse.
    while page.all("#an-spans [data-span]"):
        page.press("n", "d")
    select(page, 0, 4)
    page.until(lambda: page.all("mark.pending"), "the selection")
    page.press("1", "2")
    page.until(lambda: spans(page) == [("受害人", text[0:4])], "the victim")
    # 2. Two more letters inside it as a place, with keys alone; undo one step, do it again.
    page.press(Keys.ESCAPE, "m", *[Keys.ARROW_RIGHT] * 2)
    from selenium.webdriver import ActionChains

    drawn = ActionChains(page.driver).key_down(Keys.SHIFT).send_keys(Keys.ARROW_RIGHT * 2).key_up(Keys.SHIFT)
    drawn.perform()
    page.press("2")
    page.until(lambda: ("地点", text[2:4]) in spans(page), "the place")
    page.press("u")
    page.until(lambda: spans(page) == [("受害人", text[0:4])], "undone")
    # 3. Kind, type and tactics by key; a reload keeps what was entered.
    page.press("q", "2")
    page.press("t")
    tactic = page.one("#an-tactics button kbd").find_element("xpath", "..").get_attribute("data-tactic")
    pressed = f"#an-tactics [data-tactic='{tactic}']"
    before = page.one(pressed).get_attribute("aria-pressed")
    page.press("1")
    page.until(lambda: page.one(pressed).get_attribute("aria-pressed") != before, "the tactic")
    page.press(Keys.ESCAPE)
    page.until(lambda: not page.all("#an-tactics kbd"), "digits are for types again")
    label = page.text("#an-labels .on [data-label] span")
    page.open("/console/annotate")
    page.until(lambda: page.text("#an-text"), "a document")
    if lying(page) != first:
        page.click("#an-draft button")
        page.until(lambda: lying(page) == first, "the draft")
    assert spans(page) == [("受害人", text[0:4])]
    assert page.text("#an-labels .on [data-label] span") == label
    # 4. Save: the next document lies there.
    page.press("a")
    page.until(lambda: lying(page) not in ("", first), "the next document")
    until_saved(page)
    # 5. Out in Label Studio's form.
    page.open("/console/annotate/exchange")
    page.click("#export-form option[value=label-studio]")
    page.click("[data-export=all]")
    downloads = tmp_path / "profile" / "downloads"
    page.until(lambda: [path for path in downloads.glob("标注_all*") if path.suffix == ".json"], "the download")
    [exported] = downloads.glob("标注_all*.json")
    mine = next(one for one in read_labels(exported.read_bytes(), "x") if one.document_id == first)  # type: ignore[union-attr]
    assert mine.judgment.spans == (MarkedSpan(0, 4, "person", "victim"),)  # type: ignore[union-attr]
    assert mine.annotator == "演示"  # type: ignore[union-attr]
    # 6. Changed there, and back: a new version of the same annotation.
    tasks = json.loads(exported.read_text(encoding="utf-8"))
    [task] = [task for task in tasks if task["data"]["document_id"] == first]
    for result in task["annotations"][0]["result"]:
        if result["type"] == "labels":
            result["value"]["labels"] = ["person/suspect"]
        if result["from_name"] == "about":
            result["value"]["text"] = [
                json.dumps(json.loads(result["value"]["text"][0]) | {"at": "2099-01-01T00:00:00Z"})
            ]
    (tmp_path / "back.json").write_text(json.dumps([task, {"data": {}}]), encoding="utf-8")
    page.one("#file").send_keys(str(tmp_path / "back.json"))
    page.until(lambda: "写入\n1" in page.text("[data-brought]"), "one is written")
    assert "第 2 个任务" in page.text("[data-brought]")
    page.open("/console/annotate")
    page.until(lambda: page.text("#an-text"), "a document")
    page.driver.execute_script(f"emitEvent('annotate',{{what:'open',document_id:'{first}'}})")
    page.until(lambda: lying(page) == first, "the document again")
    assert spans(page) == [("嫌疑人", text[0:4])]


def test_the_second_of_two_browsers_is_told_and_sees_both(page: Browser, tmp_path: Path) -> None:
    page.open("/console/annotate")
    page.until(lambda: page.text("#an-text"), "a document")
    first = lying(page)
    with browser(page.address, tmp_path / "second") as other:
        other.open("/console/annotate")
        other.until(lambda: other.text("#an-text"), "a document")
        assert lying(other) != first  # never the same one
        other.driver.execute_script(f"emitEvent('annotate',{{what:'open',document_id:'{first}'}})")
        other.until(lambda: lying(other) == first, "the same one, asked for")
        for one, key in ((page, "q"), (other, "w")):
            one.press(key, "a")
            one.until(lambda one=one: lying(one) not in ("", first) or "没有保存" in one.text("#an-note"), "went on")
            if one is page:
                until_saved(page)
        other.until(lambda: "没有保存" in other.text("#an-note"), "told")
        assert lying(other) == first
        assert "在别处又保存过" in other.text("#an-note")
        kinds = {}
        for number, name in enumerate(("mine", "stored")):
            other.all("#an-note button")[number].click()
            kinds[name] = other.text(".an-kinds [aria-pressed=true]").split("\n")[-1]
        assert kinds == {"mine": "提示", "stored": "案件"}
        other.all("#an-note button")[0].click()
        other.press("a")
        until_saved(other)
        assert other.strangers() == []


def test_a_dispute_is_settled_by_a_third(page: Browser) -> None:
    page.open("/console/annotate/agreement")
    page.until(lambda: len(page.all(".disputes tbody tr")) == 2, "two disputes")
    assert "类型的 α" in page.text(".figures")
    page.click(".disputes a")
    page.until(lambda: "/dispute/" in page.driver.current_url and page.text("#an-text"), "the document")
    assert "甲" in page.text("#an-note")
    page.click("[data-side-of='乙']")
    page.until(
        lambda: page.text("#an-labels .on [data-label] span") == taxonomy.load().label(LABELS[1]).name, "乙's label"
    )
    before = lying(page)
    page.press("a")
    page.until(lambda: page.ready() and lying(page) not in ("", before), "the next dispute")
    page.press("a")
    page.until(lambda: "没有未裁定的争议" in page.text(), "none is left")
