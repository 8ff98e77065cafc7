"""一致与争议: how far the annotators agree, per pair, label and type of span; where they differ; and the page where a third one settles it.

In: the annotations of documents that two people annotated. Out: tables; settlements. The figures are `serving.annotation.agreement`'s, the
settling page is drawn by the script of 标注. Editors and administrators only; nobody sees another's annotation before there are two.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from fastapi import Request
from nicegui import ui
from sqlalchemy.orm import Session

from corpora.judgments import Judgment, from_data
from nlp import taxonomy
from nlp.errors import FanzhaError
from serving.annotation import disputes, saving
from serving.annotation.agreement import Agreement, agreement
from serving.console import attach
from serving.console.annotate_screen import KEYS, tabs
from serving.console.annotate_sheet import AnnotateSheet, draw_places, draw_sheet, load_sheet, with_mine, with_sides
from serving.console.frame import ENDED, PAGE_SECONDS, frame, patiently, refuse, tell
from serving.console.html_parts import Html, empty, join, problem, tag
from serving.console.room import BASE, Room, Visitor, asked, told
from serving.showing_words import KINDS
from serving.store.tables import DocumentRow

log = logging.getLogger("fanzha.console")
_ID = re.compile(r"d-[0-9a-f]{16}")
HERE = "/annotate/agreement"
# The bounds are Krippendorff's ("Content Analysis", ch. 11): 0.8 for conclusions, 0.667 for tentative ones.
SCALE = "κ 与 α：1 为完全一致，0 为与碰巧相当；0.8 以上可信，0.67 以下应先改准则。— 表示无从计算。"


def register(room: Room) -> None:
    """Register both pages."""

    @ui.page(HERE, title="一致与争议", response_timeout=PAGE_SECONDS)
    async def figures(request: Request) -> None:
        visitor = room.visitor(request)
        with frame(room, visitor, "/annotate", "一致与争议"):
            if not visitor.edits:
                refuse(visitor, "编辑")
                return
            ui.html(join(tag("h1", "标注"), tabs(HERE), tag("p", class_="saved")), sanitize=False).classes("head")
            body = ui.html("", sanitize=False)

            async def fill() -> None:
                body.set_content(await asked(lambda: _page(room)))

            await patiently(fill())

    @ui.page("/annotate/dispute/{document_id}", title="裁定", response_timeout=PAGE_SECONDS)
    async def dispute(request: Request, document_id: str) -> None:
        visitor = room.visitor(request)
        with frame(room, visitor, "/annotate", "裁定"):
            if not visitor.edits or not _ID.fullmatch(document_id):
                refuse(visitor, "编辑")
                return
            screen = Settle(room, visitor, request, document_id)
            screen.open()
            await patiently(screen.show(""))


def _page(room: Room) -> Html:
    with room.store.reading() as session:
        judgments = disputes.doubled(session)
        found = disputes.disputes(session, judgments)
        names = {
            row.id: row.title or row.doc_id
            for dispute in found[: disputes.LISTED]
            if (row := session.get(DocumentRow, dispute.document_id))
        }
    return draw(agreement(judgments), found, names)


def draw(figures: Agreement, found: list[disputes.Dispute], names: dict[str, str]) -> Html:
    """Both halves of the page; names: document → what it is called."""
    if not figures.documents:
        share = "FANZHA_SECOND_SHARE"
        return empty(
            "还没有两个人标过同一件", f"每件文档有一成机会由两个人各标一遍，互不相见；想多标，启动时设 {share}（如 0.3）。",
            tag("a", "去标注", href=f"{BASE}/annotate", class_="button"),
        )  # fmt: skip
    known = taxonomy.load()
    alphas = [("种类的 α", figures.kind_alpha), ("类型的 α", figures.label_alpha)]
    tiles = [
        tag("div", tag("span", name), tag("b", _figure(value)), tag("small", _meaning(value)), class_="figure")
        for name, value in alphas
    ]
    tiles.append(
        tag(
            "div",
            tag("span", "两人标过"),
            tag("b", f"{figures.documents:,} 件"),
            tag("small", f"争议 {len(found)} 件"),
            class_="figure",
        )
    )
    pairs = _table(
        ("两人", "件数", "种类 κ", "类型 κ", "类型（含第二类型）", "标注 F1", "连同作用"),
        [(f"{pair.first} 与 {pair.second}", pair.documents, pair.kind, pair.label, pair.accepted, pair.spans, pair.roles) for pair in figures.pairs],
    )  # fmt: skip
    labels = _table(
        ("类型", "件数", "两人都给", "κ"),
        [(_label(known, row.label), row.documents, row.both, row.kappa) for row in figures.labels],
    )
    types = _table(
        ("标注类别", "处数", "F1"), [(KINDS.get(name, name), count, score) for name, count, score in figures.types]
    )
    return join(
        tag("div", tiles, class_="figures"), tag("p", SCALE, class_="why"),
        _disputes(found, names), tag("div", _card("各两人", pairs), class_="tables"),
        tag("div", _card("各类型", labels), _card("标注的各类别", types), class_="split"),
    )  # fmt: skip


def _disputes(found: list[disputes.Dispute], names: dict[str, str]) -> Html:
    if not found:
        return tag("section", tag("h2", "争议"), tag("p", "没有未裁定的争议。", class_="inside soft"), class_="card")
    rows = []
    for dispute in found[: disputes.LISTED]:
        differ = [word for word, yes in (("种类", dispute.kind), ("类型", dispute.label)) if yes]
        differ += [f"标注（F1 {dispute.spans:.2f}）"] if dispute.spans not in (None, 1.0) else []
        link = tag(
            "a",
            names.get(dispute.document_id, dispute.document_id),
            href=f"{BASE}/annotate/dispute/{dispute.document_id}",
        )
        rows.append(tag("tr", tag("td", link), tag("td", "、".join(dispute.people)), tag("td", "、".join(differ))))
    head = tag("tr", [tag("th", name, scope="col") for name in ("文档", "标注人", "不同之处")])
    more = f"只列前 {disputes.LISTED} 件" if len(found) > disputes.LISTED else ""
    table = tag("table", tag("thead", head), tag("tbody", rows), class_="disputes")
    return tag(
        "section",
        tag("h2", f"争议 {len(found)} 件", tag("small", more)),
        tag("div", table, class_="inside"),
        class_="card",
    )


def _card(name: str, table: Html) -> Html:
    return tag("section", tag("h2", name), tag("div", table, class_="inside scroll"), class_="card")


def _table(headings: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Html:
    head = [tag("th", name, scope="col", class_="number" if place else None) for place, name in enumerate(headings)]
    lines = [
        tag("tr", tag("td", first), [tag("td", _figure(cell), class_="number") for cell in rest])
        for first, *rest in rows
    ]
    return tag("table", tag("thead", tag("tr", head)), tag("tbody", lines))


def _figure(value: Any) -> str:
    return "—" if value is None else f"{value:.2f}" if isinstance(value, float) else f"{value:,}"


def _meaning(value: float | None) -> str:
    return "无从计算" if value is None else "可信" if value >= 0.8 else "勉强" if value >= 0.67 else "偏低"


def _label(known: taxonomy.Taxonomy, label: str) -> str:
    return known.name_of(label)


class Settle:
    """One browser that settles disputes, one after the other."""

    def __init__(self, room: Room, visitor: Visitor, request: Request, document_id: str) -> None:
        self.room, self.visitor, self.request, self.document_id = room, visitor, request, document_id
        self.sheet: AnnotateSheet | None = None

    def open(self) -> None:
        """What stands there before the document."""
        self.head = ui.html("", sanitize=False).classes("head")
        self.body = ui.html("", sanitize=False)
        ui.html(draw_places(), sanitize=False)
        bar = join(
            tag("button", tag("kbd", "a"), "裁定，下一件", type="button", data_annotate="save", class_="button main-act"),
            tag("button", tag("kbd", "u"), "撤销一步", type="button", data_annotate="undo", class_="button"),
            tag("a", "回到争议", href=f"{BASE}{HERE}", class_="button"), tag("span", "", id="an-draft"),
        )  # fmt: skip
        ui.html(bar, sanitize=False).classes("desk-bar an-bar")
        listed = ",".join(f'["{key}","{words}"]' for key, words in KEYS)
        ui.add_body_html(f"<script>window.console_keys=[{listed}]</script>")
        ui.add_head_html(f'<script defer src="{BASE}/static/annotate.js?{attach.version()}"></script>')
        ui.on("annotate", self._act)

    async def show(self, note: str) -> None:
        """The document in dispute, or why it cannot be settled."""
        try:
            self.sheet = await asked(self._read)
        except Exception as error:
            if not isinstance(error, FanzhaError):
                log.exception("dispute")
            self.sheet = None
            self.body.set_content(problem(told(error)))
        else:
            self.body.set_content(draw_sheet(self.sheet))
        heading = join(tag("h1", "裁定"), tabs(HERE), tag("p", note, class_="saved", role="status"))
        self.head.set_content(heading)

    def _read(self) -> AnnotateSheet:
        self.room.note(self.visitor, "show", self.document_id)
        with self.room.store.reading() as session:
            return self._load(session)

    def _load(self, session: Session) -> AnnotateSheet:
        people = {row.annotator: saving.judgment_now(row) for row in saving.all_of(session, self.document_id)}
        disputes.may_settle(people, self.visitor.name, administrator=self.visitor.may("admin"))
        settled = saving.held(session, self.document_id, "", saving.SETTLED)
        sheet = load_sheet(session, self.document_id, self.visitor.name, ("两人不同，请裁定",))
        seen = saving.revision_of(session, self.document_id, "", saving.SETTLED)
        return with_sides(sheet, people, seen, saving.judgment_now(settled) if settled else None)

    async def _act(self, event: Any) -> None:
        if not self.room.still(self.request, self.visitor):
            tell(ENDED, bad=True)
            return
        sheet, what = self.sheet, event.args.get("what")
        if what == "undo":
            tell("没有可撤销的了")
        if what != "save" or sheet is None or event.args.get("document_id") != sheet.document_id:
            return
        try:
            said, seen = from_data(event.args.get("judgment") or {}, sheet.name), int(event.args.get("seen", -1))
        except (FanzhaError, TypeError, ValueError) as error:
            tell(f"没有保存：{told(error)}", bad=True)
            return
        try:
            following = await asked(lambda: self._write(said, seen))
        except Exception as error:
            if not isinstance(error, FanzhaError):
                log.exception("dispute")
            await self.show("")
            if self.sheet is not None:
                self.body.set_content(draw_sheet(with_mine(self.sheet, said, f"没有保存：{told(error)}")))
            return
        ui.run_javascript(f"window.annotate_saved?.({sheet.document_id!r})")
        ui.navigate.to(f"/annotate/dispute/{following}" if following else HERE)  # NiceGUI puts BASE before it

    def _write(self, said: Judgment, seen: int) -> str:
        """Settle; returns the next dispute that this person may settle, "" where there is none."""
        self.room.note(self.visitor, "settle", self.document_id)
        may = self.visitor.may("admin")
        with self.room.store.writing() as session:
            people = {row.annotator: saving.judgment_now(row) for row in saving.all_of(session, self.document_id)}
            disputes.may_settle(people, self.visitor.name, administrator=may)
            saving.save(session, self.document_id, said, by=self.visitor.name, seen=seen, part=saving.SETTLED)
        with self.room.store.reading() as session:
            open_ones = disputes.disputes(session)
        return next((one.document_id for one in open_ones if may or self.visitor.name not in one.people), "")
