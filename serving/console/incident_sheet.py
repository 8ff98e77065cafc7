"""One incident: facts and the text they stand in side by side, contradictions, course, places, links, history, citation.

In: an incident's id. Out: a page. What the viewer may see is decided by `serving.queries`, `serving.views` and `serving.showing`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from fastapi import Request
from nicegui import ui
from sqlalchemy.orm import Session

from nlp import mask
from nlp.errors import FanzhaError
from serving import queries, views
from serving.console import incident_parts as parts
from serving.console import wording
from serving.console.frame import ENDED, PAGE_SECONDS, frame, patiently, tell
from serving.console.html_parts import Html, empty, join, tag
from serving.console.room import BASE, Room, Visitor, asked, told
from serving.console.ruling_screen import Around, Rulings, around
from serving.console.source_text import SourceText, draw_source, load_source
from serving.store import shapes
from serving.store.tables import CaseRow, IncidentRow, LinkRow

log = logging.getLogger("fanzha.console")
# Sources laid out at once; an incident of a hundred reprints is read in its first dozen.
SOURCES = 12
UNDECIDED = 6
COMPLAINT = "投诉"


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything the page shows. `cases`: case id → the name of the source that tells it; `names`: document id → its name."""

    view: dict[str, Any]
    history: list[dict[str, Any]]
    sources: tuple[SourceText, ...]
    cases: dict[str, str]
    names: dict[str, str]
    undecided: tuple[dict[str, Any], ...]
    around: Around | None = None  # for those who may merge and split


def register(room: Room) -> None:
    """Register the page."""

    @ui.page("/incidents/{incident_id}", title="事件", response_timeout=PAGE_SECONDS)
    async def incident(request: Request, incident_id: str) -> None:
        visitor, base = room.visitor(request), str(request.base_url).rstrip("/")
        with frame(room, visitor, "/incidents", "事件"):
            head = ui.html(tag("p", "正在打开……", class_="soft", role="status"), sanitize=False)
            masked = False

            async def redraw() -> Around:
                if not masked:
                    await asked(lambda: room.note(visitor, "show", incident_id))
                sheet = await asked(lambda: load(room, incident_id, visitor, masked=masked))
                ui.page_title(f"{' '.join(sheet.view['title'].split())} · 反诈")
                head.set_content(_head(sheet.view, _cited(sheet.view, base), masked if visitor.sees_all else None))
                body.set_content(_columns(sheet))
                return sheet.around or Around(sheet.view, (), 0, ())

            ruling = Rulings(room, visitor, request, redraw)
            if visitor.may_rule:
                ruling.open()
            body = ui.html("", sanitize=False)

            async def act(event: Any) -> None:
                """Masked, so that others may look on; and unmasked again. Both are written down."""
                nonlocal masked
                what = event.args.get("act")
                if what not in ("mask", "unmask") or not visitor.sees_all:
                    return
                if not room.still(request, visitor):
                    tell(ENDED, bad=True)
                    return
                try:
                    await asked(lambda: room.note(visitor, what, incident_id))
                    masked = what == "mask"
                    now = await redraw()
                except Exception as error:
                    if not isinstance(error, FanzhaError):
                        log.exception("incident")
                    tell(told(error), bad=True)
                    return
                if visitor.may_rule and masked:
                    ruling.hide()
                elif visitor.may_rule:
                    ruling.show(now)

            ui.on("act", act)

            async def fill() -> None:
                try:
                    now = await redraw()
                except Exception as error:
                    if not isinstance(error, FanzhaError):
                        log.exception("incident")
                    back = tag("a", "回到事件", href=f"{BASE}/incidents", class_="button")
                    advice = f"{incident_id}　{error.advice}" if isinstance(error, FanzhaError) else told(error)
                    head.set_content(
                        empty(error.found if isinstance(error, FanzhaError) else "事件没有打开", advice, back)
                    )
                    return
                if visitor.may_rule:
                    ruling.show(now)

            await patiently(fill())


