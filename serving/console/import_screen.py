"""导入: a file or pasted text becomes a batch: columns with a preview, progress, every bad row with its reason, and the way back.

In: what is dropped, chosen or pasted in one browser. Out: a batch (`serving.batches`). Reading and refusing are `corpora`'s; the
worker of the engine analyses what was accepted. A pasted list of addresses is fetched by `serving.page_list`, the browser asks nobody.
"""

from __future__ import annotations

import csv
import io
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from nicegui import ui

from nlp.errors import ConflictError, FanzhaError, InputError
from nlp.records import Document
from serving import batches, page_list
from serving.api.guard import MAX_UPLOAD
from serving.api.imports import file_name
from serving.api.viewer import RANKS
from serving.console import import_parts as parts
from serving.console.frame import ENDED, PAGE_SECONDS, frame, patiently, refuse, tell
from serving.console.html_parts import problem
from serving.console.room import Room, Visitor, asked, told
from serving.formats import flat_table
from serving.ingest import IngestSummary, accept_all
from serving.page_list import PageList, PageLists

log = logging.getLogger("fanzha.console")
BATCH_ID = re.compile(r"b-[0-9a-f]{16}")
NATURES = {"": "按内容判断", "complaint": "投诉", "published": "公开报道"}
POLL_SECONDS = 0.8
# Bad rows shown; all of them are in the download.
SHOWN = 50
OFF = "管理员关掉了从网址导入（FANZHA_FETCH=off）；请把网页存成 HTML 或 WARC 后导入"


@dataclass(slots=True)
class Chosen:
    """What lies there to be imported: a file's bytes or a pasted text, the columns as set, the nature."""

    name: str
    data: bytes = b""
    text: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    nature: str = ""


def register(room: Room) -> None:
    """Register the page; lists of addresses on their way are known to all browsers."""
    lists = PageLists()

    @ui.page("/import", title="导入", response_timeout=PAGE_SECONDS)
    async def bring(request: Request) -> None:
        visitor = room.visitor(request)
        with frame(room, visitor, "/import", "导入"):
            if not visitor.sees_all:
                refuse(visitor)
                return
            batch = request.query_params.get("batch", "")
            screen = _Screen(room, visitor, batch if BATCH_ID.fullmatch(batch) else "", request, lists)
            screen.open()
            await patiently(screen.draw())


