"""标注: one document after the other; kind, type, tactics and spans by mouse and keyboard; the next one is ready before it is asked for.

In: what one browser sends. Out: annotations in the store. Edits are made in the browser and stay there (also over a reload) until the
store has them: a saving shows the next document at once and is written behind it; one that fails brings its document back with what was
entered, and says why. A saving that one's own other browser overtook shows both. Editors and administrators only.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import Any

from fastapi import Request
from nicegui import ui

from corpora.judgments import Judgment, from_data
from nlp.errors import ConflictError, FanzhaError
from serving.annotation import saving
from serving.annotation.queueing import MODES, RANKED, Waiting
from serving.console import attach
from serving.console.annotate_queue import AnnotationQueue
from serving.console.annotate_sheet import AnnotateSheet, draw_places, draw_sheet, load_sheet, with_mine
from serving.console.frame import ENDED, PAGE_SECONDS, frame, patiently, refuse, tell
from serving.console.html_parts import Html, empty, join, options, tag
from serving.console.room import BASE, Room, Visitor, asked, told
from serving.console.turns import Turns

log = logging.getLogger("fanzha.console")
KEYS = (
    ("a", "保存，到下一件"), ("s", "跳过"), ("d", "删去选中的标注"), ("j / k", "下一件 / 上一件"), ("u", "撤销一步；没有可撤的就撤回上一件的保存"),
    ("1–9", "选类型；选中文字或标注时选类别、作用"), ("Shift+1–9", "加减第二类型"), ("q w e", "案件、提示、无关"),
    ("t", "手法：数字加减，再按 t 换下九个"), ("n / b", "下一处 / 上一处标注"),
    ("m", "用键盘标：方向键走，Shift+方向键选"), ("Shift+← →", "改选中标注的右端；再加 Alt 改左端"), ("r", "改选中标注的类别"),
)  # fmt: skip
# Documents that j and k go through, and savings that u takes back.
REMEMBERED = 50


def register(room: Room) -> None:
    """Register the page; the queue is one for all browsers."""
    queue = AnnotationQueue(lambda: room.store, lambda: room.engine.settings.second_share)

    @ui.page("/annotate", title="标注", response_timeout=PAGE_SECONDS)
    async def annotate(request: Request) -> None:
        visitor = room.visitor(request)
        with frame(room, visitor, "/annotate", "标注"):
            if not visitor.edits:
                refuse(visitor, "编辑")
                return
            mode = request.query_params.get("mode", "")
            screen = Annotate(room, queue, visitor, request, mode if mode in MODES else "mixed")
            ui.context.client.on_delete(lambda: queue.leave(screen.token))
            screen.open(ui.context.client.id)
            await patiently(screen.show_next())


def tabs(here: str) -> Html:
    """The three pages of 标注."""
    pages = (("/annotate", "标注"), ("/annotate/agreement", "一致与争议"), ("/annotate/exchange", "导入导出"))
    links = [
        tag("a", name, href=f"{BASE}{address}", class_="button", aria_current="page" if address == here else None)
        for address, name in pages
    ]
    return tag("nav", links, class_="tools", aria_label="标注的各页")


class Annotate(Turns[AnnotateSheet]):
    """One browser that annotates."""

    def __init__(self, room: Room, queue: AnnotationQueue, visitor: Visitor, request: Request, mode: str) -> None:
        super().__init__()
        self.room, self.queue, self.visitor, self.request, self.mode = room, queue, visitor, request, mode
        self.seen: deque[Waiting] = deque(maxlen=REMEMBERED)  # what lay here before, for k
        self.ahead: list[Waiting] = []  # what k left, for j
        self.saved: deque[tuple[str, int]] = deque(maxlen=REMEMBERED)  # document, revision
        self.written = 0
        self.writing: set[str] = set()  # saved by the person, not in the store yet

    def open(self, token: str) -> None:
        """What stands there before the first document."""
        self.token = f"{self.visitor.name}/{token}"
        self.head = ui.html("", sanitize=False).classes("head")
        self.body = ui.html("", sanitize=False)
        ui.html(draw_places(), sanitize=False)
        ui.html(_bar(), sanitize=False).classes("desk-bar an-bar")
        listed = ",".join(f'["{key}","{words}"]' for key, words in KEYS)
        ui.add_body_html(f"<script>window.console_keys=[{listed}]</script>")
        ui.add_head_html(f'<script defer src="{BASE}/static/annotate.js?{attach.version()}"></script>')
        ui.on("annotate", self._act)

    async def _act(self, event: Any) -> None:
        what, document_id = str(event.args.get("what", "")), str(event.args.get("document_id", ""))
        if not self.room.still(self.request, self.visitor):
            tell(ENDED, bad=True)
            return
        if what == "open":
            await self._open(Waiting(document_id, ("未保存的草稿",)))
        elif what == "undo":
            await self._undo()
        elif what == "back":
            await self._back()
        elif (
            self.sheet is not None and document_id == self.sheet.document_id
        ):  # a second press never touches the next one
            if what == "save":
                await self._save(self.sheet, event.args)
            elif what == "skip":
                await self._skip(self.sheet)

    async def _save(self, sheet: AnnotateSheet, sent: Any) -> None:
        """Show the next one, then write; nothing is said to be saved before it is."""
        try:
            judgment, seen = from_data(sent.get("judgment") or {}, sheet.name), int(sent.get("seen", -1))
        except (FanzhaError, TypeError, ValueError) as error:
            tell(f"没有保存：{told(error)}", bad=True)
            return
        self.sheet = None  # a second press before the next one lies there saves nothing twice
        self.queue.done(self.token, sheet.document_id)
        self.writing.add(sheet.document_id)
        self.seen.append(Waiting(sheet.document_id, sheet.reasons))
        await self._onward()
        try:
            try:
                revision = await asked(lambda: self._write(sheet.document_id, judgment, seen))
            finally:
                self.writing.discard(sheet.document_id)
        except Exception as error:
            if not isinstance(error, FanzhaError):
                log.exception("annotate")
            await self._bring_back(sheet, judgment, error)
            return
        self.queue.done(self.token, sheet.document_id)  # a list that was read before it was written has it once more
        self.saved.append((sheet.document_id, revision))
        self.written += 1
        self._release(sheet.document_id)
        self.head.set_content(self.heading(f"{sheet.name[:24]}：已保存"))

    def _write(self, document_id: str, judgment: Judgment, seen: int) -> int:
        self.room.note(self.visitor, "annotate", document_id)
        with self.room.store.writing() as session:
            return saving.save(session, document_id, judgment, by=self.visitor.name, seen=seen).revision

    async def _bring_back(self, sheet: AnnotateSheet, mine: Judgment, error: Exception) -> None:
        """The document lies here again with what was entered; where another saving came between, both can be seen."""
        note = f"没有保存：{error.found if isinstance(error, ConflictError) else told(error)}。"

        def again() -> AnnotateSheet:
            with self.room.store.reading() as session:
                return load_sheet(session, sheet.document_id, self.visitor.name, sheet.reasons)

        if isinstance(error, ConflictError):
            try:
                sheet = await asked(again)
            except (
                Exception
            ):  # withdrawn meanwhile, or the store is away: what was entered is shown over what was there
                log.exception("annotate")
        if self.sheet is not None:
            self.following = (self.sheet, draw_sheet(self.sheet))
        self.queue.lies_before(self.token, sheet.document_id)
        sheet = with_mine(sheet, mine, note)
        self.show(sheet, draw_sheet(sheet), "")

    async def _undo(self) -> None:
        """Take the last saving back: its document lies here again."""
        if not self.saved:
            tell("没有可撤销的了")
            return
        document_id, revision = self.saved.pop()

        def write() -> AnnotateSheet:
            self.room.note(self.visitor, "undo", document_id)
            with self.room.store.writing() as session:
                saving.take_back(session, document_id, by=self.visitor.name, seen=revision)
            with self.room.store.reading() as session:
                return load_sheet(session, document_id, self.visitor.name, ("刚刚撤回",))

        try:
            sheet = await asked(write)
        except Exception as error:
            if not isinstance(error, FanzhaError):
                log.exception("annotate")
            tell(f"没有撤销：{told(error)}", bad=True)
            return
        self.written = max(0, self.written - 1)
        self.queue.again()
        self._lay_over(sheet, f"{sheet.name[:24]}：已撤回，请重新标注")

    async def _skip(self, sheet: AnnotateSheet) -> None:
        """On to the next one; what was entered stays in the browser as a draft."""
        self.sheet = None
        self.seen.append(Waiting(sheet.document_id, sheet.reasons))
        if not self.ahead:
            self.queue.skip(self.token, sheet.document_id)
        await self._onward()

    async def _onward(self) -> None:
        """Where k came from, else the next of the queue."""
        if self.ahead:
            await self._open(self.ahead.pop(), remember=False)
        else:
            await self.show_next()

    async def _back(self) -> None:
        if not self.seen:
            tell("前面没有了")
            return
        if self.sheet is not None:
            self.ahead.append(Waiting(self.sheet.document_id, self.sheet.reasons))
        await self._open(self.seen.pop(), remember=False)

    async def _open(self, item: Waiting, *, remember: bool = True) -> None:
        """A document by its id: an earlier one, or one with a draft."""
        try:
            sheet = await asked(lambda: self._read(item))
        except Exception as error:
            if not isinstance(error, FanzhaError):
                log.exception("annotate")
            tell(f"打不开：{told(error)}", bad=True)
            return
        self.queue.lies_before(self.token, item.document_id)
        if remember:
            self._lay_over(sheet, "")
        else:
            self.show(sheet, draw_sheet(sheet), "")

    def _lay_over(self, sheet: AnnotateSheet, note: str) -> None:
        """Show a sheet; what lies there now comes right after it."""
        if self.sheet is not None and self.sheet.document_id != sheet.document_id:
            self.following = (self.sheet, draw_sheet(self.sheet))
        self.show(sheet, draw_sheet(sheet), note)

    def nothing(self) -> Html:
        """No document waits."""
        back = tag("a", "导入文章或投诉", href=f"{BASE}/import", class_="button")
        advice = "换一种排法，或导入更多。别人打开着的不会同时给您；您标过的不再来，按 k 可回去改。"
        if self.mode == "suspect":
            advice = "每个类型标过几件以后，这里才有东西：与机器把握悬殊的标注会回来请您再看一次。"
        return empty("没有等着标注的文档", advice, back)

    def _release(self, document_id: str) -> None:
        """The store has it: the browser's draft may go."""
        ui.run_javascript(f"window.annotate_saved?.({document_id!r})")

    def prepare(self) -> tuple[AnnotateSheet, Html] | None:
        """The next item that is not before this person already, read and drawn."""
        here = self.sheet.document_id if self.sheet is not None else ""
        away = {here, *self.writing}
        taken = self.queue.take(self.visitor.name, self.token, self.mode, 1 + len(away))
        item = next((item for item in taken if item.document_id not in away), None)
        if item is None:
            return None
        sheet = self._read(item)
        return sheet, draw_sheet(sheet)

    def _read(self, item: Waiting) -> AnnotateSheet:
        self.room.note(self.visitor, "show", item.document_id)
        with self.room.store.reading() as session:
            return load_sheet(session, item.document_id, self.visitor.name, item.reasons)

    def heading(self, note: str) -> Html:
        length = self.queue.length(self.visitor.name, self.mode)
        chosen = tag("select", options(MODES, self.mode), data_mode=True, aria_label="排法")
        return join(
            tag("h1", "标注"), tabs("/annotate"), tag("p", note, class_="saved", role="status"),
            tag("p", f"待标 {length:,}{'+' if length >= RANKED else ''} 件　本次已标 {self.written} 件", class_="soft"), chosen,
        )  # fmt: skip


def _bar() -> Html:
    def act(key: str, words: str, name: str, class_: str = "button") -> Html:
        return tag("button", tag("kbd", key), words, type="button", data_annotate=name, class_=class_)

    return join(
        act("a", "保存，下一件", "save", "button main-act"), act("s", "跳过", "skip"), act("k", "上一件", "back"), act("u", "撤销", "undo"),
        tag("span", "", id="an-draft"), tag("span", "选中文字后按数字定类别，? 看全部按键", class_="soft"),
    )  # fmt: skip