def load(room: Room, incident_id: str, visitor: Visitor, *, masked: bool = False) -> Sheet:
    """Read the page's content. Raises NotFoundError, also for what the visitor may not see. masked: as a reader is shown it."""
    viewer = mask.DEFAULT_VIEWER if masked else visitor.role
    with room.store.reading() as session:
        row = queries.get_incident(session, incident_id, viewer=visitor.role)
        view = views.incident_view(row, viewer)
        names = {source["document_id"]: _name(source) for source in view["sources"]}
        rows = session.execute(
            sa.select(CaseRow.id, CaseRow.document_id, CaseRow.article).where(CaseRow.incident_id == row.id)
        ).all()
        changes = queries.history_of(session, row.id, viewer=visitor.role)
        changes = [change for change in changes if change.public] if masked else changes
        history = views.change_lines(changes, viewer, queries.public_among(session, views.told_of(changes)))
        sources: list[SourceText] = []
        undecided: list[dict[str, Any]] = []
        if mask.sees_all(viewer):
            articles: dict[str, set[int]] = {}
            for _, document_id, number in rows:
                articles.setdefault(document_id, set()).add(number)
            wanted = [source["document_id"] for source in view["sources"]][:SOURCES]
            sources = [
                load_source(session, document_id, articles.get(document_id, ()), viewer) for document_id in wanted
            ]
            names |= {
                source.document_id: source.name
                for source in sources
                if not names[source.document_id].startswith(COMPLAINT)
            }
            undecided = _undecided(session, row.id, viewer)
        about = around(session, view, names, viewer) if visitor.may_rule and not masked else None
    return Sheet(
        view, history, tuple(sources), {case_id: names.get(document_id, "") for case_id, document_id, _ in rows}, names,
        tuple(undecided), about,
    )  # fmt: skip


def _undecided(session: Session, incident_id: str, viewer: str) -> list[dict[str, Any]]:
    """Incidents that the machine left for a person to decide about, best score first."""
    mine = sa.select(CaseRow.id).where(CaseRow.incident_id == incident_id)
    best: dict[str, LinkRow] = {}
    for near, far in ((LinkRow.first, LinkRow.second), (LinkRow.second, LinkRow.first)):
        query = (
            sa.select(LinkRow, CaseRow.incident_id)
            .join(CaseRow, CaseRow.id == far)
            .where(near.in_(mine), LinkRow.decision == "undecided", CaseRow.incident_id != incident_id)
            .order_by(LinkRow.score.desc())
            .limit(UNDECIDED * 4)
        )
        for link, other in session.execute(query):
            if other not in best or best[other].score < link.score:
                best[other] = link
    found = []
    for other, link in sorted(best.items(), key=lambda item: -item[1].score)[:UNDECIDED]:
        row = session.get(IncidentRow, other)
        if row is None or row.withdrawn:
            continue
        read = shapes.load_link(link.data)
        title = " ".join(views.incident_line(row, viewer)["title"].split())
        found.append(
            {"id": other, "title": title, "score": link.score, "agreed": read.agreed, "contradicted": read.contradicted}
        )
    return found


def _name(source: dict[str, Any]) -> str:
    """A source as people call it."""
    if source["nature"] == "complaint":
        return f"{COMPLAINT} {source['doc_id']}"
    return source["title"] or source["publisher"] or source["doc_id"]


def _columns(sheet: Sheet) -> Html:
    view = sheet.view
    left = join(
        parts.contradictions(view, sheet.names),
        parts.card("事实", tag("div", parts.facts(view, quotes=not sheet.sources), class_="facts"),
                   "按一下在右边原文中标出" if sheet.sources else "引自原文", bare=True),
        parts.region(view),
        parts.course(view, sheet.history),
        parts.links(view, sheet.cases, sheet.undecided),
        parts.history(sheet.history),
    )  # fmt: skip
    right = _sources(sheet) if sheet.sources else _heads(view)
    return tag("div", tag("div", left), right, class_="columns")


