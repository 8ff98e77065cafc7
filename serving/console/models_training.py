"""The part of 模型 that starts, follows and cancels: a label from examples, a full training, an evaluation; one run at a time for all browsers.

In: what one browser's forms say. Out: a process of `serving.training_run`, drawn as it goes on; a callback hears how it ended. Texts that a
run needs stand in a folder that only we may read, until it has ended. It publishes nothing.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from nicegui import ui

import corpora
from nlp.errors import InputError
from serving import own_data
from serving.console import models_parts as parts
from serving.console.models_listed import folder_called
from serving.console.room import Room, Visitor, asked
from serving.training_run import Trainer, configurations

# How often a run is looked at.
LOOK_SECONDS = 1.0
# Where reports of evaluations lie, as `fanzha evaluate` puts them.
REPORTS = Path("runs") / "report"
_SCROLL = "document.querySelector('[data-run]')?.scrollIntoView({block:'nearest'})"


class TrainingPane:
    """One browser at the runs. told: hears a sentence about the end of a run, and whether something new is there to be chosen."""

    def __init__(
        self, room: Room, visitor: Visitor, trainer: Trainer, told: Callable[[str, bool], Awaitable[None]]
    ) -> None:
        self.room, self.visitor, self.trainer, self.told = room, visitor, trainer, told
        self.drawn: tuple[Any, ...] = ()  # of the run, as it was last drawn
        self.watched = (
            trainer.run if trainer.run is not None and trainer.run.state == "running" else None
        )  # whose end is still to be told

    def open(self) -> None:
        """Where the run is drawn."""
        self.run = ui.html(parts.running(self.trainer.run), sanitize=False).classes("inside")
        ui.timer(LOOK_SECONDS, self._look)

    async def cancel(self) -> None:
        """End the present run; what was there before is still there."""
        if self.trainer.run is not None:
            await asked(self.trainer.run.cancel)

    async def learn(self, said: dict[str, str]) -> None:
        """A label from examples, in a process of its own; the examples stand in a file of ours until it has ended."""
        texts = [text.strip() for text in said.get("examples", "").replace("\r\n", "\n").split("\n\n") if text.strip()]
        base = folder_called(said.get("base", ""))
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

    async def train(self, said: dict[str, str]) -> None:
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

    async def evaluate(self, said: dict[str, str]) -> None:
        """A report in a process of its own; the texts of the annotations stand in a folder of ours until it has ended."""
        first, second = (folder_called(said.get(key, "")) for key in ("model", "against"))
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

    async def _start(self, words: list[str], title: str, scratch: Path | None = None, verb: str = "train") -> None:
        def work() -> None:
            self.room.note(self.visitor, verb, title[:100])
            self.trainer.start(words, title, scratch, verb)

        await asked(work)
        self.watched = self.trainer.run
        self._draw()
        ui.run_javascript(_SCROLL)

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
            await self.told(words.get(run.state, "没有成功，原因在“进度”里"), run.state == "done")
