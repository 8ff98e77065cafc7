"""研判台: one complaint after the other, decided by keyboard alone; the next one is ready before it is asked for.

In: keys and clicks of one browser. Out: decisions in the store. The next sheet is read and drawn while a person reads the present
one, so a decision shows it at once and is written behind it; one that cannot be written brings its complaint back and says why.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import Any

from fastapi import Request
from nicegui import ui

from nlp import taxonomy
from nlp.errors import ConflictError, FanzhaError
from serving.console import decisions
from serving.console.decisions import Decision, Done
from serving.console.desk_queue import Item, Queue
from serving.console.desk_sheet import ReportSheet, draw_report, load_report
from serving.console.frame import ENDED, PAGE_SECONDS, frame, patiently, refuse, tell
from serving.console.html_parts import Html, empty, join, tag
from serving.console.room import BASE, Room, Visitor, asked, told
from serving.console.turns import Turns

log = logging.getLogger("fanzha.console")
KEYS = (
    ("Enter", "接受机器的判断"), ("1–5", "更正为所列类型"), ("t", "选其他类型"), ("l 再 1–4", "并入相近事件"), ("x", "与诈骗无关"),
    ("s", "跳过"), ("u", "撤销上一件"), ("j / k", "原文向下 / 向上"),
)  # fmt: skip
# Decisions of one browser that can be taken back, newest first.
UNDOABLE = 20


def register(room: Room) -> None:
    """Register the page; the queue is one for all browsers."""
    queue = Queue(lambda: room.store)

    @ui.page("/desk", title="研判台", response_timeout=PAGE_SECONDS)
    async def desk(request: Request) -> None:
        visitor = room.visitor(request)
        with frame(room, visitor, "/desk", "研判台"):
            if not visitor.sees_all:
                refuse(visitor)
                return
            screen = Desk(room, queue, visitor, ui.context.client.id, request)
            ui.context.client.on_delete(lambda: queue.leave(screen.who))
            screen.open()
            await patiently(screen.show_next())


class Desk(Turns[ReportSheet]):
    """One browser at the desk."""

    def __init__(self, room: Room, queue: Queue, visitor: Visitor, token: str, request: Request) -> None:
        super().__init__()
        self.request = request
        self.room, self.queue, self.visitor = room, queue, visitor
        self.who = f"{visitor.name}/{token}"
        self.undoable: deque[Done] = deque(maxlen=UNDOABLE)
        self.decided = 0

    def open(self) -> None:
        """What stands there before the first complaint."""
        self.head = ui.html("", sanitize=False).classes("head")
        self.body = ui.html("", sanitize=False).classes("desk-body")
        ui.html(_bar(), sanitize=False).classes("desk-bar")
        listed = ",".join(f'["{key}","{words}"]' for key, words in KEYS)
        ui.add_body_html(f"<script>window.console_keys=[{listed}];window.console_desk=true</script>")
        ui.on("act", self._act)

    async def _act(self, event: Any) -> None:
        what, value = str(event.args.get("act", "")), str(event.args.get("value", ""))
        if not self.room.still(self.request, self.visitor):
            tell(ENDED, bad=True)
            return
        if what == "undo":
            await self._undo()
            return
        sheet = self.sheet
        if sheet is None or (event.args.get("report") or sheet.item.report_id) != sheet.item.report_id:
            return  # a second press of a key whose first one has brought the next complaint
        if what == "skip":
            self.queue.skip(self.who, sheet.item.report_id)
            await self.show_next()
        elif decision := _decision(what, value, sheet):
            await self._decide(sheet, decision)

    async def _decide(self, sheet: ReportSheet, decision: Decision) -> None:
        """Show the next one, then write; nothing is said to be saved before it is."""
        self.queue.done(self.who, sheet.item.report_id)
        await self.show_next()
        try:
            done = await asked(lambda: self._write(sheet, decision))
        except Exception as error:
            if not isinstance(error, FanzhaError):
                log.exception("desk")
            self.queue.again()
            link = f"（{sheet.external_id}）"
            tell(f"没有保存{link}：{told(error)}", bad=True)
            if isinstance(error, ConflictError) and await self._bring_back(sheet, decision, error):
                return
            if self.sheet is None:
                await self.show_next()
            return
        self.undoable.append(done)
        self.decided += 1
        self.head.set_content(self.heading(f"{sheet.external_id}：{done.words}，已保存"))

    async def _bring_back(self, sheet: ReportSheet, decision: Decision, error: ConflictError) -> bool:
        """The complaint lies here again as it stands now, with what the other one decided and what was meant here; False where it is gone."""
        meant = decisions.meant(decision)

        def again() -> ReportSheet:
            with self.room.store.reading() as session:
                item = Item(
                    sheet.item.report_id,
                    0.0,
                    (decisions.now_stands(session, sheet.item.report_id), f"您选的是：{meant}"),
                )
                return load_report(session, item, self.visitor.role)

        try:
            now = await asked(again)
        except Exception as gone:
            if not isinstance(gone, FanzhaError):
                log.exception("desk")
            return False
        if self.sheet is not None:  # what lies there now comes right after
            self.following = (self.sheet, draw_report(self.sheet))
        self.show(now, draw_report(now), f"{sheet.external_id}：{error.found}；按 s 照他的，再定一次则改成您的")
        return True

    def _write(self, sheet: ReportSheet, decision: Decision) -> Done:
        self.room.note(self.visitor, "decide", sheet.item.report_id, action=decision.action)
        with self.room.store.writing() as session:
            return decisions.decide(session, sheet.item.report_id, sheet.stamp, decision, self.visitor.name)

    async def _undo(self) -> None:
        if not self.undoable:
            tell("没有可撤销的了")
            return
        done = self.undoable.pop()

        def write() -> ReportSheet:
            self.room.note(self.visitor, "undo", done.report_id)
            with self.room.store.writing() as session:
                decisions.undo(session, done, self.visitor.name)
            with self.room.store.reading() as session:
                return load_report(session, Item(done.report_id, 0.0, ("刚刚撤销",)), self.visitor.role)

        try:
            sheet = await asked(write)
        except Exception as error:
            if not isinstance(error, FanzhaError):
                log.exception("desk")
            tell(f"没有撤销：{told(error)}", bad=True)
            return
        self.decided = max(0, self.decided - 1)
        if self.sheet is not None:  # what lies there now comes right after
            self.following = (self.sheet, draw_report(self.sheet))
        self.show(sheet, draw_report(sheet), f"{sheet.external_id}：已撤销，请重新研判")

    def nothing(self) -> Html:
        """No complaint waits."""
        back = tag("a", "导入投诉", href=f"{BASE}/import", class_="button")
        return empty("没有等着研判的投诉", "新的投诉分析完后会出现在这里；被别人打开的不会同时给您。", back)

    def prepare(self) -> tuple[ReportSheet, Html] | None:
        """The next item that is not before this person already, read and drawn."""
        here = self.sheet.item.report_id if self.sheet is not None else ""
        item = next((item for item in self.queue.take(self.who, 2) if item.report_id != here), None)
        if item is None:
            return None
        self.room.note(self.visitor, "show", item.report_id)
        with self.room.store.reading() as session:
            sheet = load_report(session, item, self.visitor.role)
        return sheet, draw_report(sheet)

    def heading(self, note: str) -> Html:
        waiting = f"待研判 {len(self.queue):,} 件　本次已定 {self.decided} 件"
        return join(
            tag("h1", "研判台"), tag("p", note, class_="saved", role="status"), tag("p", waiting, class_="soft")
        )


def _decision(what: str, value: str, sheet: ReportSheet) -> Decision | None:
    """What a key or a click asks for; None for what is not on this sheet."""
    if what == "accept":
        return Decision("accept")
    if what == "reject":
        return Decision("reject")
    if what == "label" and any(label.id == value for label in taxonomy.load().labels):
        return Decision("accept") if value == sheet.label and sheet.kind == "case" else Decision("correct", label=value)
    if what == "link" and any(like.incident_id == value and not like.joined for like in sheet.similar):
        return Decision("link", incident_id=value)
    return None


def _bar() -> Html:
    def act(key: str, words: str, name: str, class_: str = "button") -> Html:
        return tag("button", tag("kbd", key), words, type="button", data_act=name, class_=class_)

    return join(
        act("Enter", "接受", "accept", "button main-act"), act("x", "与诈骗无关", "reject"), act("s", "跳过", "skip"),
        act("u", "撤销上一件", "undo"), tag("span", "数字更正类型，l 加数字并入相近事件，? 看全部按键", class_="soft"),
    )  # fmt: skip
