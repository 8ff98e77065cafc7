"""What incidents were: old states kept when a change replaces them, read back as of a number of the sequence, erased on withdrawal.

In: sessions and sequence numbers. Out: detached incident rows as they stood then. The present state is in `incidents` alone, so a
store in which nothing was ever revised keeps nothing twice. It renders nothing and numbers nothing.

What was taken out stays out: a version is erased when a document in it is withdrawn, and a reader is never shown an old state of an
incident that he may not see today.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import mask
from nlp.errors import NotFoundError
from serving.store.feed_tables import MembershipRow, VersionRow
from serving.store.tables import IncidentRow

# Old versions read at a time while looking for those that fit a filter.
SCAN = 500
_SAME = ("sequence", "revision", "public", "reader_sequence", "reader_revision", "created_at", "revised_at",
         "reader_created_at", "reader_revised_at")  # fmt: skip


def keep(session: Session, row: IncidentRow, until: int, facets: dict[str, Any]) -> None:
    """Keep what `row` is before the change `until` replaces it. Tombstones hold nothing and are not kept."""
    if row.withdrawn or not row.data:
        return
    packed = zlib.compress(json.dumps(row.data, ensure_ascii=False, separators=(",", ":")).encode())
    values = {name: getattr(row, name) for name in _SAME}
    session.execute(
        sa.insert(VersionRow), [values | {"until": until, "incident_id": row.id, "facets": facets, "data": packed}]
    )


def belongs(session: Session, pairs: Iterable[tuple[str, str]]) -> None:
    """Note that documents are told in incidents: (document id, incident id)."""
    wanted = sorted(set(pairs))
    if not wanted:
        return
    rows = [{"document_id": document, "incident_id": incident} for document, incident in wanted]
    session.execute(_noted(session.get_bind().dialect.name), rows)


@cache
def _noted(dialect: str) -> Any:
    """The statement of `belongs`, put together once."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    return insert(sa.inspect(MembershipRow).local_table).on_conflict_do_nothing()


def erase(session: Session, document_ids: Iterable[str]) -> None:
    """Erase every old version of every incident that one of these documents was ever told in."""
    for document_id in document_ids:
        told = sa.select(MembershipRow.incident_id).where(MembershipRow.document_id == document_id)
        session.execute(sa.update(VersionRow).where(VersionRow.incident_id.in_(told)).values(data=None))


def get(session: Session, incident_id: str, sequence: int, *, viewer: str = mask.DEFAULT_VIEWER) -> IncidentRow:
    """The incident as it was once the change `sequence` had happened.

    Raises NotFoundError where there was none yet, where the viewer may not see it (then or today), and where it was erased.
    """
    row = session.scalar(sa.select(IncidentRow).where(IncidentRow.id == incident_id, _shown_today(viewer)))
    if row is not None:
        if row.sequence <= sequence and not row.withdrawn:
            return row
        found = session.scalar(
            sa.select(VersionRow).where(
                VersionRow.incident_id == incident_id, VersionRow.sequence <= sequence, VersionRow.until > sequence
            )
        )
        if found is not None and found.data is not None and (found.public or mask.sees_all(viewer)):
            return _row(found)
    raise NotFoundError("当时没有这个事件，或其内容已撤下", where=incident_id, advice="去掉 as_of 看现在的内容")


def replaced(
    session: Session, sequence: int, fits: Callable[[dict[str, Any]], bool], *, viewer: str, below: int | None, limit: int
) -> list[IncidentRow]:  # fmt: skip
    """Up to `limit` incidents in states that held at `sequence` and have been replaced since, newest change first.

    fits: does a version's facets fit the filter? below: only numbers under this one (the cursor).
    """
    full = mask.sees_all(viewer)
    order = VersionRow.sequence if full else VersionRow.reader_sequence
    query = sa.select(VersionRow).where(
        VersionRow.until > sequence, VersionRow.sequence <= sequence, VersionRow.data.is_not(None)
    )
    if not full:
        query = query.where(VersionRow.public.is_(True))
    today = sa.select(IncidentRow.id).where(_shown_today(viewer))
    query = query.where(VersionRow.incident_id.in_(today)).order_by(order.desc())
    found: list[IncidentRow] = []
    while len(found) < limit:
        rows = session.scalars(query.where(order < below) if below is not None else query).fetchmany(SCAN)
        found += [_row(row) for row in rows if fits(row.facets)]
        if len(rows) < SCAN:
            break
        below = rows[-1].sequence if full else rows[-1].reader_sequence
    return found[:limit]


def _shown_today(viewer: str) -> sa.ColumnElement[bool]:
    """May the viewer see this incident today, by itself or as a part of the one it was merged into?"""
    live = sa.select(IncidentRow.id).where(IncidentRow.withdrawn.is_(False))
    if not mask.sees_all(viewer):
        live = live.where(IncidentRow.public.is_(True))
    return IncidentRow.id.in_(live) | IncidentRow.merged_into.in_(live)


def _row(version: VersionRow) -> IncidentRow:
    """The version as an incident row that belongs to no session."""
    assert version.data is not None
    values = {name: getattr(version, name) for name in _SAME}
    return IncidentRow(
        id=version.incident_id, withdrawn=False, data=json.loads(zlib.decompress(version.data)), **values
    )
