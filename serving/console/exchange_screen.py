"""导入导出 of annotations: four forms, out as a download, in from a dropped file; what was written, was there, is older, was refused and why.

In: buttons and files of one browser. Out: downloads, annotations. The forms are `corpora.exchange`'s, the store's side `serving.annotation`'s.
What goes out is unmasked: the audit log says so first. Editors and administrators only.
"""

from __future__ import annotations

import logging
from typing import Any

from fastapi import Request
from nicegui import ui

from corpora.exchange import FORMS, form_called, read_labels
from corpora.label_studio import config
from nlp.errors import FanzhaError
from serving.annotation.exchanging import Brought, bring_in, given_out
from serving.api.guard import MAX_UPLOAD
from serving.api.imports import file_name
from serving.console.annotate_screen import tabs
from serving.console.frame import ENDED, PAGE_SECONDS, frame, refuse, tell
from serving.console.html_parts import Html, join, options, problem, tag, void
from serving.console.room import Room, Visitor, asked, told

log = logging.getLogger("fanzha.console")
HERE = "/annotate/exchange"
# Refused rows shown; a file with more is broken as a whole.
SHOWN = 50


def register(room: Room) -> None:
    """Register the page."""

    @ui.page(HERE, title="标注的导入导出", response_timeout=PAGE_SECONDS)
    def exchange(request: Request) -> None:
        visitor = room.visitor(request)
        with frame(room, visitor, "/annotate", "标注的导入导出"):
            if not visitor.edits:
                refuse(visitor, "编辑")
                return
            _Screen(room, visitor, request).open()


class _Screen:
    """One browser's imports and exports."""

    def __init__(self, room: Room, visitor: Visitor, request: Request) -> None:
        self.room, self.visitor, self.request = room, visitor, request
        self.busy = False

    def open(self) -> None:
        ui.html(join(tag("h1", "标注"), tabs(HERE), tag("p", class_="saved")), sanitize=False).classes("head")
        ui.html(_parts(), sanitize=False)
        self.upload = ui.upload(
            on_upload=self._uploaded, on_rejected=lambda: tell(f"文件太大，应不超过 {MAX_UPLOAD // 1_000_000} MB", bad=True),
            auto_upload=True, max_file_size=MAX_UPLOAD,
        ).classes("hidden-upload").props("aria-hidden=true")  # fmt: skip
        ui.add_body_html(f"<script>window.console_upload={self.upload.id}</script>")
        self.result = ui.html("", sanitize=False)
        ui.on("act", self._act)

    async def _act(self, event: Any) -> None:
        what, value = str(event.args.get("act", "")), str(event.args.get("value", ""))
        if not self.room.still(self.request, self.visitor):
            tell(ENDED, bad=True)
        elif what in ("all", "final") and value in FORMS:
            await self._download(value, what)
        elif what == "config":
            ui.download.content(config(), "fanzha_label_studio.xml", "application/xml")

    async def _download(self, form: str, which: Any) -> None:
        def question() -> str:
            self.room.note(self.visitor, "export", "annotations", form=form, which=which)
            with self.room.store.reading() as session:
                return "".join(form_called(form).write(given_out(session, which)))

        try:
            text = await asked(question)
        except Exception as error:
            if not isinstance(error, FanzhaError):
                log.exception("exchange")
            tell(f"没有导出：{told(error)}", bad=True)
            return
        ui.download.content(text, f"标注_{which}{FORMS[form].ending}", "application/octet-stream")

    async def _uploaded(self, event: Any) -> None:
        name, data = file_name(event.file.name), await event.file.read()
        self.upload.reset()
        if self.busy or not self.room.still(self.request, self.visitor):
            tell(ENDED if not self.busy else "上一个文件还在导入", bad=True)
            return
        self.busy = True
        self.result.set_content(tag("p", f"正在导入 {name}……", role="status", class_="soft"))

        def write() -> Brought:
            self.room.note(self.visitor, "import", "annotations")
            with self.room.engine.uploading.entered("导入标注"), self.room.store.writing() as session:
                return bring_in(session, read_labels(data, name), self.visitor.name)

        try:
            self.result.set_content(_outcome(name, await asked(write)))
        except Exception as error:
            if not isinstance(error, FanzhaError):
                log.exception("exchange")
            self.result.set_content(problem(told(error)))
        finally:
            self.busy = False


def _parts() -> Html:
    forms = {name: form.name for name, form in FORMS.items()}
    chosen = next(iter(forms))
    buttons = [
        tag("button", words, type="button", class_="button", data_export=which)
        for which, words in (("all", "导出各人的"), ("final", "导出定稿（每件一份）"))
    ]
    away = tag(
        "section", tag("h2", "导出"),
        tag("div", tag("p", "连同原文，未脱敏，记入审计。定稿是裁定的，或没有争议的；有争议而未裁定的不在内。", class_="soft"),
            tag("div", tag("select", options(forms, chosen), id="export-form", aria_label="格式"), buttons, class_="tools"),
            tag("div", tag("button", "Label Studio 的标注界面（XML）", type="button", class_="button", data_act="config"), class_="tools"),
            class_="inside"),
        class_="card",
    )  # fmt: skip
    drop = tag(
        "label", tag("b", "把文件拖到这里，或点此选择"), tag("small", "JSON Lines、Label Studio 的 JSON、doccano 的 JSONL、CoNLL；格式按内容认"),
        void("input", type="file", id="file", class_="file"), class_="drop", data_drop=True,
    )  # fmt: skip
    note = "库里没有的原文一并收下；已有的不变；比库里旧的不收；读不了的一件一行说明。"
    back = tag(
        "section", tag("h2", "导入"), tag("div", drop, tag("p", note, class_="why"), class_="inside"), class_="card"
    )
    return tag("div", away, back, class_="split")


def _outcome(name: str, brought: Brought) -> Html:
    figures = (
        ("写入", brought.written), ("已有", brought.already), ("比库里旧", brought.older), ("新收原文", brought.documents),
        ("拒收", len(brought.refused)),
    )  # fmt: skip
    tiles = [tag("div", tag("span", words), tag("b", f"{number:,}"), class_="figure") for words, number in figures]
    rows = [tag("tr", tag("td", str(error))) for error in brought.refused[:SHOWN]]
    more = f"只列前 {SHOWN} 条" if len(brought.refused) > SHOWN else ""
    refused = tag(
        "table",
        tag("thead", tag("tr", tag("th", f"为什么没有收　{more}", scope="col"))),
        tag("tbody", rows),
        class_="refused-labels",
    )
    return tag(
        "section", tag("h2", f"导入结果：{name}"),
        tag("div", tag("div", tiles, class_="figures"), refused if rows else None, class_="inside"), class_="card", data_brought=True,
    )  # fmt: skip
