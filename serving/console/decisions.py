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
from serving import changes, incidents, queries, reports, rulings
from serving.console import wording
from serving.store.tables import ArticleRow, CaseRow, ReportRow

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
    """A decision that stands in the store, how it was before (kind and label of each article), and the merges it made."""

    report_id: str
    words: str
    stamp: str
    before: tuple[tuple[int, str, str], ...] = ()
    rulings: tuple[int, ...] = ()


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
    # A correction keeps the label of the one before it; one that says "unrelated" outweighs it.
    kind = "与诈骗无关" if said.get("kind") == "unrelated" else ""
    return f"{who or '别人'} 已在 {wording.local(when)} 处理" + (f"（{kind or what}）" if kind or what else "")


def meant(decision: Decision) -> str:
    """A decision in words: 接受, 更正为刷单返利."""
    return (
        f"更正为{taxonomy.load().name_of(decision.label)}" if decision.action == "correct" else NAMES[decision.action]
    )


def now_stands(session: Session, report_id: str) -> str:
    """Who decided what about a report that was decided meanwhile. Raises NotFoundError, ConflictError for one that was withdrawn."""
    report = queries.get_report(session, report_id)
    if report.state == "withdrawn":
        raise ConflictError(told_apart(report), where=report_id)
    return told_apart(report)


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
    merged: tuple[int, ...] = ()
    words = meant(decision)
    if decision.action == "correct":
        reports.correct(session, report_id, by=by, kind="case", label=decision.label)
    elif decision.action == "reject":
        reports.correct(session, report_id, by=by, kind="unrelated")
    elif decision.action == "link":
        merged = _link(session, report.document_id, decision.incident_id, by)
    reviewed = reports.review(session, report_id, by=by)
    return Done(report_id, words, stamp(reviewed), before, merged)


def undo(session: Session, done: Done, by: str) -> None:
    """Take a decision back: kind and label as before, links removed, the report waits again. Raises ConflictError."""
    changes.lock(session)
    report = queries.get_report(session, done.report_id)
    if stamp(report) != done.stamp:
        raise ConflictError(f"{told_apart(report)}，不能撤销", where=report.external_id or done.report_id)
    # 1. Kind and label, where they were changed. One word is put over all articles, so different ones cannot be brought back.
    query = sa.select(ArticleRow.kind, ArticleRow.label).where(ArticleRow.document_id == report.document_id)
    earlier, now = {pair[1:] for pair in done.before}, {tuple(pair) for pair in session.execute(query)}
    if earlier != now:
        if len(earlier) != 1:
            raise ConflictError("这件投诉里有几篇、类型各不相同，不能撤销", where=report.external_id or done.report_id)
        [(kind, label)] = earlier
        reports.correct(session, done.report_id, by=by, kind=kind, label=label, note="撤销")
    # 2. Merges.
    for number in reversed(done.rulings):
        rulings.undo(session, number, by=by)
    # 3. It waits again.
    report.reviewed_by = report.reviewed_at = ""
    session.flush()
    incidents.rebuild(session, [row.id for row in queries.incidents_of(session, report.document_id)])


def _link(session: Session, document_id: str, incident_id: str, by: str) -> tuple[int, ...]:
    """Merge the incidents of a document's cases into another; returns the rulings."""
    target = queries.get_incident(session, incident_id, viewer="admin").id
    homes = set(session.scalars(sa.select(CaseRow.incident_id).where(CaseRow.document_id == document_id)))
    if not homes - {None, target}:
        raise ConflictError(
            "没有可并入的案件", where=incident_id, advice="这件投诉没有读出案件，或已在该事件中；请刷新后重试"
        )
    return tuple(
        rulings.merge(session, home, into=target, by=by, note="研判台").id for home in sorted(homes - {None, target})
    )
