"""What lies around an incident: all evidence for its values, and the incidents most like it.

In: a session, an incident row, the viewer's role. Out: plain JSON values, masked (`serving.views`). It joins nothing and decides nothing.
A reader's answer is made from what he may see: complaints that nobody reviewed take no part in it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import mask
from nlp.incident import Link, SourcedCase
from nlp.resolve import blocking_keys, compare
from nlp.resolve.bearing_out import told_and_borne_out
from nlp.resolve.build import facts_of, independent, named_spans
from serving import resolution, sourced, views
from serving.store.tables import CaseRow, IncidentRow

# Cases of the incident that are compared with others: the first of a thousand tell what all of them tell.
CASES = 8


def evidence(session: Session, row: IncidentRow, viewer: str) -> list[dict[str, Any]]:
    """Every place where the sources tell a value, value by value; the record itself keeps the first 50 of each."""
    seen = _seen(sourced.of_incident(session, row.id), viewer)
    own, borne_out = told_and_borne_out(seen)
    cases = own + borne_out
    facts = facts_of(cases, independent(cases), named_spans(seen), None)
    return [
        {"kind": fact["kind"], "role": fact["role"], "text": fact["text"], **told}
        for fact in views.fact_views(row, facts, viewer)
        for told in fact["evidence"]
    ]


def similar(session: Session, row: IncidentRow, viewer: str, limit: int) -> list[dict[str, Any]]:
    """The incidents most like this one that the viewer may see: head, score, what agrees and what differs; best first."""
    ours = _seen(sourced.of_incident(session, row.id), viewer)[:CASES]
    best: dict[str, Link] = {}
    for case in ours:
        candidates = resolution.candidates(session, case.case_id, blocking_keys(case))
        homes = {
            found.id: found.incident_id
            for found in session.execute(sa.select(CaseRow.id, CaseRow.incident_id).where(CaseRow.id.in_(candidates)))
        }
        others = sourced.to_compare(session, [name for name in candidates if homes.get(name) not in (None, row.id)])
        visible = _visible(session, list(others), viewer)
        for name, other in others.items():
            if name in visible:
                link = compare(case, other)
                home = homes[name]
                if link.score > 0 and (home not in best or link.score > best[home].score):
                    best[home] = link
    ranked = sorted(best, key=lambda incident: (-best[incident].score, incident))
    found = []
    names = views.names_in(row)
    for incident in ranked:
        other = session.get(IncidentRow, incident)
        if other is None or other.withdrawn or not (other.public or mask.sees_all(viewer)):
            continue
        shown = views.link_view(best[incident], viewer, names | views.names_in(other))
        found.append(
            {"incident": views.incident_line(other, viewer), "score": shown["score"], "agreed": shown["agreed"],
             "contradicted": shown["contradicted"]}
        )  # fmt: skip
        if len(found) == limit:
            break
    return found


def _seen(cases: list[SourcedCase], viewer: str) -> list[SourcedCase]:
    if mask.sees_all(viewer):
        return cases
    return [case for case in cases if case.source.nature == "published" or case.source.reviewed]


def _visible(session: Session, case_ids: list[str], viewer: str) -> set[str]:
    """Which of these cases the viewer may be told of."""
    if mask.sees_all(viewer):
        return set(case_ids)
    return sourced.for_readers(session, case_ids)
