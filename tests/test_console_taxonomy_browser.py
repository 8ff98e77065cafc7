"""标签体系 in a real browser: a label is split with its numbers seen first, published, found queued in 标注, and put back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from corpora.judgments import Judgment
from nlp import taxonomy
from serving.annotation import saving
from serving.store import open_store
from serving.store.tables import ArticleRow
from tests.console_world import Browser, browser, console, filled, missing

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "runs")]
SAMPLE = "complaints/platform_feedback.jsonl"


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Browser]:
    """A console over a few complaints; two of them the demo's person has annotated as being of the type that one was read as."""
    settings = filled(tmp_path, SAMPLE)
    store = open_store(settings.store)
    with store.writing() as session:
        told = session.scalars(
            sa.select(ArticleRow).where(ArticleRow.kind == taxonomy.CASE).order_by(ArticleRow.document_id)
        ).all()
        label = told[0].label
        for document_id in (told[0].document_id, told[1].document_id):
            saving.save(session, document_id, Judgment("case", label), by="演示", seen=0)
    store.close()
    with console(settings, tmp_path) as address, browser(address, tmp_path / "profile") as opened:
        opened.label = label
        yield opened
        assert opened.strangers() == []
        assert opened.complaints() == []


def fill(page: Browser, **fields: str) -> None:
    for name, words in fields.items():
        page.one(f"#change [name={name}]").send_keys(words)


def test_a_label_is_split_seen_first_published_queued_and_put_back(page: Browser) -> None:
    name = taxonomy.load().name_of(page.label)
    page.open("/console/taxonomy")
    page.until(lambda: name in page.text(".labels"), "the labels")
    # 1. A form that will not do says why and loses nothing.
    page.click(f"[data-rules=open][value='split {page.label}']")
    fill(page, id1="kind_one", name1="第一种", meaning1="先收押金", id2="kind_one", name2="第二种")
    page.click("#change [type=submit]")
    page.until(lambda: "用过了" in page.text(".ruling-said"), "why not")
    again = page.one("#change [name=id2]")
    assert page.one("#change [name=name1]").get_attribute("value") == "第一种"
    again.clear()
    again.send_keys("kind_two")
    page.click("#change [type=submit]")
    # 2. The preview: two documents are to be judged again, no incident gets a new revision; nothing has happened yet.
    page.until(lambda: page.all(".effects tbody tr"), "the draft")
    cells = [cell.text for cell in page.all(".effects tbody tr td")]
    assert cells[0].startswith(f"“{name}”拆分为“第一种”、“第二种”")
    assert cells[3:6] == ["2", "0", "2"]
    assert "还说不出：第一种、第二种" in page.text(".models")
    assert name in page.text(".labels")
    assert "第一种" not in page.text(".labels")
    # 3. Published: the label is a former one, its parts stand in its place.
    page.one("[name=note]").send_keys("分开统计")
    page.click("button[data-ruling=publish]")
    page.until(
        lambda: "第一种" in page.text(".labels") and "已拆分为第一种、第二种" in page.text(".labels"), "the parts"
    )
    version = page.text(".versions tbody tr:first-child b")
    assert version.startswith(taxonomy.CURRENT)
    assert "分开统计" in page.text(".versions")
    # 4. Queued in 标注; the old label is refused, one of the new ones is taken.
    page.click("a[href*='mode=again']")
    page.until(lambda: page.ready() and page.text("#an-text"), "a document")
    assert f"您标的“{name}”已拆分，请在第一种、第二种中再定" in page.text("#an-about")
    assert "待标 2 件" in page.text(".head")
    page.press("a")
    page.until(lambda: "已拆分" in page.text("#an-note"), "refused")
    page.click("[data-label=kind_two]")
    before = page.text("#an-about")
    page.press("a")
    page.until(lambda: "已保存" in page.text(".saved") and page.text("#an-about") != before, "the second one")
    page.open("/console/taxonomy")
    page.until(lambda: "去重判 1 件" in page.text(".head"), "one is left")
    # 5. Back to the version before: the label is there again with both documents under it.
    page.click(f"[data-rules=back][value='{taxonomy.CURRENT}']")
    page.until(lambda: f"现行 {taxonomy.CURRENT}　" in page.text(".head"), "the version before")
    row = page.one(f"[data-rules=open][value='split {page.label}']").find_element("xpath", "ancestor::tr")
    assert [cell.text for cell in row.find_elements("css selector", "td.number")][1] == "2"
    assert "去重判" not in page.text(".head")
    # The version that was published is still there, to be put in force again.
    assert page.all(f"[data-rules=back][value='{version}']")


def test_two_at_the_draft_lose_nothing(page: Browser, tmp_path: Path) -> None:
    """Who is second is told, sees what the first did, keeps what he typed, and may still do it; so with publishing."""
    page.open("/console/taxonomy")
    page.click("[data-rules=open][value='add ']")
    fill(page, id0="first_new", name="头一个新类型", meaning="先收押金")
    with browser(page.address, tmp_path / "second") as other:
        other.open("/console/taxonomy")
        other.click("[data-rules=open][value='add ']")
        fill(other, id0="second_new", name="另一个新类型")
        other.click("#change [type=submit]")
        other.until(lambda: "另一个新类型" in other.text(".effects"), "the draft of the second")
        # 1. The first one's step comes too late: told, with the draft as it is now, nothing of his form lost.
        page.click("#change [type=submit]")
        page.until(lambda: "草案在别处改过" in page.text(".ruling-said"), "the refusal")
        page.until(lambda: "另一个新类型" in page.text(".effects"), "what the second did")
        assert page.one("#change [name=meaning]").get_attribute("value") == "先收押金"
        page.click("#change [type=submit]")
        page.until(lambda: "头一个新类型" in page.text(".effects"), "both")
        # 2. What the second sees is old now: he publishes nothing that he has not seen.
        other.click("button[data-ruling=publish]")
        other.until(lambda: "草案在别处改过" in other.text(".ruling-said"), "the refusal")
        other.until(lambda: "头一个新类型" in other.text(".effects"), "what the first did")
        assert "头一个新类型" not in other.text(".labels")
        other.click("button[data-ruling=publish]")
        other.until(lambda: "头一个新类型" in other.text(".labels"), "published")
        assert other.strangers() == []
