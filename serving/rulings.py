"""What people decide about incidents: merge, split off, mark; each with who, when and why, and each can be undone.

In: an open write transaction, ids, who decides. Out: the decision's row; incidents are built anew and numbered. A person's word is
a link of its own between cases ("same" or "apart", decided_by person:…), so that no machine puts together again what he took apart.
Raises NotFoundError, ConflictError, InputError.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp.errors import ConflictError, InputError, NotFoundError
from nlp.incident import Link
from serving import changes, incidents, marking, resolution
from serving.store import shapes
from serving.store.feed_tables import DecisionRow
from serving.store.identity import now
from serving.store.tables import CaseRow, IncidentRow, LinkRow


def merge(session: Session, incident_id: str, *, into: str, by: str, note: str = "") -> DecisionRow:
    """Make one incident of two; the first one's id redirects from then on."""
    changes.lock(session)
    _live(session, incident_id)
    _live(session, into)
    if incident_id == into:
        raise InputError("不能并入自己", where=incident_id)
    moved, kept = _cases(session, incident_id), _cases(session, into)
    details = {"into": into, "cases": moved, "links": _relink(session, [(moved[0], kept[0])], "same", by)}
    resolution.merge(session, incident_id, into=into)
    incidents.rebuild(session, [into, incident_id])
    return _record(session, incident_id, "merge", by, note, details)


def split(session: Session, incident_id: str, *, document_ids: Sequence[str], by: str, note: str = "") -> DecisionRow:
    """Make the cases of these documents an incident of their own; links between the two parts say "apart" from then on."""
    changes.lock(session)
    _live(session, incident_id)
    every = _cases(session, incident_id)
    leaving = set(
        session.scalars(
            sa.select(CaseRow.id).where(CaseRow.incident_id == incident_id, CaseRow.document_id.in_(document_ids))
        )
    )
    staying = [case for case in every if case not in leaving]
    if not leaving or not staying:
        raise ConflictError("拆分须留下一部分、分出一部分", where=incident_id, expected="该事件的一部分来源文档")
    pairs = [
        (row.first, row.second)
        for row in session.execute(
            sa.select(LinkRow.first, LinkRow.second).where(
                (LinkRow.first.in_(leaving) & LinkRow.second.in_(staying))
                | (LinkRow.second.in_(leaving) & LinkRow.first.in_(staying))
            )
        )
    ] or [(sorted(leaving)[0], staying[0])]
    links = _relink(session, pairs, "apart", by)
    part = resolution.part_from(session, incident_id, sorted(leaving))
    incidents.rebuild(session, [incident_id, part])
    return _record(session, incident_id, "split", by, note, {"into": part, "cases": sorted(leaving), "links": links})


def mark(session: Session, incident_id: str, *, tlp: str, by: str, note: str = "") -> DecisionRow:
    """Mark an incident by TLP 2.0; amber and stricter takes it from readers."""
    changes.lock(session)
    _live(session, incident_id)
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
        raise ConflictError("这个决定已经撤销", where=str(decision_id))
    row.undone_by, row.undone_at = by, now()
    session.flush()
    touched = {row.incident_id}
    if row.sort in ("merge", "split"):
        into, cases = row.details["into"], row.details["cases"]
        # Cases that were taken out or went elsewhere since stay where they are.
        holder, home = (into, row.incident_id)
        moving = list(
            session.scalars(sa.select(CaseRow.id).where(CaseRow.id.in_(cases), CaseRow.incident_id == holder))
        )
        if not moving:
            raise ConflictError("这些来源已不在该事件中，无法撤销", where=str(decision_id))
        _restore(session, row.details["links"])
        target = session.get_one(IncidentRow, home)
        if row.sort == "merge":
            target.merged_into = None
        session.execute(sa.update(CaseRow).where(CaseRow.id.in_(moving)).values(incident_id=home))
        if row.sort == "split" and resolution.is_empty(session, holder):
            session.get_one(IncidentRow, holder).merged_into = home
        touched.add(into)
    incidents.rebuild(session, touched)
    return row


def listed(session: Session, incident_id: str = "", limit: int = 100) -> list[DecisionRow]:
    """Decisions, newest first; those about one incident (by itself or as the other side)."""
    rows = session.scalars(sa.select(DecisionRow).order_by(DecisionRow.id.desc()))
    fitting = (row for row in rows if not incident_id or incident_id in (row.incident_id, row.details.get("into")))
    return [row for row, _ in zip(fitting, range(limit), strict=False)]


def _live(session: Session, incident_id: str) -> IncidentRow:
    row = session.get(IncidentRow, incident_id)
    if row is None:
        raise NotFoundError("没有这个事件", where=incident_id)
    if row.withdrawn:
        raise ConflictError("这个事件已并入别处或已撤下", where=incident_id)
    return row


def _cases(session: Session, incident_id: str) -> list[str]:
    return list(session.scalars(sa.select(CaseRow.id).where(CaseRow.incident_id == incident_id).order_by(CaseRow.id)))


def _relink(session: Session, pairs: Sequence[tuple[str, str]], decision: Any, by: str) -> list[dict[str, Any]]:
    """Put a person's links in the place of the machine's; returns what stood there: {"first", "second", "link" or None}."""
    before = []
    for pair in pairs:
        first, second = sorted(pair)
        row = session.get(LinkRow, (first, second))
        before.append({"first": first, "second": second, "link": row.data if row is not None else None})
        if row is not None:
            session.delete(row)
            session.flush()
        link = Link(first, second, 0.0, decision, decided_by=f"{resolution.PERSON}{by}")
        session.add(LinkRow(first=first, second=second, decision=decision, score=0.0, data=shapes.dump(link)))
    session.flush()
    return before


def _restore(session: Session, before: Sequence[dict[str, Any]]) -> None:
    for told in before:
        row = session.get(LinkRow, (told["first"], told["second"]))
        if row is not None:
            session.delete(row)
            session.flush()
        if told["link"] is not None:
            link = shapes.load_link(told["link"])
            if session.get(CaseRow, link.first) and session.get(CaseRow, link.second):
                session.add(
                    LinkRow(
                        first=link.first,
                        second=link.second,
                        decision=link.decision,
                        score=link.score,
                        data=told["link"],
                    )
                )
    session.flush()


def _record(session: Session, incident_id: str, sort: str, by: str, note: str, details: dict[str, Any]) -> DecisionRow:
    row = DecisionRow(
        incident_id=incident_id, sort=sort, by=by, at=now(), note=note, details=details, undone_by="", undone_at=""
    )
    session.add(row)
    session.flush()
    return row
