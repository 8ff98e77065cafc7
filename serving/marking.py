"""The marking of an incident: what its sources make of it (TLP clear or amber), unless a person decided otherwise.

In: a session and a built incident. Out: the incident as it is marked. Decisions are made in `serving.rulings`.
TLP 2.0 (FIRST, August 2022): readers are shown clear and green; amber, amber+strict and red stay with those who work here.
"""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp.incident import Incident
from serving.store.feed_tables import DecisionRow
from serving.store.identity import now

LEVELS = ("clear", "green", "amber", "amber+strict", "red")
FOR_READERS = ("clear", "green")
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


def _standing(incident_id: str) -> sa.Select[tuple[DecisionRow]]:
    holds = (DecisionRow.incident_id == incident_id, DecisionRow.sort == "mark", DecisionRow.undone_at == "")
    return sa.select(DecisionRow).where(*holds).order_by(DecisionRow.id.desc())


def _last(session: Session, incident_id: str) -> DecisionRow | None:
    return session.scalar(_standing(incident_id).limit(1))
