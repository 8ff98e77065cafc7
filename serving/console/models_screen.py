"""模型: which there are and which reads; two tried beside each other; one put in use and put back; reports read. Runs are `models_training`'s.

In: what one browser sends. Out: the default model of the installation, model folders under runs/models. Editors try and train,
administrators publish. A published model reads from the next document on, here and in the other processes of the installation.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import Request
from nicegui import ui

from nlp.errors import ConflictError, FanzhaError, InputError
from serving import model_choice, shadow
from serving.console import models_forms, models_listed, report_parts
from serving.console import models_parts as parts
from serving.console.frame import ENDED, PAGE_SECONDS, frame, patiently, refuse, tell
from serving.console.html_parts import Html, join, problem, tag
from serving.console.models_listed import folder_called
from serving.console.models_training import REPORTS, TrainingPane
from serving.console.room import Room, Visitor, asked, told
from serving.training_run import Trainer, configurations, missing

log = logging.getLogger("fanzha.console")
KEYS = (("Tab / Enter", "走到并按下一个按钮"), ("?", "全部按键"))


def register(room: Room) -> None:
    """Register the page; there is one training for all browsers."""
    trainer = Trainer()

    @ui.page("/models", title="模型", response_timeout=PAGE_SECONDS)
    async def page(request: Request) -> None:
        visitor = room.visitor(request)
        with frame(room, visitor, "/models", "模型"):
            if not visitor.edits:
                refuse(visitor, "编辑")
                return
            screen = _Screen(room, visitor, request, trainer)
            screen.open()
            await patiently(screen.show())


class _Screen:
    """One browser at the models."""

    def __init__(self, room: Room, visitor: Visitor, request: Request, trainer: Trainer) -> None:
        self.room, self.visitor, self.request = room, visitor, request
        self.in_use = ""  # as this browser saw it
        self.found: shadow.Comparison | None = None
        self.training = TrainingPane(room, visitor, trainer, lambda note, forms: self.show(note, forms=forms))
        self.busy = False

    def open(self) -> None:
        self.head = ui.html("", sanitize=False).classes("head")
        self.said = ui.html("", sanitize=False).classes("ruling-said")
        with ui.element("div").classes("taxonomy models-room"):
            with ui.element("div"):
                self.list = ui.html("", sanitize=False)
                self.card = ui.html("", sanitize=False)
                with ui.element("section").classes("card"):
                    ui.html("试跑与比较", sanitize=False, tag="h2")
                    with ui.element("div").classes("inside"):
                        self.trial = ui.html("", sanitize=False)
                        self.result = ui.html("", sanitize=False)
            with ui.element("div"):
                with ui.element("section").classes("card"):
                    ui.html("从几篇例子加一个类型", sanitize=False, tag="h2")
                    self.few = ui.html("", sanitize=False).classes("inside")
                with ui.element("section").classes("card"):
                    ui.html("完整训练", sanitize=False, tag="h2")
                    self.train = ui.html(
                        models_forms.train_form(sorted(configurations()), missing()), sanitize=False
                    ).classes("inside")
                with ui.element("section").classes("card"):
                    ui.html("评测", sanitize=False, tag="h2")
                    with ui.element("div").classes("inside"):
                        self.measure = ui.html("", sanitize=False)
                        self.reports = ui.html("", sanitize=False)
                with ui.element("section").classes("card"):
                    ui.html("进度", sanitize=False, tag="h2")
                    self.training.open()
        listed = ",".join(f'["{key}","{words}"]' for key, words in KEYS)
        ui.add_body_html(f"<script>window.console_keys=[{listed}]</script>")
        ui.on("ruling", self._act)

    async def show(self, note: str = "", *, forms: bool = True) -> None:
        """List and history; the forms too where nothing can have been typed into them yet."""
        try:
            listed, current = await asked(lambda: models_listed.listed(self.room.engine.settings.model))
        except Exception as error:
            log.exception("models")
            self.list.set_content(problem(told(error)))
            return
        self.in_use = model_choice.in_use()
        names = [model.name for model in listed if not model.broken]
        may = self.visitor.may("admin") and self.room.engine.settings.model is None
        self.head.set_content(
            join(
                tag("h1", "模型"),
                tag("p", note, class_="saved", role="status"),
                tag("p", f"在用 {current}", class_="soft"),
            )
        )
        choices = parts.chosen(
            model_choice.history(), models_listed.names(), model_choice.in_use(),
            may_publish=may,
        )  # fmt: skip
        own = self.room.engine.settings.model
        pinned = tag("p", f"环境变量 FANZHA_MODEL 指定了 {own}，不在这里换。", class_="soft") if own else None
        told_all = (pinned, parts.listing(listed, may_publish=may), tag("h3", "换用记录"), choices)
        self.list.set_content(
            tag("section", tag("h2", "模型"), tag("div", told_all, class_="inside scroll"), class_="card")
        )
        self.reports.set_content(parts.report_list(await asked(lambda: report_parts.reports(REPORTS))))
        if forms:
            self.trial.set_content(models_forms.trial_form(names, current))
            self.measure.set_content(models_forms.evaluate_form(names, current))
            self.few.set_content(models_forms.few_form(names, current, models_listed.unspoken()))

    async def _act(self, event: Any) -> None:
        what, value, fields = (event.args.get(key) for key in ("act", "value", "fields"))
        said = {key: str((values or [""])[0]).strip() for key, values in (fields or {}).items()}
        self.said.set_content("")
        if not self.room.still(self.request, self.visitor):
            tell(ENDED, bad=True)
        elif what == "card":
            await self._safely(lambda: self._show_card(str(value)))
        elif what == "shut":
            self.card.set_content("")
        elif what == "use" and self.visitor.may("admin"):
            await self._safely(lambda: self._use(str(value)))
        elif what == "trial":
            await self._safely(lambda: self._try(said))
        elif what == "page" and self.found is not None and str(value).isdecimal():
            self.result.set_content(parts.compared(self.found, int(str(value))))
        elif what == "few":
            await self._safely(lambda: self.training.learn(said))
        elif what == "train":
            await self._safely(lambda: self.training.train(said))
        elif what == "evaluate":
            await self._safely(lambda: self.training.evaluate(said))
        elif what == "report":
            await self._safely(lambda: self._show_report(str(value)))
        elif what == "cancel":
            await self.training.cancel()

    async def _safely(self, work: Callable[[], Any]) -> None:
        """One thing at a time; what goes wrong is said above, and nothing that was typed is touched."""
        if self.busy:
            tell("上一步还没有完成")
            return
        self.busy = True
        try:
            await work()
        except Exception as error:
            if not isinstance(error, FanzhaError):
                log.exception("models")
            self.said.set_content(problem(told(error)))
            ui.run_javascript("document.querySelector('.ruling-said .problem')?.scrollIntoView({block:'nearest'})")
        finally:
            self.busy = False

    async def _show_card(self, name: str) -> None:
        text = await asked(lambda: (folder_called(name) / "card.md").read_text(encoding="utf-8"))
        self.card.set_content(parts.card(name, text))

    async def _use(self, name: str) -> None:
        """Put a model in use, and read with it."""

        def work() -> str:
            if self.room.engine.settings.model is not None:
                raise InputError("环境变量 FANZHA_MODEL 指定了模型", where="发布", advice="去掉它，重新启动")
            self.room.note(self.visitor, "model", Path(name).name)
            chosen = model_choice.put_in_use(folder_called(name), self.visitor.name, seen=self.in_use)
            self.room.engine.change_model()
            return chosen

        try:
            chosen = await asked(work)
        except ConflictError:
            await self.show(forms=False)
            raise
        await self.show(f"已发布：新收的由 {Path(chosen).name} 读；同一安装的别的进程随即换用")

    async def _try(self, said: dict[str, str]) -> None:
        first, second = (folder_called(said.get(key, "")) for key in ("first", "second"))
        count = int(said["count"]) if said.get("count", "").isdecimal() else 50
        which: shadow.Which = "documents" if said.get("which") == "documents" else "reports"
        self.result.set_content(tag("p", "正在试跑……", class_="soft", role="status"))

        def work() -> shadow.Comparison:
            self.room.note(self.visitor, "shadow", first=first.name, second=second.name)
            return shadow.compare(self.room.store, first, second, which, count)

        try:
            self.found = await asked(work)
        except Exception:
            self.result.set_content("")
            raise
        self.result.set_content(parts.compared(self.found, 0))

    async def _show_report(self, name: str) -> None:
        """One of the reports that are offered: no other path is opened for a browser."""

        def work() -> Html:
            if name not in {report.name for report in report_parts.reports(REPORTS)}:
                raise InputError("没有这份报告", where=name[:80], advice="刷新后再选")
            return report_parts.draw_report(REPORTS if name == REPORTS.name else REPORTS / name)

        self.card.set_content(parts.report_card(name, await asked(work)))
        ui.run_javascript("document.querySelector('[data-report-card]')?.scrollIntoView({block:'start'})")
