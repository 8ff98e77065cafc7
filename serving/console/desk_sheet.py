"""One complaint as the desk shows it: the text with spans, what the machine proposes, what was read, and what it may belong to.

In: a report of the store. Out: a `ReportSheet` that is drawn while the person still reads the one before. Staff only.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import taxonomy
from nlp.todays_words import verdict_now
from serving import queries, views
from serving.console import decisions, wording
from serving.console.desk_queue import Item, similar
from serving.console.html_parts import Html, join, tag
from serving.console.room import BASE
from serving.console.source_text import SourceText, draw_article, load_source
from serving.showing import ShownTable
from serving.store import shapes
from serving.store.tables import CaseRow, IncidentRow

# Types offered by a digit, and incidents offered for linking.
CHOICES, LIKE = 5, 4


@dataclass(frozen=True, slots=True)
class Like:
    """An incident that the complaint may belong to."""

    incident_id: str
    title: str
    score: float
    joined: bool  # it is in there already
    agreed: tuple[str, ...]
    contradicted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReportSheet:
    """A report, what is proposed for it, and its state when it was read (`stamp`)."""

    item: Item
    stamp: str
    external_id: str
    received: str
    kind: str
    label: str
    review: bool
    proposals: tuple[tuple[str, float], ...]  # label, probability, best first
    source: SourceText
    similar: tuple[Like, ...]


def load_report(session: Session, item: Item, viewer: str) -> ReportSheet:
    """Everything of one report. Raises NotFoundError."""
    report = queries.get_report(session, item.report_id)
    articles = queries.articles_of(session, report.document_id)
    first = max(articles, key=lambda article: (article.kind == "case", article.confidence), default=None)
    proposals: list[tuple[str, float]] = []
    if first is not None:
        verdict = verdict_now(shapes.load_analysis(first.analysis).verdict)
        ranked = sorted(verdict.labels.items(), key=lambda found: -found[1]) or [(first.label, first.confidence)]
        # What the machine chose stands first, also where a rule outdid the probabilities.
        ranked.sort(key=lambda found: found[0] != first.label)
        proposals = ranked[:CHOICES]
    cases = list(session.scalars(sa.select(CaseRow.id).where(CaseRow.document_id == report.document_id)))
    homes = {row.id for row in queries.incidents_of(session, report.document_id)}
    like = []
    for incident_id, link in similar(session, cases)[: LIKE * 2] if cases else []:
        row = session.get(IncidentRow, incident_id)
        if row is not None and not row.withdrawn:
            read = shapes.load_link(link.data)
            title = " ".join(views.incident_line(row, viewer)["title"].split())
            like.append(Like(incident_id, title, link.score, incident_id in homes, read.agreed, read.contradicted))
    return ReportSheet(
        item, decisions.stamp(report), report.external_id or report.id, report.received_at, first.kind if first else "unrelated",
        first.label if first else "", bool(first and first.review), tuple(proposals),
        load_source(session, report.document_id, (), viewer), tuple(like[:LIKE]),
    )  # fmt: skip


def draw_report(sheet: ReportSheet) -> Html:
    """The whole sheet: the text left, what is proposed right."""
    about = [
        tag("b", sheet.external_id), tag("span", f"收到 {wording.local(sheet.received)}"),
        [tag("span", f"{name} {value}") for name, value in sheet.source.about if name in ("发布", "日期")],
        [tag("span", reason, class_="reason") for reason in sheet.item.reasons],
    ]  # fmt: skip
    text = [draw_article(article, sheet.source.document_id) for article in sheet.source.articles]
    left = tag(
        "section", tag("div", about, class_="about"), tag("p", sheet.source.problem) if sheet.source.problem else None, text,
        class_="card pane desk-text", tabindex="0", aria_label="投诉原文", id="desk-text",
    )  # fmt: skip
    right = tag("div", _proposal(sheet), _like(sheet), _read(sheet), class_="desk-side")
    return tag("div", left, right, class_="desk", data_report=sheet.item.report_id)


def _proposal(sheet: ReportSheet) -> Html:
    known = taxonomy.load()
    kind = next((kind.name for kind in known.kinds if kind.id == sheet.kind), sheet.kind)
    rows = [
        tag(
            "button", tag("kbd", number), tag("span", known.name_of(label), title=known.look_up(label).meaning),
            tag("meter", min=0, max=1, value=f"{share:.3f}", aria_hidden="true"), tag("small", f"{share:.0%}"), type="button",
            data_act="label", data_value=label, class_="choice on" if label == sheet.label else "choice",
        )
        for number, (label, share) in enumerate(sheet.proposals, 1)
    ]  # fmt: skip
    others = tag(
        "select", tag("option", "其他类型……", value=""), [tag("option", label.name, value=label.id) for label in known.labels],
        data_pick="label", aria_label="改成其他类型", id="desk-other",
    )  # fmt: skip
    note = "机器拿不准，请定类型" if sheet.review else f"机器判为{kind}"
    return tag(
        "section", tag("h2", "类型", tag("small", note)),
        tag("div", rows, tag("div", tag("kbd", "t"), others, class_="choice other"), class_="inside"), class_="card",
    )  # fmt: skip


def _like(sheet: ReportSheet) -> Html | None:
    if not sheet.similar:
        return None
    rows = []
    for number, like in enumerate(sheet.similar, 1):
        reasons = "；".join(
            [f"合：{text}" for text in like.agreed[:3]] + [f"不合：{text}" for text in like.contradicted[:2]]
        )
        link = tag("a", like.title, href=f"{BASE}/incidents/{like.incident_id}", target="_blank", rel="noopener")
        action = (
            tag("span", "已并入", class_="yes") if like.joined
            else tag("button", tag("kbd", f"l {number}"), "并入", type="button", class_="button", data_act="link", data_value=like.incident_id)
        )  # fmt: skip
        rows.append(tag("div", tag("div", link, tag("small", reasons)), action, class_="like"))
    return tag("section", tag("h2", "相近事件"), tag("div", rows, class_="inside"), class_="card")


def _read(sheet: ReportSheet) -> Html | None:
    cases = [case for article in sheet.source.articles for case in article.cases]
    if not cases:
        return tag(
            "section", tag("h2", "读出的值"), tag("p", "没有读出具体案件。", class_="inside soft"), class_="card"
        )
    return tag(
        "section", tag("h2", "读出的值"),
        tag("div", [join(tag("p", tag("small", case.heading)), [_table(table) for table in case.tables]) for case in cases], class_="inside"),
        class_="card",
    )  # fmt: skip


def _table(table: ShownTable) -> Html:
    """Name, part played, wording; what is left is in the text."""
    rows = [tag("tr", [tag("td", cell) for cell in row[:3]]) for row in table.rows]
    return tag(
        "table",
        tag("thead", tag("tr", [tag("th", name, scope="col") for name in table.headings[:3]])),
        tag("tbody", rows),
        class_="read",
    )
