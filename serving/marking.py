"""The marking of an incident: what its sources make of it (TLP clear or amber), unless a person decided otherwise.

In: a session and a built incident. Out: the incident as it is marked. Decisions are made in `serving.rulings`. A mark that closes an
incident to readers goes with its cases: into another incident, and by the stretch of text where a document is read anew.
TLP 2.0 (FIRST, August 2022): readers are shown clear and green; amber, amber+strict and red stay with those who work here.
"""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp.incident import Incident
from serving.store.feed_tables import DecisionRow, RuledCaseRow
from serving.store.identity import now
from serving.store.tables import CaseRow

LEVELS = ("clear", "green", "amber", "amber+strict", "red")
FOR_READERS = ("clear", "green")
_TO_THE_END = 2**31 - 1  # of a text however long
# Asked for every incident that is built: put together once.
_DECISIONS = sa.inspect(DecisionRow).local_table
_LAST_SAID = (
    sa.select(_DECISIONS.c.details)
    .where(
        _DECISIONS.c.incident_id == sa.bindparam("incident"), _DECISIONS.c.sort == "mark", _DECISIONS.c.undone_at == ""
    )
    .order_by(_DECISIONS.c.id.desc())
    .limit(1)
)


def marked(session: Session, incident: Incident) -> Incident:
    """The incident with the marking a person gave it last; one that readers may not see is not public, whatever its sources."""
    details = session.scalar(_LAST_SAID, {"incident": incident.id})
    if details is None:
        return incident
    tlp = details["tlp"]
    return replace(incident, tlp=tlp, public=incident.public and tlp in FOR_READERS)


def carry(session: Session, incident_id: str, into: str) -> None:
    """Cases go from one incident into another: what a person closed to readers stays closed where they come to.

    A mark that opens (clear, green) is not carried: it was said of the one incident.
    """
    source, target = _last(session, incident_id), _last(session, into)
    if source is None or source.details["tlp"] in FOR_READERS:
        return
    if target is not None and LEVELS.index(target.details["tlp"]) >= LEVELS.index(source.details["tlp"]):
        return
    session.add(
        DecisionRow(
            incident_id=into, sort="mark", by=source.by, at=now(), note=source.note, undone_by="", undone_at="",
            details={"tlp": source.details["tlp"], "from": incident_id},
        )
    )  # fmt: skip
    session.flush()


def take_back(session: Session, incident_id: str, came_from: str, by: str) -> None:
    """The marks that came along with another incident go with it again."""
    for row in session.scalars(_standing(incident_id)):
        if row.details.get("from") == came_from:
            row.undone_by, row.undone_at = by, now()
    session.flush()


def note(session: Session, document_id: str) -> None:
    """Before the cases of a document are taken out: write down which stretches of it stand in incidents that a person closed."""
    rows = session.execute(
        sa.select(CaseRow.id, CaseRow.incident_id, CaseRow.data).where(
            CaseRow.document_id == document_id, CaseRow.incident_id.in_(_closed())
        )
    ).all()
    for row in rows:
        decision = _last(session, row.incident_id)
        if decision is None or decision.details["tlp"] in FOR_READERS:
            continue
        there = {
            "decision_id": decision.id,
            "document_id": document_id,
            "start": row.data["start"],
            "end": row.data["end"],
        }
        if session.scalar(sa.select(RuledCaseRow.id).filter_by(**there).limit(1)) is None:
            session.add(RuledCaseRow(**there, case_id=row.id, moved=True))
    session.flush()


def follow(session: Session, document_id: str) -> None:
    """After the cases of a document found their incidents: what tells of a stretch that was closed is closed wherever it is now.

    A mark that a person gave its present incident later is his later word.
    """
    rows = session.execute(
        sa.select(RuledCaseRow.start, RuledCaseRow.end, DecisionRow.id, DecisionRow.incident_id)
        .join(DecisionRow, DecisionRow.id == RuledCaseRow.decision_id)
        .where(RuledCaseRow.document_id == document_id, DecisionRow.sort == "mark", DecisionRow.undone_at == "")
        .order_by(DecisionRow.id)
    ).all()
    if not rows:
        return
    cases = sa.select(CaseRow.incident_id, CaseRow.data).where(
        CaseRow.document_id == document_id, CaseRow.incident_id.is_not(None)  # what is only retold may wait for one
    )  # fmt: skip
    for home, data in session.execute(cases).all():
        for start, end, number, incident_id in rows:
            target = _last(session, home)
            apart = data["start"] >= end or data["end"] <= start or home == incident_id
            if not apart and (target is None or target.id < number):
                carry(session, incident_id, home)


def inherit(session: Session, before: str, after: str) -> None:
    """A corrected text takes the place of another: what was closed in that one is closed in all of it, for stretches do not compare."""
    noted = sa.select(RuledCaseRow.decision_id).where(RuledCaseRow.document_id == before)
    marks = sa.select(DecisionRow.id).where(DecisionRow.id.in_(noted), DecisionRow.sort == "mark")
    there = {"document_id": after, "start": 0, "end": _TO_THE_END}
    for number in session.scalars(marks).all():
        if session.scalar(sa.select(RuledCaseRow.id).filter_by(decision_id=number, **there).limit(1)) is None:
            session.add(RuledCaseRow(decision_id=number, case_id=None, moved=True, **there))
    session.flush()


def _closed() -> sa.Select[tuple[str]]:
    """Incidents that have a mark, of whatever sort."""
    return sa.select(DecisionRow.incident_id).where(DecisionRow.sort == "mark", DecisionRow.undone_at == "")


def _standing(incident_id: str) -> sa.Select[tuple[DecisionRow]]:
    holds = (DecisionRow.incident_id == incident_id, DecisionRow.sort == "mark", DecisionRow.undone_at == "")
    return sa.select(DecisionRow).where(*holds).order_by(DecisionRow.id.desc())


def _last(session: Session, incident_id: str) -> DecisionRow | None:
    return session.scalar(_standing(incident_id).limit(1))
