"""模型: which there are and which reads; two tried beside each other; one put in use and put back; a label learned; a training followed.

In: what one browser sends. Out: the default model of the installation, model folders under runs/models. Editors try and train,
administrators publish. A published model reads from the next document on, here and in the other processes of the installation.
"""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import Request
from nicegui import ui

import corpora
from nlp import taxonomy
from nlp.errors import ConflictError, FanzhaError, InputError, ModelError
from nlp.model_folder import MODELS, read_manifest, spoken
from serving import model_choice, own_data, shadow
from serving.console import models_parts as parts
from serving.console import report_parts
from serving.console.frame import ENDED, PAGE_SECONDS, frame, patiently, refuse, tell
from serving.console.html_parts import Html, join, problem, tag
from serving.console.room import Room, Visitor, asked, told
from serving.model_command import known_folders
from serving.training_run import Trainer, configurations, missing

log = logging.getLogger("fanzha.console")
KEYS = (("Tab / Enter", "走到并按下一个按钮"), ("?", "全部按键"))
# How often a run is looked at.
LOOK_SECONDS = 1.0
# Where reports of evaluations lie, as `fanzha evaluate` puts them.
REPORTS = Path("runs") / "report"


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
        self.room, self.visitor, self.request, self.trainer = room, visitor, request, trainer
        self.in_use = ""  # as this browser saw it
        self.found: shadow.Comparison | None = None
        self.drawn: tuple[Any, ...] = ()  # of the run, as it was last drawn
        self.watched = (
            trainer.run if trainer.run is not None and trainer.run.state == "running" else None
        )  # whose end is still to be told
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
                    self.train = ui.html(parts.train_form(sorted(configurations()), missing()), sanitize=False).classes(
                        "inside"
                    )
                with ui.element("section").classes("card"):
                    ui.html("评测", sanitize=False, tag="h2")
                    with ui.element("div").classes("inside"):
                        self.measure = ui.html("", sanitize=False)
                        self.reports = ui.html("", sanitize=False)
                with ui.element("section").classes("card"):
                    ui.html("进度", sanitize=False, tag="h2")
                    self.run = ui.html(parts.running(self.trainer.run), sanitize=False).classes("inside")
        listed = ",".join(f'["{key}","{words}"]' for key, words in KEYS)
        ui.add_body_html(f"<script>window.console_keys=[{listed}]</script>")
        ui.on("ruling", self._act)
        ui.timer(LOOK_SECONDS, self._look)

    async def show(self, note: str = "", *, forms: bool = True) -> None:
        """List and history; the forms too where nothing can have been typed into them yet."""
        try:
            listed, current = await asked(self._read)
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
            model_choice.history(), [model_choice.named(folder) for folder in known_folders().values()], model_choice.in_use(),
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
            spoken_labels = {label for folder in known_folders().values() for label in _labels(folder)}
            offered = {label.id: label.name for label in taxonomy.load().labels if label.id not in spoken_labels}
            self.trial.set_content(parts.trial_form(names, current))
            self.measure.set_content(parts.evaluate_form(names, current))
            self.few.set_content(parts.few_form(names, current, offered))

    def _read(self) -> tuple[list[parts.Listed], str]:
        named = str(self.room.engine.settings.model or model_choice.in_use())
        listed = []
        for name, folder in known_folders().items():
            origin = "随软件安装" if folder.parent == MODELS else "在这里训练"
            in_use = model_choice.named(folder) == named or folder.resolve() == Path(named)
            try:
                manifest, (version, labels) = read_manifest(folder), spoken(folder)
            except ModelError as error:
                listed.append(parts.Listed(name, "", "", 0.0, 0, "", origin, in_use, error.found))
                continue
            size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) / 1e6
            listed.append(
                parts.Listed(name, manifest.version, manifest.engine, size, len(labels), version, origin, in_use)
            )
        return listed, Path(named).name

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
            await self._safely(lambda: self._learn(said))
        elif what == "train":
            await self._safely(lambda: self._train(said))
        elif what == "evaluate":
            await self._safely(lambda: self._evaluate(said))
        elif what == "report":
            await self._safely(lambda: self._show_report(str(value)))
        elif what == "cancel" and self.trainer.run is not None:
            run = self.trainer.run
            await asked(run.cancel)

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
        text = await asked(lambda: (_folder(name) / "card.md").read_text(encoding="utf-8"))
        self.card.set_content(parts.card(name, text))

    async def _use(self, name: str) -> None:
        """Put a model in use, and read with it."""

        def work() -> str:
            if self.room.engine.settings.model is not None:
                raise InputError("环境变量 FANZHA_MODEL 指定了模型", where="发布", advice="去掉它，重新启动")
            self.room.note(self.visitor, "model", Path(name).name)
            chosen = model_choice.put_in_use(_folder(name), self.visitor.name, seen=self.in_use)
            self.room.engine.change_model()
            return chosen

        try:
            chosen = await asked(work)
        except ConflictError:
            await self.show(forms=False)
            raise
        await self.show(f"已发布：新收的由 {Path(chosen).name} 读；同一安装的别的进程随即换用")

    async def _try(self, said: dict[str, str]) -> None:
        first, second = (_folder(said.get(key, "")) for key in ("first", "second"))
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

    async def _learn(self, said: dict[str, str]) -> None:
        """A label from examples, in a process of its own; the examples stand in a file of ours until it has ended."""
        texts = [text.strip() for text in said.get("examples", "").replace("\r\n", "\n").split("\n\n") if text.strip()]
        base = _folder(said.get("base", ""))
        scratch = Path(tempfile.mkdtemp(prefix="fanzha-few-"))
        file = scratch / "few.jsonl"
        file.write_text("\n".join(json.dumps({"text": text}, ensure_ascii=False) for text in texts), encoding="utf-8")
        words = [
            "--add-label",
            f"{said.get('id', '')}={said.get('name', '')}",
            "--examples",
            str(file),
            "--model",
            str(base),
        ]
        await self._start(words, f"新类型“{said.get('name', '')}”，{len(texts)} 篇例子", scratch)

    async def _train(self, said: dict[str, str]) -> None:
        file = Path(said["file"]) if said.get("file") else configurations().get(said.get("configuration", ""))
        if file is None or not file.is_file():
            raise InputError("没有说按哪个配置训练", where="训练", expected="选一个配置，或写配置文件的路径")
        words = ["--encoder", said["encoder"]] if said.get("encoder") else []
        if said.get("which") == "own":
            scratch, _ = await self._own_data()
            name = f"{file.stem}-own-{datetime.now().astimezone():%Y%m%d-%H%M}"
            await self._start(
                [str(own_data.configured(file, scratch, name)), "--data", str(scratch), *words],
                f"完整训练（{name}）",
                scratch,
            )
            return
        if not said.get("data"):
            raise InputError(
                "没有说数据在哪里", where="训练", expected="数据文件夹，内有 data/ 与 gold/；或选“这里的标注”"
            )
        await self._start([str(file), "--data", said["data"], *words], f"完整训练（{file.stem}）")

    async def _evaluate(self, said: dict[str, str]) -> None:
        """A report in a process of its own; the texts of the annotations stand in a folder of ours until it has ended."""
        first, second = (_folder(said.get(key, "")) for key in ("model", "against"))
        scratch = None
        if said.get("gold") == "own":
            scratch, gold = await self._own_data()
        elif said.get("gold") == "file":
            gold = Path(said.get("file", ""))
            if not said.get("file") or not gold.exists():
                raise InputError(
                    "没有这个标注文件",
                    where=said.get("file") or "评测",
                    expected="标注文件（JSONL）或自撰语料文件夹的路径",
                )
        else:
            gold = Path(corpora.__file__).parent / "authored"
        place = REPORTS / f"{first.name}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
        words = [str(first), str(gold), "--against", str(second), "--report", str(place)]
        await self._start(words, f"评测 {first.name}，与 {second.name} 同表", scratch, "evaluate")

    async def _own_data(self) -> tuple[Path, Path]:
        """The annotations in a folder that only we may read, and the gold file in it."""
        scratch = Path(tempfile.mkdtemp(prefix="fanzha-own-"))

        def work() -> Path:
            self.room.note(self.visitor, "export", "annotations", form="training")
            return own_data.lay_out(self.room.store, scratch)

        try:
            return scratch, await asked(work)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise

    async def _show_report(self, name: str) -> None:
        """One of the reports that are offered: no other path is opened for a browser."""

        def work() -> Html:
            if name not in {report.name for report in report_parts.reports(REPORTS)}:
                raise InputError("没有这份报告", where=name[:80], advice="刷新后再选")
            return report_parts.draw_report(REPORTS if name == REPORTS.name else REPORTS / name)

        self.card.set_content(parts.report_card(name, await asked(work)))
        ui.run_javascript("document.querySelector('[data-report-card]')?.scrollIntoView({block:'start'})")

    async def _start(self, words: list[str], title: str, scratch: Path | None = None, verb: str = "train") -> None:
        def work() -> None:
            self.room.note(self.visitor, verb, title[:100])
            self.trainer.start(words, title, scratch, verb)

        await asked(work)
        self.watched = self.trainer.run
        self._draw()
        ui.run_javascript("document.querySelector('[data-run]')?.scrollIntoView({block:'nearest'})")

    def _draw(self) -> None:
        self.run.set_content(parts.running(self.trainer.run))

    async def _look(self) -> None:
        """Draw a run that went on; the list is read again when one has ended."""
        run = self.trainer.run
        now = (id(run), run.state, len(run.lines), run.done, len(run.losses)) if run is not None else ()
        if now == self.drawn:
            return
        ended = run is not None and run is self.watched and run.state != "running"
        self.watched = run if run is not None and run.state == "running" else None
        self.drawn = now
        self._draw()
        if ended and run is not None:
            words = {
                "done": f"已完成：{run.made.name if run.made else ''}，试跑之后再发布"
                if run.verb == "train"
                else "评测完成，报告在下面",
                "cancelled": "已取消，原有的模型没有动",
            }
            await self.show(words.get(run.state, "没有成功，原因在“进度”里"), forms=run.state == "done")


def _folder(name: str) -> Path:
    """A model that is known here, by its name or as default.txt names it. Raises ModelError: no other path is opened for a browser."""
    known = known_folders()
    found = known.get(name) or next((folder for folder in known.values() if model_choice.named(folder) == name), None)
    if found is None:
        raise ModelError(f"没有模型 {name[:80]!r}", expected="、".join(known))
    return found


def _labels(folder: Path) -> set[str]:
    try:
        return set(spoken(folder)[1])
    except ModelError:
        return set()
