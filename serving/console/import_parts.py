"""The parts of the import screen: the field to drop into, columns with their preview, what became of a batch, earlier batches.

In: what `corpora.preview` found, rows of batches. Out: HTML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from corpora.columns import field_names
from corpora.preview import Preview
from serving.batches import sentence
from serving.console import wording
from serving.console.html_parts import Html, empty, join, options, tag, void
from serving.console.room import BASE
from serving.page_list import PageList

STATES = {"running": "进行中", "finished": "完成", "undone": "已撤销"}
# Cells of the preview are cut here; the whole text goes in.
CELL, ROWS = 60, 6
FORMS = "表格 CSV、XLSX、JSON、JSONL；网页 HTML、WARC；PDF、DOCX、邮件、文字；以及装着它们的 ZIP。至多 100 MB"


def bring_in(natures: Mapping[str, str]) -> Html:
    """The two ways in: a file, or pasted text."""
    drop = tag(
        "label", tag("b", "把文件拖到这里，或点此选择"), tag("small", FORMS),
        void("input", type="file", id="file", class_="file"), class_="drop", data_drop=True,
    )  # fmt: skip
    paste = tag(
        "div", tag("textarea", id="paste", rows=4, aria_label="粘贴文字或网址",
            placeholder="或在这里粘贴一件投诉、一篇文章；或一串网址，一行一个，由这台机器去取"),
        tag("div", tag("select", options(natures, ""), id="paste-nature", aria_label="性质"),
            tag("button", "导入粘贴的", type="button", class_="button", data_paste=True), class_="tools"),
        class_="paste",
    )  # fmt: skip
    return join(drop, paste)


def chosen_file(name: str, size: int, found: Preview, nature: str, natures: Mapping[str, str]) -> Html:
    """A file that lies there: its columns where it is a table, what would be made of it, and the button."""
    is_table = bool(found.headings)
    error = None
    if found.error is not None:
        # Without a column of text a person chooses one; every other fault is told as the reader tells it.
        words = "没有认出哪一列是正文，请在下面选定。" if is_table and "text" not in found.columns else str(found.error)
        error = tag("p", words, class_="problem") if is_table else None
    told = f"{max(size / 1000, 0.1):,.1f} kB" + (f"　{found.encoding}" if found.encoding else "")
    kind = {"complaint": "投诉", "published": "公开报道"}.get(found.nature, "")
    fields: list[Html] = []
    if is_table:
        headings = {"": "（没有）"} | {heading: heading for heading in found.headings if heading}
        fields = [
            tag("label", tag("span", words, tag("i", "必需") if field == "text" else None),
                tag("select", options(headings, found.columns.get(field, "")), name=f"col-{field}"))
            for field, words in field_names().items()
        ]  # fmt: skip
    guess = tag("small", f"看来是{kind}") if kind and not nature else None
    nature_field = tag("label", tag("span", "性质　", guess), tag("select", options(natures, nature), name="nature"))
    form = tag("form", tag("div", fields, nature_field, class_="mapping"), data_mapping=True)
    buttons = tag(
        "div", tag("button", "导入", type="button", class_="button main-act", data_act="import", disabled=error is not None),
        tag("button", "不导入", type="button", class_="button", data_act="drop"), class_="tools",
    )  # fmt: skip
    return tag(
        "section", tag("h2", name, tag("small", told)), tag("div", error, form, _rows(found) if is_table else None, buttons, class_="inside"),
        class_="card",
    )  # fmt: skip


def _rows(found: Preview) -> Html:
    used = {heading: field for field, heading in found.columns.items()}
    names = field_names()
    head = [
        tag(
            "th",
            heading,
            tag("small", names[used[heading]]) if heading in used else None,
            scope="col",
            class_="used" if heading in used else None,
        )
        for heading in found.headings
    ]
    rows = [
        tag("tr", [tag("td", cell if len(cell) <= CELL else f"{cell[:CELL]}…") for cell in row])
        for row in found.rows[:ROWS]
    ]
    caption = tag("caption", f"前 {min(ROWS, len(found.rows))} 行")
    return tag(
        "div",
        tag("table", caption, tag("thead", tag("tr", head)), tag("tbody", rows), class_="sample"),
        class_="sample-box",
        tabindex="0",
    )


def reading(name: str) -> Html:
    """While a file is read."""
    return tag("section", tag("h2", name), tag("p", "正在读取并存盘……", class_="inside", role="status"), class_="card")


def outcome(
    batch: Any, progress: Mapping[str, int], refused: Sequence[Any], *, sure: bool, under_way: PageList | None = None
) -> Html:
    """What became of a batch, how far its analysis is, its bad rows, and the way back. under_way: the list of addresses still fetched."""
    waiting = progress["accepted"] + progress["working"]
    total = sum(progress.values())
    done = total - waiting
    figures = [
        ("新收", batch.new, "", ""), ("已有", batch.already, "内容相同，未改动", ""),
        ("拒收", batch.refused, "原因见下", "loss" if batch.refused else ""),
        ("已分析", done, f"共 {total} 件" if total else "", ""),
        ("分析失败", progress.get("failed", 0), "", "loss" if progress.get("failed") else ""),
    ]  # fmt: skip
    tiles = [
        tag(
            "div",
            tag("span", name),
            tag("b", f"{number:,}"),
            tag("small", note if number else ""),
            class_=f"figure {class_}",
        )
        for name, number, note, class_ in figures
    ]
    bar = None
    if batch.state != "undone" and waiting:
        bar = tag(
            "p",
            tag("progress", max=total, value=done, aria_label="分析进度"),
            f"　正在分析，还有 {waiting} 件；可以离开本页",
            role="status",
            class_="soft",
        )
    lead = (
        tag("p", "本批已撤销：带来的文档已撤回，只靠它们的事件已撤下。", class_="soft")
        if batch.state == "undone"
        else None
    )
    undo = None
    if batch.state != "undone" and under_way is None:
        words = f"确认撤销这 {batch.new} 件？再按一次" if sure else "撤销本批"
        undo = tag("button", words, type="button", class_="button danger", data_act="undo", data_value=batch.id)
    look = tag("a", "去研判", href=f"{BASE}/desk", class_="button") if batch.new and batch.state != "undone" else None
    return tag(
        "section", tag("h2", f"本批结果：{batch.source}", tag("small", f"{batch.id}　{STATES.get(batch.state, batch.state)}")),
        tag("div", lead, _fetching(batch.id, under_way), tag("div", tiles, class_="figures"), bar, _refused(batch, refused),
            tag("div", look, undo, class_="tools"), class_="inside"),
        class_="card", data_batch=batch.id,
    )  # fmt: skip


def _fetching(batch_id: str, under_way: PageList | None) -> Html | None:
    """How far a list of addresses is, which one is asked for, and how to stop."""
    if under_way is None:
        return None
    total = len(under_way.listed)
    return tag(
        "div",
        tag(
            "p", tag("progress", max=total, value=under_way.done, aria_label="取网页的进度"),
            f"　已取 {under_way.done}/{total}，正在取 {under_way.now[:80]}；同一网站一秒一页，可以离开本页", role="status", class_="soft",
        ),
        tag("button", "停止", type="button", class_="button", data_act="stop", data_value=batch_id),
        class_="tools",
    )  # fmt: skip


def _refused(batch: Any, rows: Sequence[Any]) -> Html | None:
    if not rows:
        return None
    listed = [tag("tr", tag("td", str(row.number), class_="number"), tag("td", sentence(row.error))) for row in rows]
    more = f"　只列前 {len(rows)} 行，全部在下载里" if batch.refused > len(rows) else ""
    head = tag("tr", tag("th", "序号", scope="col", class_="number"), tag("th", "为什么没有收", scope="col"))
    button = tag("button", "下载拒收清单", type="button", class_="button", data_act="refused")
    return join(
        tag("h3", f"拒收 {batch.refused} 行", tag("small", more), button, class_="refused-head"),
        tag("table", tag("thead", head), tag("tbody", listed), class_="refused"),
    )


def earlier(found: Sequence[Any]) -> Html:
    """The newest batches."""
    if not found:
        return empty("还没有导入过", "把表格、网页或文字拖到上面。")
    rows = [
        tag(
            "tr", tag("td", wording.local(batch.started_at), class_="when"),
            tag("td", tag("button", batch.source or "—", type="button", class_="link", data_act="show", data_value=batch.id)),
            tag("td", f"{batch.new:,}", class_="number"), tag("td", f"{batch.already:,}", class_="number"),
            tag("td", f"{batch.refused:,}", class_="number"), tag("td", STATES.get(batch.state, batch.state)),
        )
        for batch in found
    ]  # fmt: skip
    heads = [("时间", ""), ("来源", ""), ("新收", "number"), ("已有", "number"), ("拒收", "number"), ("状态", "")]
    head = tag("tr", [tag("th", words, scope="col", class_=class_ or None) for words, class_ in heads])
    return tag(
        "section",
        tag("h2", "最近的导入"),
        tag("table", tag("thead", head), tag("tbody", rows), class_="batches"),
        class_="card",
    )
