"""What people decide about incidents: merge, split off, mark; each with who, when and why, and each can be undone.

In: an open write transaction, ids, who decides, and which revisions he had before him. Out: the decision's row; incidents are built
anew and numbered. A person's word is a link of its own between cases ("same" or "apart", decided_by person:…), so that no machine puts
together again what he took apart; `serving.standing` puts it back when a document is read anew.
Raises NotFoundError, ConflictError, InputError.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp.errors import ConflictError, InputError, NotFoundError
from nlp.resolve import compare
from serving import changes, incidents, marking, resolution, retold, sourced, standing
from serving.store import shapes
from serving.store.feed_tables import DecisionRow
from serving.store.identity import now
from serving.store.tables import CaseRow, IncidentRow, LinkRow


def merge(
    session: Session, incident_id: str, *, into: str, by: str, note: str = "", seen: int | None = None,
    seen_into: int | None = None,
) -> DecisionRow:  # fmt: skip
    """Make one incident of two; the first one's id redirects from then on.

    seen, seen_into: the revisions that the person had before him; where one has moved on, ConflictError and nothing is written.
    """
    changes.lock(session)
    _live(session, incident_id, seen)
    _live(session, into, seen_into)
    if incident_id == into:
        raise InputError("不能并入自己", where=incident_id)
    moved, kept = _cases(session, incident_id), _cases(session, into)
    link = standing.write_link(session, moved[0], kept[0], "same", by)
    row = _record(session, incident_id, "merge", by, note, {"into": into, "cases": moved, "links": [link]})
    standing.remember(session, row, moved, kept)
    resolution.merge(session, incident_id, into=into)
    incidents.rebuild(session, [into, incident_id])
    return row


def split(
    session: Session, incident_id: str, *, document_ids: Sequence[str] = (), case_ids: Sequence[str] = (), by: str,
    note: str = "", seen: int | None = None,
) -> DecisionRow:  # fmt: skip
    """Make the cases of these documents, or these cases, an incident of their own; links between the two parts say "apart" then."""
    changes.lock(session)
    _live(session, incident_id, seen)
    if not document_ids and not case_ids:
        raise ConflictError("没有说分出什么", where=incident_id, expected="来源文档或案件的编号")
    every = _cases(session, incident_id)
    told = sa.select(CaseRow.id).where(CaseRow.incident_id == incident_id, CaseRow.document_id.in_(document_ids))
    chosen = set(session.scalars(told)) | set(case_ids)
    leaving, stay = ([case for case in every if (case in chosen) is goes] for goes in (True, False))
    if not leaving or not stay or stay[0] in retold.among(session, stay):
        raise ConflictError("拆分须留下一部分、分出一部分", where=incident_id, expected="该事件的一部分来源")
    pairs = [
        (row.first, row.second)
        for row in session.execute(
            sa.select(LinkRow.first, LinkRow.second).where(
                (LinkRow.first.in_(leaving) & LinkRow.second.in_(stay))
                | (LinkRow.second.in_(leaving) & LinkRow.first.in_(stay))
            )
        )
    ] or [(leaving[0], stay[0])]
    links = [standing.write_link(session, *pair, "apart", by) for pair in pairs]
    # What is only retold makes no incident of its own: by itself it goes where else it belongs, or waits.
    alone = leaving[0] in retold.among(session, leaving)
    part = None if alone else resolution.part_from(session, incident_id, leaving)
    row = _record(session, incident_id, "split", by, note, {"into": part, "cases": leaving, "links": links})
    standing.remember(session, row, leaving, stay)
    touched = {incident_id} | ({part} if part else set())
    incidents.rebuild(session, touched | retold.place_in(session, touched))
    return row


def mark(
    session: Session, incident_id: str, *, tlp: str, by: str, note: str = "", seen: int | None = None
) -> DecisionRow:
    """Mark an incident by TLP 2.0; amber and stricter takes it from readers."""
    changes.lock(session)
    _live(session, incident_id, seen)
    if tlp not in marking.LEVELS:
        raise InputError(f"TLP 标记 {tlp!r}", where=incident_id, expected="、".join(marking.LEVELS))
    row = _record(session, incident_id, "mark", by, note, {"tlp": tlp})
    incidents.rebuild(session, [incident_id])
    return row


def undo(session: Session, decision_id: int, *, by: str) -> DecisionRow:
    """Take a decision back: what was merged is apart again under its old id, what was split is one again, a mark is gone."""
    changes.lock(session)
    row = session.get(DecisionRow, decision_id)
    if row is None:
        raise NotFoundError("没有这个决定", where=str(decision_id))
    if row.undone_at:
        raise ConflictError(f"这个决定已由 {row.undone_by} 撤销", where=str(decision_id), advice="刷新后看现在的样子")
    row.undone_by, row.undone_at = by, now()
    session.flush()
    touched = {row.incident_id}
    if row.sort == "mark":
        standing.forget(session, decision_id)
    if row.sort in standing.WORDS:
        # Cases that were taken out or went elsewhere since stay where they are.
        holder, home = (row.details["into"], row.incident_id)
        cases = standing.moved_by(session, decision_id)
        moving = list(
            session.scalars(sa.select(CaseRow.id).where(CaseRow.id.in_(cases), CaseRow.incident_id == holder))
        )
        if not moving and holder:
            raise ConflictError("这些来源已不在该事件中，无法撤销", where=str(decision_id))
        standing.forget(session, decision_id)
        _restore(session, row)
        target = session.get_one(IncidentRow, home)
        if row.sort == "merge":
            target.merged_into = None
            marking.take_back(session, holder, home, by)
        session.execute(sa.update(CaseRow).where(CaseRow.id.in_(moving)).values(incident_id=home))
        touched |= {holder} - {None} | retold.place(session, cases) | retold.place_in(session, {holder, home} - {None})
        if row.sort == "split" and holder and resolution.is_empty(session, holder):
            session.get_one(IncidentRow, holder).merged_into = home
    incidents.rebuild(session, touched)
    return row


def listed(session: Session, incident_id: str = "", limit: int = 100) -> list[DecisionRow]:
    """Decisions, newest first; those about one incident (by itself or as the other side)."""
    query = sa.select(DecisionRow).order_by(DecisionRow.id.desc()).limit(limit)
    if incident_id:
        other = DecisionRow.details["into"].as_string() == incident_id
        query = query.where((DecisionRow.incident_id == incident_id) | other)
    return list(session.scalars(query))


def _live(session: Session, incident_id: str, seen: int | None) -> IncidentRow:
    row = session.get(IncidentRow, incident_id)
    if row is None:
        raise NotFoundError("没有这个事件", where=incident_id)
    if seen is not None and row.revision != seen:
        raise ConflictError(
            f"事件已由第 {seen} 版变为第 {row.revision} 版，没有保存", where=incident_id, advice="请看过现在的样子再定"
        )
    if row.withdrawn:
        raise ConflictError("这个事件已并入别处或已撤下", where=incident_id)
    return row


def _cases(session: Session, incident_id: str) -> list[str]:
    """The cases of an incident, what is only retold last: a person's link between two that are told holds their incidents together."""
    ids = session.scalars(sa.select(CaseRow.id).where(CaseRow.incident_id == incident_id).order_by(CaseRow.id)).all()
    passing = retold.among(session, ids)
    return sorted(ids, key=lambda case_id: (case_id in passing, case_id))