class _Screen:
    """One browser's import."""

    def __init__(self, room: Room, visitor: Visitor, batch: str, request: Request, lists: PageLists) -> None:
        self.request, self.lists = request, lists
        self.room, self.visitor, self.batch = room, visitor, batch
        self.chosen: Chosen | None = None
        self.busy = False
        self.sure = ""  # the batch whose undoing was asked for once

    def open(self) -> None:
        ui.html("<h1>导入</h1>", sanitize=False).classes("head")
        ui.html(parts.bring_in(NATURES), sanitize=False).classes("bring")
        upload = ui.upload(
            on_upload=self._uploaded, on_rejected=lambda: tell(f"文件太大，应不超过 {MAX_UPLOAD // 1_000_000} MB", bad=True),
            auto_upload=True, max_file_size=MAX_UPLOAD,
        ).classes("hidden-upload").props('aria-hidden=true')  # fmt: skip
        self.upload = upload
        ui.add_body_html(f"<script>window.console_upload={upload.id}</script>")
        self.preview = ui.html("", sanitize=False)
        self.result = ui.html("", sanitize=False)
        self.batches = ui.html("", sanitize=False)
        ui.on("act", self._act)
        ui.on("mapping", self._mapping)
        self.timer = ui.timer(POLL_SECONDS, self._poll, active=False)

    async def draw(self) -> None:
        """The batch that was asked for, and the newest ones."""
        await self._draw_result()
        await self._draw_batches()

    # What is to be imported

    async def _uploaded(self, event: Any) -> None:
        self.chosen = Chosen(file_name(event.file.name), await event.file.read())
        self.upload.reset()
        await self._draw_preview()

    async def _mapping(self, event: Any) -> None:
        """Columns and nature as they stand in the form."""
        if self.chosen is None:
            return
        said: Mapping[str, Any] = event.args
        self.chosen.nature = str(said.get("nature", "")) if said.get("nature", "") in NATURES else ""
        self.chosen.columns = {
            name[4:]: str(heading) for name, heading in said.items() if name.startswith("col-") and heading
        }
        await self._draw_preview()

    async def _draw_preview(self) -> None:
        chosen = self.chosen
        if chosen is None:
            self.preview.set_content("")
            return
        from corpora.read import preview

        found = await asked(lambda: preview(chosen.data, chosen.name, chosen.columns or None))
        self.preview.set_content(parts.chosen_file(chosen.name, len(chosen.data), found, chosen.nature, NATURES))

    # Acts

    async def _act(self, event: Any) -> None:
        what, value = str(event.args.get("act", "")), str(event.args.get("value", ""))
        if not self.room.still(self.request, self.visitor):
            tell(ENDED, bad=True)
            return
        if what == "import" and self.chosen is not None:
            await self._import(self.chosen)
        elif what == "drop":
            self.chosen = None
            await self._draw_preview()
        elif what == "paste":
            await self._paste(value)
        elif what == "show" and BATCH_ID.fullmatch(value):
            self.batch, self.sure = value, ""
            await self._draw_result()
        elif what == "undo" and BATCH_ID.fullmatch(value):
            await self._undo(value)
        elif what == "stop" and (found := self.lists.under_way(value)) is not None:
            found.stop()
        elif what == "refused":
            await self._download()

    async def _paste(self, text: str) -> None:
        """Text from the field; the field keeps it until it is on disk."""
        nature, _, body = text.partition("|")
        nature = nature if nature in NATURES else ""
        if not body.strip():
            tell("请先粘贴文字或网址", bad=True)
            return
        listed = page_list.addresses(body)
        chosen = Chosen("粘贴的文字.txt", text=body, nature=nature)
        if await (self._fetch(listed, nature) if listed else self._import(chosen)):
            ui.run_javascript("document.getElementById('paste').value=''")

    async def _fetch(self, listed: list[str], nature: str) -> bool:
        """Begin a batch of these addresses; they are fetched whether somebody looks on or not. True when it began."""
        settings = self.room.engine.settings
        if not settings.fetch:
            tell(OFF, bad=True)
            return False
        if self.busy:
            return False
        self.busy = True

        def begin() -> PageList:
            self.room.note(self.visitor, "import", pages=len(listed))  # an address may name a victim
            kind: page_list.Nature = "complaint" if nature == "complaint" else "published"
            return self.lists.begin(self.room.store, listed, kind, settings.fetch_hosts)

        if not await self._taken(lambda: begin().batch_id):
            return False
        self.sure = ""
        await self._draw_result()
        await self._draw_batches()
        return True

    async def _taken(self, bring: Callable[[], str]) -> bool:
        """Look at the batch that `bring` begins or reads in; False where it fails, and the reason stands on the screen."""
        try:
            self.batch = await asked(bring)
        except Exception as error:
            if not isinstance(error, FanzhaError):
                log.exception("import")
            self.result.set_content(problem(told(error)))
            return False
        finally:
            self.busy = False
        return True

    async def _import(self, chosen: Chosen) -> bool:
        """Read everything onto the disk; the worker analyses it then. True when it went in."""
        if self.busy:
            return False
        self.busy = True
        self.result.set_content(parts.reading(chosen.name))
        if not await self._taken(lambda: self._accept(chosen)):
            return False
        self.chosen, self.sure = None, ""
        await self._draw_preview()
        await self._draw_result()
        await self._draw_batches()
        return True

    def _accept(self, chosen: Chosen) -> str:
        self.room.note(self.visitor, "import")  # a file may be called after a victim
        with self.room.engine.uploading.entered("导入"):
            summary = IngestSummary()
            accept_all(self.room.store, _items(chosen), summary, chosen.name, chosen.nature or None)
        return summary.batch_id

    async def _undo(self, batch_id: str) -> None:
        """The first press asks, the second does it. As over the API, taking back is an editor's."""
        if RANKS.index(self.visitor.role) < RANKS.index("editor"):
            tell("撤销导入需要编辑或管理员身份", bad=True)
            return
        if self.lists.under_way(batch_id) is not None:
            tell("还在取网页：先停止，再撤销", bad=True)
            return
        if self.sure != batch_id:
            self.batch, self.sure = batch_id, batch_id
            await self._draw_result()
            return

        def write() -> batches.Undone:
            self.room.note(self.visitor, "undo", batch_id)
            with self.room.store.writing() as session:
                return batches.undo(session, batch_id)

        try:
            undone = await asked(write)
        except ConflictError as error:
            tell(str(error), bad=True)
        else:
            kept = f"，{undone.kept} 件另有批次带来，保留" if undone.kept else ""
            tell(f"已撤销：撤回 {undone.withdrawn} 件{kept}")
        self.sure = ""
        await self._draw_result()
        await self._draw_batches()

    async def _download(self) -> None:
        batch_id = self.batch

        def question() -> str:
            with self.room.store.reading() as session:
                return refused_csv(session, batch_id)

        ui.download.content("\ufeff" + await asked(question), f"拒收_{batch_id}.csv", "text/csv")

    # What became of it

    async def _poll(self) -> None:
        await self._draw_result()
        if not self.timer.active:
            await self._draw_batches()

    async def _draw_result(self) -> None:
        if not self.batch:
            self.result.set_content("")
            return
        batch_id = self.batch

        def question() -> tuple[Any, dict[str, int], list[Any]]:
            with self.room.store.reading() as session:
                batch = batches.get(session, batch_id)
                rows = batches.rows(session, batch_id, state="refused", limit=SHOWN)
                return batch, batches.progress(session, batch_id), list(rows)

        try:
            batch, progress, rows = await asked(question)
        except FanzhaError as error:
            self.result.set_content(problem(str(error)))
            return
        under_way = self.lists.under_way(batch_id)
        waiting = progress["accepted"] + progress["working"]
        self.timer.active = under_way is not None or (bool(waiting) and batch.state != "undone")
        self.result.set_content(parts.outcome(batch, progress, rows, sure=self.sure == batch_id, under_way=under_way))

    async def _draw_batches(self) -> None:
        def question() -> list[Any]:
            with self.room.store.reading() as session:
                return list(batches.listing(session, limit=20))

        self.batches.set_content(parts.earlier(await asked(question)))


def _items(chosen: Chosen) -> Iterator[Document | InputError]:
    """The documents and refusals of what was chosen, as the readers give them."""
    from corpora.read import read_bytes  # lxml and the other readers load with the first import

    data = chosen.data or chosen.text.encode()
    return read_bytes(data, chosen.name, columns=chosen.columns or None, nature=chosen.nature or None)  # type: ignore[arg-type]


def refused_csv(session: Any, batch_id: str) -> str:
    """Every refused row of a batch: number, name, and the four parts of the reason."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["序号", "名称", "发现", "位置", "应为", "怎么办"])
    after = 0
    while rows := batches.rows(session, batch_id, state="refused", after=after):
        for row in rows:
            error = row.error or {}
            cells = [row.number, row.name, *(error.get(part, "") for part in ("found", "where", "expected", "advice"))]
            writer.writerow(map(flat_table.cell, cells))
        after = rows[-1].number
    return stream.getvalue()
