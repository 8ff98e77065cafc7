"""事件: the table of incidents, filtered, sorted and paged on the server, and taken away as CSV.

In: what stands in the address (`?q=…&place=…`), what is typed. Out: a page. The address always says what is seen, so it can be
kept and sent on.
"""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from nicegui import ui

from nlp import taxonomy
from nlp.errors import FanzhaError, InputError
from serving import asking, views
from serving.console import saved_views, wording
from serving.console.frame import ENDED, PAGE_SECONDS, frame, patiently, tell
from serving.console.html_parts import Html, empty, join, options, problem, tag, void
from serving.console.incident_rows import COUNTED, PAGE, End, Stretch, count, list_page
from serving.console.room import BASE, Room, Visitor, asked, told
from serving.formats import flat_table
from serving.queries import IncidentFilter

log = logging.getLogger("fanzha.console")
# Names in the address → what the filter calls them; "sort" is an order, with "-" for the largest first.
FIELDS = ("q", "label", "place", "since", "until", "min", "max", "status", "basis", "sort")
SORTS = {"changed": "更新", "loss": "损失", "date": "案发", "sources": "来源"}
EXPORTED = 5000
_PEOPLE = 4


def register(room: Room) -> None:
    """Register the page."""

    @ui.page("/incidents", title="事件", response_timeout=PAGE_SECONDS)
    async def incidents(request: Request) -> None:
        visitor = room.visitor(request)
        asked_for = {name: request.query_params[name] for name in FIELDS if request.query_params.get(name)}
        with frame(room, visitor, "/incidents", "事件"):
            screen = _Screen(room, visitor, asked_for, request)
            screen.open()
            await screen.list_views()
            await patiently(screen.draw())


def filter_of(asked_for: Mapping[str, str]) -> IncidentFilter:
    """What was typed as a filter. Raises InputError with what would have been right."""
    label = asked_for.get("label", "")
    typed = asking.incident_filter(
        [label] if label else [], asked_for.get("place", "").strip(), asking.date(asked_for.get("since", ""), "起始日期"),
        asking.date(asked_for.get("until", ""), "截止日期"), asked_for.get("q", ""),
    )  # fmt: skip
    return IncidentFilter(
        labels=typed.labels, place=typed.place, since=typed.since, until=typed.until, words=typed.words,
        loss_min_fen=_fen(asked_for.get("min", ""), "损失下限"), loss_max_fen=_fen(asked_for.get("max", ""), "损失上限"),
        status=asked_for.get("status", ""), basis=asked_for.get("basis", ""),
    )  # fmt: skip


def order_of(asked_for: Mapping[str, str]) -> tuple[Any, bool]:
    """(order, ascending) of "loss", "-loss"; the newest change first where nothing is said."""
    name = asked_for.get("sort", "-changed")
    order = name.lstrip("-")
    return (order if order in SORTS else "changed"), not name.startswith("-")


def _fen(text: str, where: str) -> int | None:
    """万元 as typed → fen."""
    if not text.strip():
        return None
    try:
        yuan = float(text) * 10_000
    except ValueError:
        yuan = -1
    if not 0 <= yuan < 1e14:
        raise InputError(f"金额 {text}", where=where, expected="以万元计的数，如 3.5")
    return round(yuan * 100)


