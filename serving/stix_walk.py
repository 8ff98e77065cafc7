"""All STIX objects of the feed in the order in which they were added: what TAXII pages through.

In: a session, the viewer's role, where to go on. Out: objects with the moment they were added and where the next begins. An incident
and its objects stand at the number of its last change (to a reader: the last he may see), so what was revised comes again, at the
end, and what is gone comes as a revoked object. The shared objects stand at 0. It knows no HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import mask
from serving import changes, queries, views
from serving.formats import stix_bundle
from serving.store.tables import ChangeRow, IncidentRow

CHUNK = 50
# Incidents looked through for one page of a narrow filter; the page may then be short, its cursor goes on.
SCAN = 2000


@dataclass(frozen=True, slots=True)
class Place:
    """Where to go on: from the object `index` of what stands at `sequence`."""

    sequence: int = 0
    index: int = 0

    def __str__(self) -> str:
        return f"{self.sequence}.{self.index}"


@dataclass(frozen=True, slots=True)
class Added:
    """One object, the moment it was added, and its place."""

    stix: dict[str, Any]
    at: str
    place: Place

    @property
    def version(self) -> str:
        """Its version: `modified`, or `created` of what has none."""
        return str(self.stix.get("modified") or self.stix["created"])


@dataclass(frozen=True, slots=True)
class Match:
    """Which objects; empty fields narrow nothing. `after`: added after this moment (with a zone)."""

    after: datetime | None = None
    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    spec_versions: tuple[str, ...] = ()

    def fits(self, added: Added) -> bool:
        """Is this object wanted? We hold one version of each: "last", "first" and "all" are that one."""
        held = {"last", "first", "all", added.version}
        return (
            (not self.ids or added.stix["id"] in self.ids)
            and (not self.types or added.stix["type"] in self.types)
            and (not self.versions or not held.isdisjoint(self.versions))
            and (not self.spec_versions or added.stix["spec_version"] in self.spec_versions)
        )


def page(
    session: Session, viewer: str, base: str, match: Match, start: Place, limit: int
) -> tuple[list[Added], Place | None]:
    """Up to `limit` objects from `start` on, and where the next page begins, None at the end."""
    found: list[Added] = []
    looked = 0
    before = -1
    for added in _from(session, viewer, base, match, start):
        if len(found) == limit or looked > SCAN:
            return found, added.place
        looked += added.place.sequence != before
        before = added.place.sequence
        if match.fits(added):
            found.append(added)
    return found, None


def _from(session: Session, viewer: str, base: str, match: Match, start: Place) -> Iterator[Added]:
    full = mask.sees_all(viewer)
    order = IncidentRow.sequence if full else IncidentRow.reader_sequence
    # 1. The shared objects.
    since = stix_bundle.SINCE
    if start.sequence == 0 and (match.after is None or datetime.fromisoformat(since) > match.after):
        for index, stix in enumerate(stix_bundle.shared(base)):
            if index >= start.index:
                yield Added(stix, since, Place(0, index))
    # 2. Incidents by the number of their last change. What is revised meanwhile moves to the end and is met there.
    query = sa.select(IncidentRow).where(order.is_not(None))
    if match.ids and all(name.startswith("incident--") for name in match.ids):
        query = query.where(IncidentRow.id.in_(_ours(session, match.ids)))
    low = max(start.sequence, 1 + (changes.number_at(session, match.after) if match.after else 0))
    while True:
        rows = list(session.scalars(query.where(order >= low).order_by(order).limit(CHUNK)))
        moments = _moments(session, [queries.number_to(row, viewer) for row in rows])
        for row in rows:
            number = queries.number_to(row, viewer)
            begin = start.index if number == start.sequence else 0
            for index, stix in enumerate(_objects(session, row, viewer)):
                if index >= begin:
                    yield Added(stix, moments[number], Place(number, index))
        if len(rows) < CHUNK:
            return
        low = queries.number_to(rows[-1], viewer) + 1


def _objects(session: Session, row: IncidentRow, viewer: str) -> list[dict[str, Any]]:
    full = mask.sees_all(viewer)
    if not row.withdrawn and (full or row.public):
        return stix_bundle.objects_of(views.incident_view(row, viewer))
    into = row.merged_into
    if into and not full:
        target = session.get(IncidentRow, into)
        into = into if target is not None and target.public else None
    created, revised = (row.created_at, row.revised_at) if full else (row.reader_created_at, row.reader_revised_at)
    return stix_bundle.tombstone(row.id, created, revised, into)


def _moments(session: Session, numbers: list[int]) -> dict[int, str]:
    rows = session.execute(sa.select(ChangeRow.sequence, ChangeRow.at).where(ChangeRow.sequence.in_(numbers)))
    return {row.sequence: row.at for row in rows}


def _ours(session: Session, ids: tuple[str, ...]) -> list[str]:
    """Our ids of these STIX incidents: a UUIDv5 cannot be turned back, so all are made once."""
    names = session.scalars(sa.select(IncidentRow.id))
    return [name for name in names if stix_bundle.incident_id(name) in ids]
