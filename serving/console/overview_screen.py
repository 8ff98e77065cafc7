"""总览: what came in and how much more than before, which types, where, which tricks grow, what waits, what is new to this visitor.

In: a period of 1, 7 or 30 days. Out: a page that stands at once and fills itself; its figures are kept for a minute for everybody
of the same role, for a hundred desks ask the same.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from nicegui import ui

from nlp import taxonomy
from nlp.divisions import lookup
from serving import changes, queries, views
from serving.console import overview_numbers as numbers
from serving.console import wording
from serving.console.frame import PAGE_SECONDS, frame, patiently
from serving.console.html_parts import Html, join, problem, tag
from serving.console.room import BASE, Room, Visitor, asked, told
from serving.console.tile_map import TILES, tile_map
from serving.store.tables import IncidentRow

log = logging.getLogger("fanzha.console")
PERIODS = {1: "今天", 7: "近 7 天", 30: "近 30 天"}
SEEN_COOKIE = "fanzha_seen"
KEPT_SECONDS = 60
NEWS = 8
# Told apart by colour-blind eyes too (Okabe & Ito, darkened or lightened to stand on both grounds).
COLOURS = ("#2f7fb8", "#d98200", "#1c9a72", "#c25b9b", "#7a68c7", "#a39121", "#8a93a0")


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything of the screen but what is new to one visitor."""

    now: numbers.Sum
    before: numbers.Sum
    months: list[str]
    trend: dict[str, list[int]]
    divisions: dict[str, int]
    tricks: list[tuple[str, int, int]]
    waiting: numbers.Waiting | None


def register(room: Room) -> None:
    """Register the page."""
    kept: dict[tuple[int, str], tuple[float, Figures]] = {}

    async def figures(days: int, viewer: str) -> Figures:
        then, found = kept.get((days, viewer), (0.0, None))
        if found is None or time.monotonic() - then > KEPT_SECONDS:
            found = await asked(lambda: load(room, days, viewer))
            kept[days, viewer] = (time.monotonic(), found)
        return found

    @ui.page("/", title="总览", response_timeout=PAGE_SECONDS)
    async def overview(request: Request) -> None:
        visitor = room.visitor(request)
        days = request.query_params.get("days", "7")
        screen = _Screen(room, visitor, int(days) if days in ("1", "7", "30") else 7, _seen(request))
        with frame(room, visitor, "/", "总览"):
            screen.open()
            await patiently(screen.fill(figures))


def load(room: Room, days: int, viewer: str) -> Figures:
    """Ask the store for all figures."""
    asked_for = numbers.period(days)
    with room.store.reading() as session:
        months, trend = numbers.trend(session, viewer)
        return Figures(
            numbers.sums(session, asked_for.since, asked_for.until, viewer),
            numbers.sums(session, asked_for.before, asked_for.before_until, viewer), months, trend,
            numbers.by_division(session, asked_for.since, asked_for.until, viewer), numbers.tricks(session, asked_for, viewer),
            numbers.waiting(session) if viewer != "reader" else None,
        )  # fmt: skip


def _seen(request: Request) -> int | None:
    """The newest change that this browser has been shown, None at the first visit."""
    said = request.cookies.get(SEEN_COOKIE, "")
    return int(said) if said.isdecimal() and len(said) < 16 else None