def _cited(view: dict[str, Any], base: str) -> str:
    return parts.citation(view, f"{base}/incidents/{view['id']}", datetime.now(UTC).astimezone().date().isoformat())


def _head(view: dict[str, Any], cited: str, masked: bool | None) -> Html:
    """masked: whether one who may see everything has it masked now; None for one who may not."""
    doubts = [f"机器对类型把握不足（{view['confidence']:.0%}），待人复核"] if view["review"] else []
    line = tag(
        "div",
        tag("span", view["label_name"], class_="chip"),
        tag("span", tag("b", wording.STATUS.get(view["status"], view["status"])), f"　依据 {wording.BASIS.get(view['basis'], view['basis'])}"),
        tag("span", wording.TLP.get(view["tlp"], view["tlp"])),
        tag("span", "读者可见" if view["public"] else "仅值守人员可见"),
        tag("span", "已脱敏", class_="doubt") if masked else None,
        [tag("span", doubt, class_="doubt") for doubt in doubts],
        tag("span", f"{view['id']}　第 {view['revision']} 版"),
        tag(
            "div",
            None if masked is None
            else tag("button", "显示原值", type="button", class_="button", data_act="unmask", title="记入审计") if masked
            else tag("button", "脱敏查看", type="button", class_="button", data_act="mask", title="按读者所见显示，给旁人看屏时用"),
            tag("button", "复制引用", type="button", class_="button", data_copy=cited, title=cited),
            tag("a", "JSON", href=f"/v1/incidents/{view['id']}", class_="button", title="接口给出的同一事件"),
            class_="tools",
        ),
        class_="line",
    )  # fmt: skip
    tactics = f"手法：{'、'.join(view['tactics'])}" if view["tactics"] else ""
    lead = tag("p", view["summary"], class_="lead") if view["summary"] and view["summary"] != view["title"] else None
    return tag(
        "div", line, tag("h1", " ".join(view["title"].split())), lead, tag("p", tag("small", tactics)) if tactics else None,
        parts.figures(view), class_="sheet-head",
    )  # fmt: skip


def _sources(sheet: Sheet) -> Html:
    tabs = [
        tag("button", tag("span", sheet.names[source.document_id]), type="button", class_="button", data_show=source.document_id,
            aria_pressed=str(number == 0).lower(), title=sheet.names[source.document_id])
        for number, source in enumerate(sheet.sources)
    ]  # fmt: skip
    more = len(sheet.view["sources"]) - len(sheet.sources)
    side = tag(
        "button", "并排", type="button", class_="button", data_side=True, aria_pressed="false", title="几个来源并排对照"
    )
    bar = tag(
        "div", tabs, tag("small", f"另 {more} 件") if more else None, side if len(tabs) > 1 else None, class_="bar", role="group",
        aria_label="来源",
    )  # fmt: skip
    panes = [draw_source(source, hidden=number > 0) for number, source in enumerate(sheet.sources)]
    return tag("div", bar, tag("div", panes, class_="panes"), class_="card sources")


def _heads(view: dict[str, Any]) -> Html:
    """For readers: which sources there are, without their texts."""
    rows = []
    for source in view["sources"]:
        name = source["title"] or source["publisher"] or source["doc_id"]
        link = source["url"] if source["url"].startswith(("https://", "http://")) else ""
        told = "投诉（内容不对读者显示）" if source["nature"] == "complaint" else name
        shown: Any = tag("a", told, href=link, rel="noreferrer noopener", target="_blank") if link else told
        known = "　".join(part for part in (source["publisher"], wording.day(source["published"])) if part)
        rows.append(tag("div", shown, tag("small", known), class_="link-row"))
    return parts.card("来源", rows, "全文只供值守人员查看")