class _Screen:
    """One browser's view of the table."""

    def __init__(self, room: Room, visitor: Visitor, asked_for: dict[str, str], request: Request) -> None:
        self.request = request
        self.room, self.visitor, self.asked_for = room, visitor, asked_for
        self.before: list[End | None] = []  # where the pages before this one began
        self.begins: End | None = None
        self.end: End | None = None
        self.views: dict[str, str] = {}
        self.typed = 0  # counts what was asked: only the newest answer is drawn

    def open(self) -> None:
        self.heading = ui.html(_heading(None), sanitize=False).classes("head")
        ui.html(_form(self.asked_for), sanitize=False).classes("filters")
        self.total = ui.html("", sanitize=False).classes("total").props("role=status aria-live=polite")
        self.table = ui.html("", sanitize=False).classes("table-box")
        ui.on("filter", self._filter)
        ui.on("view", self._view)
        ui.on("act", self._act)

    async def _filter(self, event: Any) -> None:
        self.asked_for = {name: str(event.args[name]) for name in FIELDS if event.args.get(name)}
        self.before, self.begins = [], None
        await self.draw()

    async def list_views(self) -> None:
        """The views that this person keeps; a reader's stand in his browser."""
        if not self.visitor.sees_all:
            return

        def question() -> dict[str, str]:
            with self.room.store.reading() as session:
                return saved_views.listed(session, self.visitor.name)

        self.views = await asked(question)
        self.heading.set_content(_heading(list(self.views)))

    async def _view(self, event: Any) -> None:
        """Keep what is seen under a name, open a kept view, forget one."""
        what, name = event.args.get("act"), str(event.args.get("name", ""))
        if not self.visitor.sees_all or not self.room.still(self.request, self.visitor):
            tell(ENDED, bad=True)
            return
        if what == "open":
            if name in self.views:
                ui.navigate.to(f"/incidents?{self.views[name]}")
            return
        owner, wanted = self.visitor.name, dict(self.asked_for)

        def write() -> str:
            with self.room.store.writing() as session:
                if what == "save":
                    saved_views.save(session, owner, name, wanted)
                    return f"已存为“{name}”，在任何浏览器登录都能用"
                return f"已删除“{name}”" if saved_views.delete(session, owner, name) else f"没有视图“{name}”"

        try:
            tell(await asked(write))
            await self.list_views()
        except FanzhaError as error:
            tell(str(error), bad=True)

    async def _act(self, event: Any) -> None:
        what, value = event.args.get("act"), event.args.get("value", "")
        if what == "next" and self.end is not None:
            self.before.append(self.begins)
            self.begins = self.end
        elif what == "previous" and self.before:
            self.begins = self.before.pop()
        elif what == "sort":
            self.asked_for["sort"] = value
            self.before, self.begins = [], None
        elif what == "clear":
            self.asked_for = {}
            self.before, self.begins = [], None
        elif what == "export":
            await self._export()
            return
        else:
            return
        await self.draw()

    async def draw(self) -> None:
        """Ask for the page of rows that is wanted now, and draw it."""
        self.typed += 1
        mine = self.typed
        self.visitor = self.room.visitor(self.request)
        try:
            wanted = filter_of(self.asked_for)
            (order, ascending), after = order_of(self.asked_for), self.begins

            def question() -> tuple[Stretch, list[dict[str, Any]]]:
                self.room.note(self.visitor, "list", "incidents")
                with self.room.store.reading() as session:
                    found = list_page(
                        session, wanted, viewer=self.visitor.role, order=order, ascending=ascending, after=after
                    )
                return found, [views.incident_line(row, self.visitor.role) for row in found.rows]

            found, lines = await asked(question)
        except FanzhaError as error:
            self.table.set_content(problem(str(error)))
            self.total.set_content("")
            return
        except Exception as error:
            log.exception("incident table")
            self.table.set_content(problem(told(error)))
            return
        if mine != self.typed:
            return
        self.end = found.end
        self.table.set_content(self._table(lines))
        self._tell_address()
        await self._count(wanted, len(lines), mine)

    async def _count(self, wanted: IncidentFilter, shown: int, mine: int) -> None:
        """After the table: counting is slower than finding a page, and nobody waits for it."""

        def question() -> tuple[int, bool]:
            with self.room.store.reading() as session:
                return count(session, wanted, viewer=self.visitor.role)

        number, whole = await asked(question)
        if mine == self.typed:
            first = len(self.before) * PAGE + 1
            total = f"共 {wording.thousands(number)} 个" if whole else f"超过 {wording.thousands(COUNTED)} 个"
            self.total.set_content(join(tag("b", total), f"　本页第 {first}–{first + shown - 1} 个" if shown else ""))

    def _tell_address(self) -> None:
        query = urlencode(self.asked_for)
        ui.run_javascript(f"console_address({('?' + query if query else '')!r})")

    def _table(self, lines: list[dict[str, Any]]) -> Html:
        if not lines:
            if self.asked_for:
                return empty(
                    "没有符合条件的事件", "放宽时间或金额，减少词语，或清除全部条件。",
                    tag("button", "清除条件", type="button", data_act="clear", class_="button"),
                )  # fmt: skip
            bring = tag("a", "导入文章或投诉", href=f"{BASE}/import", class_="button")
            return empty(
                "事件库还是空的", "导入文章或投诉后，事件会出现在这里。", bring if self.visitor.sees_all else None
            )
        order, ascending = order_of(self.asked_for)

        def heading(name: str, key: str = "", class_: str = "") -> Html:
            if not key:
                return tag("th", name, scope="col", class_=class_ or None)
            on = key == order
            sign = ("↑" if ascending else "↓") if on else ""
            button = tag(
                "button", name, tag("i", sign, aria_hidden="true"), type="button", data_act="sort",
                data_value=key if on and not ascending else f"-{key}",
            )  # fmt: skip
            state = ("ascending" if ascending else "descending") if on else None
            return tag("th", button, scope="col", class_=class_ or None, aria_sort=state)

        head = tag(
            "tr", heading("类型"), heading("事件"), heading("地点"), heading("损失", "loss", "number"), heading("案发", "date"),
            heading("来源", "sources", "number"), heading("进展"), heading("更新", "changed"),
        )  # fmt: skip
        pages = tag(
            "nav",
            tag("button", "上一页", type="button", data_act="previous", disabled=not self.before, class_="button"),
            tag("button", "下一页", type="button", data_act="next", disabled=self.end is None, class_="button"),
            aria_label="翻页", class_="pages",
        )  # fmt: skip
        table = tag("table", tag("thead", head), tag("tbody", [_row(line) for line in lines]), class_="incidents")
        return join(table, pages)

    async def _export(self) -> None:
        try:
            wanted, (order, ascending) = filter_of(self.asked_for), order_of(self.asked_for)

            def question() -> tuple[str, int]:
                self.room.note(self.visitor, "export", "incidents")
                with self.room.store.reading() as session:
                    found = list_page(
                        session, wanted, viewer=self.visitor.role, order=order, ascending=ascending, limit=EXPORTED
                    )
                lines = [views.incident_line(row, self.visitor.role) for row in found.rows]
                return table_csv(lines), len(lines)

            text, number = await asked(question)
        except FanzhaError as error:
            tell(str(error), bad=True)
            return
        ui.download.content("\ufeff" + text, "事件.csv", "text/csv")
        tell(f"已导出 {number} 个事件" + (f"（只取前 {EXPORTED} 个）" if number == EXPORTED else ""))