class _Screen:
    """One browser's overview."""

    def __init__(self, room: Room, visitor: Visitor, days: int, seen: int | None) -> None:
        self.room, self.visitor, self.days, self.seen = room, visitor, days, seen
        self.province = ""
        self.divisions: dict[str, int] = {}

    def open(self) -> None:
        ui.html(self._heading(), sanitize=False).classes("head")
        self.sums = ui.html(_pending(), sanitize=False)
        with ui.element("div").classes("split"):
            with ui.element("section").classes("card"):
                ui.html(join("案发趋势", tag("small", "按类型，每月事件数")), sanitize=False, tag="h2")
                self.chart = ui.element("div").classes("inside chart")
            with ui.element("section").classes("card"):
                ui.html(join("地区", tag("small", "示意图；点省份看各市")), sanitize=False, tag="h2")
                self.map = ui.html("", sanitize=False).classes("inside")
        with ui.element("div").classes("thirds"):
            self.tricks = ui.html("", sanitize=False)
            self.news = ui.html("", sanitize=False)
            self.waiting = ui.html("", sanitize=False)
        ui.on("act", self._act)

    async def fill(self, figures: Any) -> None:
        """Ask for everything that is shown, and draw it."""
        try:
            found: Figures = await figures(self.days, self.visitor.role)
            news, newest = await asked(self._news)
        except Exception as error:
            log.exception("overview")
            self.sums.set_content(problem(told(error)))
            return
        self.sums.set_content(_sums(found, self.visitor))
        self.divisions = found.divisions
        self.map.set_content(self._map())
        self.tricks.set_content(_tricks(found))
        if found.waiting is not None:
            self.waiting.set_content(_waiting(found.waiting))
        with self.chart:
            _chart(found.months, found.trend)
        self.news.set_content(news)
        ui.add_body_html(
            f"<script>document.cookie='{SEEN_COOKIE}={newest}; path={BASE}; samesite=strict; max-age=31536000'</script>"
        )

    def _act(self, event: Any) -> None:
        if event.args.get("act") == "province":
            chosen = str(event.args.get("value", ""))
            self.province = "" if chosen == self.province else chosen
            self.map.set_content(self._map())

    def _heading(self) -> Html:
        links = [
            tag(
                "a",
                words,
                href=f"{BASE}/?days={days}",
                class_="button",
                aria_current="page" if days == self.days else None,
            )
            for days, words in PERIODS.items()
        ]
        return join(
            tag("h1", "总览"), tag("div", tag("small", "按入库时间，与前一同样长的时段比"), links, class_="tools")
        )

    def _map(self) -> Html:
        provinces = {code: number for code, number in self.divisions.items() if len(code) == 2}
        if not provinces:
            return tag("p", "这段时间没有写明地点的事件。", class_="soft")
        chosen = self.province if self.province in provinces else max(provinces, key=lambda code: provinces[code])
        below = sorted(
            ((number, code) for code, number in self.divisions.items() if len(code) > 2 and code.startswith(chosen)), reverse=True
        )  # fmt: skip
        rows = [
            tag(
                "li",
                tag("a", _division(code), href=f"{BASE}/incidents?place={code}"),
                tag("b", wording.thousands(number)),
            )
            for number, code in below[:10]
        ]
        name = TILES[chosen][0] if chosen in TILES else lookup(f"{chosen}0000")
        heading = tag("a", f"{name} {wording.thousands(provinces[chosen])}", href=f"{BASE}/incidents?place={chosen}")
        inside = tag("ol", rows) if rows else tag("p", "没有写到市县。")
        return tag(
            "div",
            tile_map(provinces, act="province", chosen=chosen),
            tag("div", tag("h3", heading), inside, class_="cities"),
            class_="map",
        )

    def _news(self) -> tuple[Html, int]:
        """What changed since this browser was here last, and the number of the newest change, to be remembered there."""
        role = self.visitor.role
        self.room.note(self.visitor, "list", "overview")
        with self.room.store.reading() as session:
            newest = changes.last_number(session)
            start = max(0, newest - NEWS * 4) if self.seen is None else self.seen
            page = queries.list_changes(session, max(start, newest - 500), limit=500, viewer=role)
            told_of = queries.public_among(session, views.told_of(page.rows))
            latest = {change["incident_id"]: change for change in views.change_lines(page.rows, role, told_of)}
            rows = []
            for change in sorted(latest.values(), key=lambda change: -change["sequence"])[:NEWS]:
                row = session.get(IncidentRow, change["incident_id"])
                # A reader is told that something is no longer for him, not what it was.
                if row is None or row.withdrawn or not (row.public or self.visitor.sees_all):
                    title: Any = tag("span", "已撤回或并入别的事件")
                else:
                    line = views.incident_line(row, role)
                    title = tag("a", " ".join(line["title"].split()), href=f"{BASE}/incidents/{row.id}")
                kind = wording.CHANGES.get(change["kind"], change["kind"])
                rows.append(tag("li", title, tag("small", f"{kind}　{wording.local(change['at'])}")))
        note = "第一次打开，列出最新的" if self.seen is None else f"{len(latest)} 个事件有变化"
        return _list_card("上次打开以来", rows, note, "没有新的变化。"), newest


def _pending() -> Html:
    return tag("p", "正在统计……", class_="soft", role="status")


def _change(now: float, before: float) -> Html:
    """↑12（+30%） against the stretch before."""
    if not before:
        return tag("small", "前一时段为 0")
    part = (now - before) / before
    sign, class_ = ("↑", "up") if part > 0 else ("↓", "down") if part < 0 else ("＝", "")
    return tag("small", tag("i", f"{sign} {abs(part):.0%}", class_=class_), f"　前一时段 {wording.about(before)}")


def _sums(found: Figures, visitor: Visitor) -> Html:
    now, before = found.now, found.before
    told = [("新事件", f"{now.incidents:,}", _change(now.incidents, before.incidents), f"{BASE}/incidents")]
    if visitor.sees_all:
        told.append(("新投诉", f"{now.reports:,}", _change(now.reports, before.reports), f"{BASE}/desk"))
    loss = wording.about_money(now.loss_min, now.loss_max)
    told.append(("新事件所述损失", loss, _change_of_loss(now, before), f"{BASE}/incidents?sort=-loss"))
    if found.waiting is not None:
        waiting = found.waiting
        note = tag("small", f"{waiting.unsure:,} 篇机器拿不准")
        told.append(("待研判投诉", f"{waiting.reports:,}", note, f"{BASE}/desk"))
    tiles = [
        tag("a", tag("span", name), tag("b", value), change, href=address, class_="figure wide")
        for name, value, change, address in told
    ]
    return tag("div", tiles, class_="figures even")


