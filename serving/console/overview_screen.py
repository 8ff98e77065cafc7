"""总览: what came in and how much more than before, which types, where, which tricks grow, what waits, what is new to this visitor.

In: a period of 1, 7 or 30 days. Out: a page that stands at once and fills itself; its figures are kept for a minute for everybody
of the same role, for a hundred desks ask the same.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from fastapi import Request
from nicegui import ui

from serving import changes, queries, views
from serving.console import overview_numbers as numbers
from serving.console import overview_parts as parts
from serving.console import shape_map, wording
from serving.console.frame import PAGE_SECONDS, frame, patiently
from serving.console.html_parts import Html, join, problem, tag
from serving.console.overview_parts import Figures
from serving.console.room import BASE, Room, Visitor, asked, told
from serving.store.tables import IncidentRow

log = logging.getLogger("fanzha.console")
PERIODS = {1: "今天", 7: "近 7 天", 30: "近 30 天"}
SEEN_COOKIE = "fanzha_seen"
KEPT_SECONDS = 60
NEWS = 8


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
        tricks = numbers.tricks(session, asked_for, viewer)
        return Figures(
            numbers.sums(session, asked_for.since, asked_for.until, viewer),
            numbers.sums(session, asked_for.before, asked_for.before_until, viewer), months, trend,
            numbers.by_division(session, asked_for.since, asked_for.until, viewer), tricks,
            numbers.behind(session, asked_for, viewer, [name for name, _, _ in tricks]),
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
        self.shaped = room.engine.settings.map == "shapes"
        self.province = ""
        self.divisions: dict[str, int] = {}

    def open(self) -> None:
        ui.html(self._heading(), sanitize=False).classes("head")
        self.sums = ui.html(parts.pending(), sanitize=False)
        with ui.element("div").classes("split"):
            with ui.element("section").classes("card"):
                ui.html(join("案发趋势", tag("small", "按类型，每月事件数")), sanitize=False, tag="h2")
                self.chart = ui.element("div").classes("inside chart")
            with ui.element("section").classes("card"):
                ui.html(
                    join("地区", tag("small", "点省份看各市" if self.shaped else "示意图；点省份看各市")),
                    sanitize=False,
                    tag="h2",
                )
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
            titles = await asked(lambda: self._titles(found))
        except Exception as error:
            log.exception("overview")
            self.sums.set_content(problem(told(error)))
            return
        self.sums.set_content(parts.sums(found, self.visitor))
        self.divisions = found.divisions
        self.map.set_content(self._regions())
        self.tricks.set_content(parts.tricks(found, titles))
        if found.waiting is not None:
            self.waiting.set_content(parts.waiting(found.waiting))
        with self.chart:
            parts.chart(found.months, found.trend)
        self.news.set_content(news)
        ui.add_body_html(
            f"<script>document.cookie='{SEEN_COOKIE}={newest}; path={BASE}; samesite=strict; max-age=31536000'</script>"
        )
        if (
            shape_map.installed() and shape_map.shapes() is None
        ):  # the first time in this process: the tiles stand there until then
            await asked(shape_map.prepare)
            self.map.set_content(self._regions())

    def _act(self, event: Any) -> None:
        if event.args.get("act") == "province":
            chosen = str(event.args.get("value", ""))
            self.province = "" if chosen == self.province else chosen
            self.map.set_content(self._regions())

    def _regions(self) -> Html:
        return parts.regions(self.divisions, self.province, shaped=self.shaped)

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

    def _titles(self, found: Figures) -> dict[str, str]:
        """What the incidents behind the tricks are called, asked anew: the figures are a minute old, an incident may be nobody's business since."""
        role, wanted = self.visitor.role, {each for ids in found.behind.values() for each in ids}
        with self.room.store.reading() as session:
            rows = [row for each in wanted if (row := session.get(IncidentRow, each)) is not None]
            seen = [row for row in rows if not row.withdrawn and (row.public or self.visitor.sees_all)]
            return {row.id: " ".join(views.incident_line(row, role)["title"].split()) for row in seen}

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
        return parts.list_card(
            "上次打开以来", rows, note, "没有新的变化。有新建、修订、归并或撤回的事件时，列在这里。"
        ), newest