def table_csv(lines: list[dict[str, Any]]) -> str:
    """The lines as CSV."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(
        [
            "编号",
            "版本",
            "类型",
            "标题",
            "地点",
            "损失（元）下限",
            "损失（元）上限",
            "案发",
            "独立来源",
            "进展",
            "依据",
            "更新",
        ]
    )
    for line in lines:
        total = next((total for total in line["totals"] if total["role"] == "loss"), {})
        cells = [
            line["id"], line["revision"], line["label_name"], line["title"], "；".join(wording.places(line["places"])),
            total.get("min", ""), total.get("max", ""), wording.days(line["first_date"], line["last_date"]), line["independent_sources"],
            wording.STATUS.get(line["status"], line["status"]), wording.BASIS.get(line["basis"], line["basis"]), line["revised_at"],
        ]  # fmt: skip
        writer.writerow(map(flat_table.cell, cells))
    return stream.getvalue()


def _heading(views: list[str] | None) -> Html:
    """views: names of what a person keeps in the store; None: his browser keeps them."""
    kept = [tag("option", name, value=name) for name in views or ()]
    if kept:
        kept.append(tag("option", "删除视图……", data_forget=True))
    return join(
        tag("h1", "事件"),
        tag(
            "div",
            tag("select", tag("option", "已存视图", value=""), kept, id="saved", aria_label="已存视图", data_kept=views is not None),
            tag("button", "存为视图", type="button", data_save_view=True, class_="button"),
            tag("button", "导出 CSV", type="button", data_act="export", class_="button"), class_="tools",
        ),
    )  # fmt: skip


def _form(asked_for: Mapping[str, str]) -> Html:
    def field(words: str, control: Html, class_: str = "") -> Html:
        return tag("label", tag("span", words), control, class_=class_ or None)

    def text(name: str, hint: str, **more: Any) -> Html:
        return void("input", name=name, value=asked_for.get(name, ""), placeholder=hint, autocomplete="off", **more)

    labels = {"": "全部类型"} | {label.id: label.name for label in taxonomy.load().labels}
    return tag(
        "form",
        field("查找", text("q", "词语，空格隔开，都要出现", type="search", id="search"), "wide"),
        field("类型", tag("select", options(labels, asked_for.get("label", "")), name="label")),
        field("地点", text("place", "省、市、县名或代码")),
        field("案发从", text("since", "2024-05", size=10)),
        field("到", text("until", "2024-12-31", size=10)),
        field("损失（万元）从", text("min", "0", inputmode="decimal", size=6)),
        field("到", text("max", "不限", inputmode="decimal", size=6)),
        field("进展", tag("select", options({"": "全部"} | wording.STATUS, asked_for.get("status", "")), name="status")),
        field("来源", tag("select", options({"": "全部"} | wording.BASIS, asked_for.get("basis", "")), name="basis")),
        tag("button", "更多条件", type="button", class_="button", data_more=True, aria_expanded="false"),
        tag("button", "清除", type="reset", class_="button quiet"),
        data_filter=True, role="search", aria_label="筛选事件",
    )  # fmt: skip


def _row(line: Mapping[str, Any]) -> Html:
    people = [
        (person["name"], "嫌" if person["role"] == "suspect" else "受")
        for person in line["persons"]
        if person["role"] in ("suspect", "victim")
    ]
    names = "　".join(f"{name}（{part}）" for name, part in people[:_PEOPLE]) + (
        "　等" if len(people) > _PEOPLE else ""
    )
    where = wording.places(line["places"])
    when = wording.days(line["first_date"], line["last_date"])
    published = wording.day(line["published"])
    address = f"{BASE}/incidents/{line['id']}"
    return tag(
        "tr",
        tag("td", tag("span", line["label_name"], class_="chip"), tag("span", "待复核", class_="doubt") if line["review"] else None),
        tag("td", tag("a", " ".join(line["title"].split()), href=address), tag("small", names) if names else None, class_="what"),
        tag("td", [tag("span", wording.short_place(region), title=region) for region in where[:2]],
            tag("small", f"另 {len(where) - 2} 处") if len(where) > 2 else None, class_="where"),
        tag("td", wording.loss(line) or "—", class_="number"),
        tag("td", when or (join(published, tag("small", "投诉" if line["basis"] == "complaint" else "报道")) if published else "—"), class_="when"),
        tag("td", str(line["independent_sources"]), class_="number"),
        tag("td", wording.STATUS.get(line["status"], line["status"]),
            tag("small", wording.BASIS.get(line["basis"], line["basis"])), class_="state"),
        tag("td", wording.local(line["revised_at"]), class_="when"),
    )  # fmt: skip