def _change_of_loss(now: numbers.Sum, before: numbers.Sum) -> Html:
    if not before.loss_max:
        return tag("small", "前一时段为 0")
    middle, earlier = (now.loss_min + now.loss_max) / 2, (before.loss_min + before.loss_max) / 2
    part = (middle - earlier) / earlier
    sign, class_ = ("↑", "up") if part > 0 else ("↓", "down")
    return tag(
        "small",
        tag("i", f"{sign} {abs(part):.0%}", class_=class_),
        f"　前一时段 {wording.about_money(before.loss_min, before.loss_max)}",
    )


def _tricks(found: Figures) -> Html:
    rows = [
        tag("li", tag("a", name, href=f"{BASE}/incidents?q={name}"),
            tag("small", f"前一时段 {before}"), tag("b", str(number), tag("i", f" ↑{number - before}" if number > before else "", class_="up")))
        for name, number, before in found.tricks
    ]  # fmt: skip
    return _list_card("上升的手法", rows, "点开看背后的事件", "这段时间没有读出手法。")


def _waiting(waiting: numbers.Waiting) -> Html:
    rows = [
        tag("li", tag("a", words, href=address) if address else words, tag("b", f"{number:,}{'+' if number >= numbers.WAITING else ''}"))
        for words, number, address in (
            ("待研判的投诉", waiting.reports, f"{BASE}/desk"), ("机器拿不准类型的文章", waiting.unsure, ""),
            ("可能是同一案的待定对", waiting.undecided, ""), ("已收下、待分析", waiting.unread, ""), ("分析失败", waiting.failed, ""),
        )
    ]  # fmt: skip
    return _list_card("排队", rows, "", "")


def _list_card(heading: str, rows: list[Html], note: str, nothing: str) -> Html:
    inside = tag("ol", rows) if rows else tag("p", nothing, class_="soft")
    return tag(
        "section",
        tag("h2", heading, tag("small", note) if note else None),
        tag("div", inside, class_="inside rows"),
        class_="card",
    )


def _division(code: str) -> str:
    """4107 → 新乡市, 310115 → 浦东新区."""
    path = lookup(code.ljust(6, "0"))
    return path.split("/")[-1] if path else code


def _chart(months: list[str], trend: dict[str, list[int]]) -> None:
    """Stacked columns by month; the colours of words follow the theme, for SVG takes them from the sheet."""
    if not trend:
        ui.html(tag("p", "还没有写明日期的事件。", class_="soft"), sanitize=False)
        return
    known = taxonomy.load()
    main = list(trend.items())[: numbers.TYPES]
    drawn = [(known.name_of(label), row) for label, row in main]
    addresses: list[str | None] = [f"{BASE}/incidents?label={label}&sort=-date" for label, _ in main]
    if rest := list(trend.values())[numbers.TYPES :]:
        drawn.append(("其他类型", [sum(column) for column in zip(*rest, strict=True)]))
        addresses.append(None)
    words = {"color": "var(--soft)", "fontSize": 12}
    ui.echart(
        {
            "aria": {"enabled": True, "label": {"description": "案发趋势：" + "；".join(f"{name} {sum(row)}" for name, row in drawn)}},
            "color": list(COLOURS), "animation": False, "textStyle": {"fontFamily": "inherit"},
            "grid": {"left": 34, "right": 8, "top": 8, "bottom": 24},
            "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}, "confine": True},
            "xAxis": {"type": "category", "data": months, "axisLabel": words, "axisTick": {"show": False},
                      "axisLine": {"lineStyle": {"color": "var(--line)"}}},
            "yAxis": {"type": "value", "minInterval": 1, "axisLabel": words, "splitLine": {"lineStyle": {"color": "var(--line)"}}},
            "series": [{"type": "bar", "stack": "all", "name": name, "data": row, "barMaxWidth": 26} for name, row in drawn],
        },
        renderer="svg",
    ).classes("trend")  # fmt: skip
    entries = [
        tag(
            "li",
            tag("i", style=f"background:{colour}"),
            tag("a", name, href=address) if address else name,
            tag("b", sum(row)),
        )
        for (name, row), address, colour in zip(drawn, addresses, COLOURS, strict=False)
    ]
    ui.html(tag("ul", entries, class_="legend"), sanitize=False)