def _restore(session: Session, decision: DecisionRow) -> None:
    """In the place of a ruling's links: an earlier ruling's word, else what the machine says of the two cases."""
    word = standing.WORDS[decision.sort]
    for told in decision.details["links"]:
        first, second = told["first"], told["second"]
        row = session.get(LinkRow, (first, second))
        if row is not None:
            if row.decision != word or not row.data["decided_by"].startswith(standing.PERSON):
                continue  # a later ruling or a new reading has put something else there
            session.delete(row)
            session.flush()
        if not (session.get(CaseRow, first) and session.get(CaseRow, second)):
            continue
        if (earlier := standing.word_on(session, first, second)) is not None:
            standing.write_link(session, first, second, standing.WORDS[earlier.sort], earlier.by)
            continue
        link = shapes.load_link(told["link"]) if told["link"] is not None else None
        if told.get("anew") or (link is not None and link.decided_by.startswith(standing.PERSON)):
            cases = sourced.to_compare(session, [first, second])
            link = compare(cases[first], cases[second])
        if link is not None and link.decision != "apart":
            resolution.keep_links(session, [link])
    session.flush()


def _record(session: Session, incident_id: str, sort: str, by: str, note: str, details: dict[str, Any]) -> DecisionRow:
    row = DecisionRow(
        incident_id=incident_id, sort=sort, by=by, at=now(), note=note, details=details, undone_by="", undone_at=""
    )
    session.add(row)
    session.flush()
    return row
