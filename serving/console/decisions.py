"""What a person decides about a complaint at the desk, written so that nobody's decision is lost or silently overwritten.

In: an open write transaction, a report as it was when it was shown (its `stamp`), a decision. Out: what is needed to undo it.
`reports` and `resolution` do the work; here is only the check that the report is still as the person saw it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import taxonomy
from nlp.errors import ConflictError
from nlp.incident import Link
from serving import changes, incidents, queries, reports, resolution
from serving.console import wording
from serving.store import shapes
from serving.store.tables import ArticleRow, CaseRow, LinkRow, ReportRow

Action = Literal["accept", "correct", "reject", "link"]
NAMES = {"accept": "接受", "correct": "更正", "reject": "与诈骗无关", "link": "并入已有事件"}


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person wants: `label` for correct, `incident_id` for link."""

    action: Action
    label: str = ""
    incident_id: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """A decision that stands in the store, and how it was before: kind and label of each article, links that were added."""

    report_id: str
    words: str
    stamp: str
    before: tuple[tuple[int, str, str], ...] = ()
    links: tuple[tuple[str, str, Link | None], ...] = ()  # case, case, the link that stood there before


def stamp(report: ReportRow) -> str:
    """What changes whenever a person does something to a report."""
    return f"{report.document_id}|{report.state}|{report.reviewed_at}|{(report.correction or {}).get('at', '')}"


def told_apart(report: ReportRow) -> str:
    """Who did what to a report meanwhile, in words for the one who came second."""
    said = report.correction or {}
    who, when = report.reviewed_by or said.get("by", ""), report.reviewed_at or said.get("at", "")
    if report.state == "withdrawn":
        return "这件投诉已撤回"
    what = taxonomy.load().name_of(said["label"]) if said.get("label") else ""
    kind = "与诈骗无关" if said.get("kind") == "unrelated" else ""
    return f"{who or '别人'} 已在 {wording.local(when)} 处理" + (f"（{what or kind}）" if what or kind else "")


def decide(session: Session, report_id: str, seen: str, decision: Decision, by: str) -> Done:
    """Write a decision. Raises ConflictError when the report is not as it was seen; then nothing is written."""
    changes.lock(session)
    report = queries.get_report(session, report_id)
    if stamp(report) != seen:
        raise ConflictError(
            f"{told_apart(report)}，您的决定没有保存", where=report.external_id or report_id, advice="请看过再定"
        )
    articles = session.scalars(sa.select(ArticleRow).where(ArticleRow.document_id == report.document_id)).all()
    before = tuple((article.number, article.kind, article.label) for article in articles)
    links: tuple[tuple[str, str, Link | None], ...] = ()
    words = NAMES[decision.action]
    if decision.action == "correct":
        reports.correct(session, report_id, by=by, kind="case", label=decision.label)
        words = f"更正为{taxonomy.load().name_of(decision.label)}"
    elif decision.action == "reject":
        reports.correct(session, report_id, by=by, kind="unrelated")
    elif decision.action == "link":
        links = _link(session, report.document_id, decision.incident_id, by)
    reviewed = reports.review(session, report_id, by=by)
    return Done(report_id, words, stamp(reviewed), before, links)


def undo(session: Session, done: Done, by: str) -> None:
    """Take a decision back: kind and label as before, links removed, the report waits again. Raises ConflictError."""
    changes.lock(session)
    report = queries.get_report(session, done.report_id)
    if stamp(report) != done.stamp:
        raise ConflictError(f"{told_apart(report)}，不能撤销", where=report.external_id or done.report_id)
    touched = {row.id for row in queries.incidents_of(session, report.document_id)}
    # 1. Kind and label, where they were changed. One word is put over all articles, so different ones cannot be brought back.
    query = sa.select(ArticleRow.kind, ArticleRow.label).where(ArticleRow.document_id == report.document_id)
    earlier, now = {pair[1:] for pair in done.before}, {tuple(pair) for pair in session.execute(query)}
    if earlier != now:
        if len(earlier) != 1:
            raise ConflictError("这件投诉里有几篇、类型各不相同，不能撤销", where=report.external_id or done.report_id)
        [(kind, label)] = earlier
        reports.correct(session, done.report_id, by=by, kind=kind, label=label, note="撤销")
    # 2. Links that a person made; the incident falls apart where nothing else holds it together.
    for first, second, known in done.links:
        if known is None:
            session.execute(sa.delete(LinkRow).where(LinkRow.first == first, LinkRow.second == second))
        elif (link := session.get(LinkRow, (first, second))) is not None:
            link.decision, link.data = known.decision, shapes.dump(known)
    session.flush()
    if done.links:
        touched = resolution.settle(session, touched)
    # 3. It waits again.
    report.reviewed_by = report.reviewed_at = ""
    session.flush()
    incidents.rebuild(session, touched | {row.id for row in queries.incidents_of(session, report.document_id)})


def _link(session: Session, document_id: str, incident_id: str, by: str) -> tuple[tuple[str, str, Link | None], ...]:
    """Join the cases of a document to an incident by a link that a person made; returns the links."""
    target = queries.get_incident(session, incident_id, viewer="admin")
    mine = list(session.scalars(sa.select(CaseRow.id).where(CaseRow.document_id == document_id).order_by(CaseRow.id)))
    theirs = session.scalar(
        sa.select(CaseRow.id)
        .where(CaseRow.incident_id == target.id, CaseRow.document_id != document_id)
        .order_by(CaseRow.id)
        .limit(1)
    )
    if not mine or theirs is None:
        raise ConflictError(
            "没有可并入的案件", where=incident_id, advice="这件投诉没有读出案件，或该事件刚刚变了；请刷新后重试"
        )
    homes = set(session.scalars(sa.select(CaseRow.incident_id).where(CaseRow.id.in_(mine)))) - {target.id, None}
    links: list[tuple[str, str, Link | None]] = []
    for case_id in mine:
        first, second = sorted((case_id, theirs))
        link = session.get(LinkRow, (first, second))
        known = shapes.load_link(link.data) if link is not None else Link(first, second, 0.0, "undecided")
        said = Link(first, second, known.score, "same", known.agreed, known.contradicted, by)
        if link is None:
            session.add(LinkRow(first=first, second=second, decision="same", score=said.score, data=shapes.dump(said)))
        else:
            link.decision, link.data = "same", shapes.dump(said)
        links.append((first, second, known if link is not None else None))
    session.flush()
    for home in homes:
        resolution.merge(session, home, into=target.id)
    incidents.rebuild(session, {target.id, *homes})
    return tuple(links)
