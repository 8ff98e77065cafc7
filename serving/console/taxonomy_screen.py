"""标签体系: the labels and what stands under them; changes drafted, previewed with their numbers, published, put back.

In: what one browser sends. Out: a draft in the store, a version in force. Editors draft, administrators publish and go back. Nothing that
was decided is lost by any of it (`serving.taxonomies`); what is on file is brought over behind the screen, which says how far it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from fastapi import Request
from nicegui import background_tasks, ui
from sqlalchemy.orm import Session

from nlp import taxonomy
from nlp.errors import ConflictError, FanzhaError
from serving.console import taxonomy_parts as parts
from serving.console.frame import ENDED, PAGE_SECONDS, frame, patiently, refuse, tell
from serving.console.html_parts import Html, join, problem, tag
from serving.console.room import BASE, Room, Visitor, asked, told
from serving.model_command import known_folders
from serving.taxonomies import carrying, effects, steps, versions

log = logging.getLogger("fanzha.console")
KEYS = (("Tab / Enter", "走到并按下一个按钮"), ("?", "全部按键"))


def register(room: Room) -> None:
    """Register the page."""

    @ui.page("/taxonomy", title="标签体系", response_timeout=PAGE_SECONDS)
    async def page(request: Request) -> None:
        visitor = room.visitor(request)
        with frame(room, visitor, "/taxonomy", "标签体系"):
            if not visitor.edits:
                refuse(visitor, "编辑")
                return
            screen = _Screen(room, visitor, request)
            screen.open()
            await patiently(screen.show())


class _Screen:
    """One browser at the taxonomy."""

    def __init__(self, room: Room, visitor: Visitor, request: Request) -> None:
        self.room, self.visitor, self.request = room, visitor, request
        self.chosen = ""  # "act id" of the form that lies there
        self.draft = self.act = 0  # the draft's revision and the last act, as this browser saw them

    def open(self) -> None:
        self.head = ui.html("", sanitize=False).classes("head")
        self.said = ui.html("", sanitize=False).classes("ruling-said")
        with ui.element("div").classes("taxonomy"):
            self.left = ui.html("", sanitize=False)
            with ui.element("div"):
                self.form = ui.html("", sanitize=False)
                self.right = ui.html("", sanitize=False)
        self.below = ui.html("", sanitize=False)
        listed = ",".join(f'["{key}","{words}"]' for key, words in KEYS)
        ui.add_body_html(f"<script>window.console_keys=[{listed}]</script>")
        ui.on("ruling", self._act)

    async def show(self, note: str = "") -> None:
        """Everything but the form that is being filled in."""
        try:
            left, right, below, bringing, again = await asked(self._read)
        except Exception as error:
            log.exception("taxonomy")
            self.left.set_content(problem(told(error)))
            return
        known = taxonomy.load()
        add = tag("button", "新增类型", type="button", class_="button", data_rules="open", value="add ")
        about = f"现行 {known.version}　{len(known.labels)} 个类型" + (
            "　正在把已入库的换到现行的一版" if bringing else ""
        )
        link = tag("a", f"去重判 {again:,} 件", href=f"{BASE}/annotate?mode=again", class_="button") if again else None
        self.head.set_content(
            join(
                tag("h1", "标签体系"),
                tag("p", note, class_="saved", role="status"),
                tag("p", about, class_="soft"),
                link,
                add,
            )
        )
        self.left.set_content(left)
        self.right.set_content(right)
        self.below.set_content(below)
        if bringing:
            background_tasks.create(self._bring_over())

    def _read(self) -> tuple[Html, Html, Html, bool, int]:
        with self.room.store.reading() as session:
            versions.refresh(session)
            known = taxonomy.load()
            incidents, annotated = effects.by_label(session)
            row, acts, rows = versions.draft(session), versions.acts(session), versions.published(session)
            self.draft, self.act = (row.revision if row is not None else 0), (acts[0].id if acts else 0)
            counted = [effects.of_step(session, step) for step in row.steps] if row is not None else []
            after = versions.read(row) if row is not None else known
            models = effects.of_models(after, known_folders()) if row is not None else []
            others = {row.version for row in rows} | {taxonomy.CURRENT}
            going = {
                version: effects.of_going_back(session, known, versions.called(session, version))
                for version in others - {known.version}
            }
            bringing, again = carrying.waits(session), effects.annotated_under(session, known.split)
        may = self.visitor.may("admin")
        table = tag(
            "section",
            tag("h2", "类型"),
            tag("div", parts.labels_table(known, incidents, annotated, self.chosen), class_="inside scroll"),
            class_="card",
        )
        below = tag(
            "section", tag("h2", "各版"),
            tag("div", parts.history(acts, rows, known.version, taxonomy.CURRENT, going, may_publish=may), class_="inside scroll"), class_="card",
        )  # fmt: skip
        return table, parts.draft_card(row, counted, models, may_publish=may), below, bringing, again

    async def _act(self, event: Any) -> None:
        what, value, fields = (event.args.get(key) for key in ("act", "value", "fields"))
        self.said.set_content("")
        if not self.room.still(self.request, self.visitor):
            tell(ENDED, bad=True)
        elif what == "open":
            await self._open(str(value))
        elif what == "close":
            self._close()
        elif what == "step":
            await self._step(parts.step_of(fields or {}))
        elif what == "strike" and str(value).isdecimal():
            await self._write(
                "strike",
                lambda session: versions.take_back(session, int(str(value)), by=self.visitor.name, seen=self.draft),
                "已撤下",
            )
        elif what == "drop":
            await self._write(
                "drop", lambda session: versions.drop(session, by=self.visitor.name, seen=self.draft), "草案已放弃"
            )
        elif what == "publish" and self.visitor.may("admin"):
            await self._publish(str((((fields or {}).get("note")) or [""])[0]))
        elif what == "back" and self.visitor.may("admin"):
            await self._back(str(value))

    async def _open(self, chosen: str) -> None:
        """The form of one change, over the draft where there is one."""
        act, _, label_id = chosen.partition(" ")
        if act not in steps.ACTS:
            return

        def known() -> taxonomy.Taxonomy:
            with self.room.store.reading() as session:
                row = versions.draft(session)
                return versions.read(row) if row is not None else taxonomy.load()

        self.chosen = chosen
        self.form.set_content(parts.form(await asked(known), act, label_id, taxonomy.in_force()))
        ui.run_javascript(
            "const f=document.getElementById('change');f?.closest('section').scrollIntoView({block:'start'});"
            "f?.querySelector('input:not([type=hidden]),select,button')?.focus({preventScroll:true})"
        )

    def _close(self) -> None:
        self.chosen = ""
        self.form.set_content("")

    async def _step(self, step: dict[str, Any]) -> None:
        done = await self._write(
            "step", lambda session: versions.add_step(session, step, by=self.visitor.name, seen=self.draft), "已放进草案，右边是影响", close=True
        )  # fmt: skip
        if done:
            ui.run_javascript("document.querySelector('[data-draft]')?.scrollIntoView({block:'nearest'})")

    async def _publish(self, note: str) -> None:
        def write(session: Session) -> Any:
            row = versions.draft(session)
            counted = effects.numbers([effects.of_step(session, step) for step in row.steps]) if row is not None else {}
            return versions.publish(session, by=self.visitor.name, seen=self.draft, note=note, numbers=counted)

        await self._write("publish", write, "已发布", close=True)

    async def _back(self, version: str) -> None:
        def write(session: Session) -> Any:
            counted = effects.of_going_back(session, taxonomy.load(), versions.called(session, version))
            return versions.go_back(session, version, by=self.visitor.name, seen=self.act, numbers=counted)

        await self._write("back", write, f"已退回 {version}", close=True)

    async def _write(self, action: str, write: Callable[[Session], Any], done: str, *, close: bool = False) -> bool:
        """Write, say so, show what is there now; what was typed stays where it could not be written."""

        def work() -> None:
            self.room.note(self.visitor, "taxonomy", action)
            with self.room.store.writing() as session:
                write(session)

        try:
            await asked(work)
        except Exception as error:
            if not isinstance(error, FanzhaError):
                log.exception("taxonomy")
            self.said.set_content(problem(told(error)))
            if isinstance(error, ConflictError):
                await self.show()
            ui.run_javascript("document.querySelector('.ruling-said .problem')?.scrollIntoView({block:'nearest'})")
            return False
        if close:
            self._close()
        await self.show(done)
        return True

    async def _bring_over(self) -> None:
        """Bring over what is on file while this page lies open; an idle worker of any process does the same."""
        try:
            while await asked(lambda: carrying.step(self.room.store)) is not None:
                await asyncio.sleep(0)
        except Exception as error:  # the worker goes on with it
            log.exception("taxonomy")
            self.said.set_content(problem(told(error)))
            return
        await self.show("已发布，已入库的都换到现行的一版")
