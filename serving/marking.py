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

LEVELS = ("clear", "green", "amber", "amber+strict", "red")
FOR_READERS = ("clear", "green")


def marked(session: Session, incident: Incident) -> Incident:
    """The incident with the marking a person gave it last; one that readers may not see is not public, whatever its sources."""
    holds = (DecisionRow.incident_id == incident.id, DecisionRow.sort == "mark", DecisionRow.undone_at == "")
    details = session.scalar(sa.select(DecisionRow.details).where(*holds).order_by(DecisionRow.id.desc()).limit(1))
    if details is None:
        return incident
    return replace(incident, tlp=details["tlp"], public=incident.public and details["tlp"] in FOR_READERS)
