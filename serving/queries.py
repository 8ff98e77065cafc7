"""Questions to the store: everything the API, the console and the command line read.

In: a session of `Store.reading()`, filters, who asks. Out: rows (detached data, valid after the session) and cursors. It writes
nothing and renders nothing: what a viewer may see of a row's content is `serving.views`; whether he may see the row at all is
decided here (a reader gets public incidents and public changes only).

A cursor is a sequence number (incidents: that of the last change the viewer may see) or a row's key, never a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import mask, taxonomy
from nlp.errors import ConflictError, NotFoundError
from serving import changes, index_pages, snapshots
from serving.fitting import IncidentFilter as IncidentFilter  # asked for here by everybody
from serving.fitting import Movement, code_range, date_branches, lost, movements, side_fits
from serving.store.incident_index import ANALYST, Asked, asked_facets, index_for
from serving.store.search import search_for
from serving.store.tables import (
    ArticleRow,
    CaseRow,
    ChangeRow,
    DocumentRow,
    InboxRow,
    IncidentPlaceRow,
    IncidentRow,
    ReportRow,
)  # fmt: skip

LIMIT = 50
MOST = 500
# Rows of one table (CSV, JSON Lines, Parquet): 10,000 incidents are about 30 MB of records in memory.
MOST_ROWS = 10_000
# Lines of the log looked through for one page of a filtered follower; the cursor moves on even when none fits.
SCAN = 5000
# The same where words are asked for: a former state is read to look for them, a few milliseconds each.
SCAN_WORDS = 300
# A condition that at most so many incidents meet is answered by their ids, any other by asking incident after incident in the list's order.
# Measured on SQLite with 100,000 (processor time): taking one by its id 13 µs, asking one 1.4 µs; so 2,000 are taken in 26 ms, and of a
# million of which 2,000 fit a page of 50 is found in 36 ms.
FEW = 2000
# What every answer about one document asks: put together once.
_THIS = sa.bindparam("document")
_ARTICLES_OF = sa.select(ArticleRow).where(ArticleRow.document_id == _THIS).order_by(ArticleRow.number)
_CASES_OF = (
    sa.select(CaseRow)
    .join(ArticleRow, (ArticleRow.document_id == CaseRow.document_id) & (ArticleRow.number == CaseRow.article))
    .where(CaseRow.document_id == _THIS, ArticleRow.kind == taxonomy.CASE)  # not what it retells of others
    .order_by(CaseRow.article, CaseRow.number)
)
_INBOX_OF = sa.select(InboxRow).where(InboxRow.document_id == _THIS)
_HOMES = sa.select(CaseRow.incident_id).where(CaseRow.document_id == _THIS)
_INCIDENTS_OF = sa.select(IncidentRow).where(IncidentRow.id.in_(_HOMES)).order_by(IncidentRow.id)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows and where the next page begins; `cursor` None at the end (for changes: always where to go on from).

    movements: of changes that were asked for with a filter, how the incident of each moved, by number.
    """

    rows: Sequence[Any]
    cursor: int | None
    movements: Mapping[int, Movement] = field(default_factory=dict)


def list_incidents(
    session: Session, wanted: IncidentFilter = IncidentFilter(), *, viewer: str = mask.DEFAULT_VIEWER,
    cursor: int | None = None, limit: int = LIMIT, as_of: int | None = None, most: int = MOST,
) -> Page:  # fmt: skip
    """Incidents, newest change first; `cursor` from the page before. Withdrawn and merged ones are not listed.

    To a reader the newest change is the newest that he may see. as_of: as they were once that change had happened (words cannot be
    asked of the past: ConflictError).
    """
    full = mask.sees_all(viewer)
    limit = max(1, min(limit, most))
    order = IncidentRow.sequence if full else IncidentRow.reader_sequence
    if as_of is not None and wanted.words.strip():
        raise ConflictError(
            "as_of 不能与词语同用", where="q", expected="只用类型、地区、时间、损失等筛选", advice="去掉 q 或 as_of"
        )
    if wanted.words.strip() or wanted.place.strip():
        numbers = index_pages.page(session, wanted, viewer, cursor, limit + 1, as_of)
        rows = list(session.scalars(sa.select(IncidentRow).where(order.in_(numbers)).order_by(order.desc())))
        return _with_past(session, rows, wanted, viewer, cursor, limit, as_of)
    narrowed = narrow(session, wanted, viewer)
    shown = [IncidentRow.withdrawn.is_(False)] + ([] if full else [IncidentRow.public.is_(True)])
    shown += [] if as_of is None else [IncidentRow.sequence <= as_of]
    query = sa.select(IncidentRow.id).where(*shown, *narrowed.conditions)
    if cursor is not None:
        query = query.where(order < cursor)
    # Where few can fit, a database that walks the list in its order would walk all of it: the order is no column of its own then.
    newest = (order + 0 if narrowed.few else order).desc()
    ids = session.scalars(query.order_by(newest).limit(limit + 1)).all()
    # Whole rows, a few kilobytes each, for the page alone.
    rows = list(session.scalars(sa.select(IncidentRow).where(IncidentRow.id.in_(ids)).order_by(order.desc())))
    return _with_past(session, rows, wanted, viewer, cursor, limit, as_of)


def _with_past(
    session: Session, rows: list[IncidentRow], wanted: IncidentFilter, viewer: str, cursor: int | None, limit: int, as_of: int | None
) -> Page:  # fmt: skip
    """The page of these rows; as_of: with what has been replaced since, as it was then."""
    if as_of is not None:

        def fits(facets: dict[str, Any]) -> bool:
            return side_fits(wanted, facets, mask.sees_all(viewer))

        rows += snapshots.replaced(session, as_of, fits, viewer=viewer, below=cursor, limit=limit + 1)
        rows.sort(key=lambda row: number_to(row, viewer), reverse=True)
    return Page(rows[:limit], number_to(rows[limit - 1], viewer) if len(rows) > limit else None)


def number_to(row: IncidentRow, viewer: str) -> int:
    """The number of the incident's last change that this viewer may see: his cursor, and what he is told has moved."""
    return row.sequence if mask.sees_all(viewer) else row.reader_sequence or 0


def get_incident(session: Session, incident_id: str, *, viewer: str = mask.DEFAULT_VIEWER) -> IncidentRow:
    """The incident with this id, or the one it was merged into. Raises NotFoundError, also for what the viewer may not see."""
    row = session.get(IncidentRow, incident_id)
    seen = {incident_id}
    while row is not None and row.merged_into and row.merged_into not in seen:
        seen.add(row.merged_into)
        row = session.get(IncidentRow, row.merged_into)
    if row is None or row.withdrawn or not (row.public or mask.sees_all(viewer)):
        gone = row is not None and row.withdrawn
        raise NotFoundError(
            "事件已撤回" if gone else "没有这个事件",
            where=incident_id,
            advice="可在 /v1/changes 查看其去向" if gone else "",
        )
    return row


def incidents_of(session: Session, document_id: str) -> list[IncidentRow]:
    """The incidents that the cases of a document belong to."""
    return list(session.scalars(_INCIDENTS_OF, {"document": document_id}))


def list_changes(
    session: Session, after: int = 0, *, limit: int = LIMIT, viewer: str = mask.DEFAULT_VIEWER,
    wanted: IncidentFilter | None = None,
) -> Page:  # fmt: skip
    """Changes with a number above `after`, oldest first; `cursor` is where to go on, also when no row fitted.

    wanted: only changes of incidents that fit before or after them, so a follower hears when one leaves; `movements` says which did.
    """
    if wanted == IncidentFilter():  # narrows nothing
        wanted = None
    limit = max(1, min(limit, MOST))
    # Read first, and nothing above it: where two statements see two states, what came between them is the next page's.
    newest = changes.last_number(session)
    query = sa.select(ChangeRow).where(ChangeRow.sequence > after, ChangeRow.sequence <= newest)
    if not mask.sees_all(viewer):
        query = query.where(ChangeRow.public.is_(True))
    span = limit if wanted is None else SCAN_WORDS if wanted.words.strip() else SCAN
    scanned = session.scalars(query.order_by(ChangeRow.sequence).limit(span)).all()
    moved = {} if wanted is None else movements(session, wanted, scanned, viewer)
    fitting = [row for row in scanned if wanted is None or row.sequence in moved]
    if len(fitting) > limit:
        return Page(fitting[:limit], fitting[limit - 1].sequence, moved)
    return Page(fitting, scanned[-1].sequence if len(scanned) == span else max(newest, after), moved)


def public_among(session: Session, incident_ids: Sequence[str]) -> set[str]:
    """Which of these a reader may see: a tombstone does not tell him of others."""
    if not incident_ids:
        return set()
    rows = sa.select(IncidentRow.id).where(IncidentRow.id.in_(incident_ids), IncidentRow.public.is_(True))
    return set(session.scalars(rows))


def history_of(session: Session, incident_id: str, *, viewer: str = mask.DEFAULT_VIEWER) -> Sequence[ChangeRow]:
    """All changes of one incident that the viewer may see, oldest first. Raises NotFoundError where there are none."""
    query = sa.select(ChangeRow).where(ChangeRow.incident_id == incident_id)
    if not mask.sees_all(viewer):
        query = query.where(ChangeRow.public.is_(True))
    rows = session.scalars(query.order_by(ChangeRow.sequence)).all()
    if not rows:
        raise NotFoundError("没有这个事件", where=incident_id)
    return rows


def get_document(session: Session, document_id: str) -> DocumentRow:
    """The document with this id, withdrawn ones too. Raises NotFoundError."""
    row = session.get(DocumentRow, document_id)
    if row is None:
        raise NotFoundError("没有这个文档", where=document_id)
    return row


def list_documents(
    session: Session, *, words: str = "", kind: str = "", label: str = "", nature: str = "", review: bool | None = None,
    cursor: str = "", limit: int = LIMIT,
) -> tuple[list[DocumentRow], str | None]:  # fmt: skip
    """Documents that are not withdrawn, by id, and the cursor of the next page. `kind`, `label`, `review` ask of any article."""
    query = sa.select(DocumentRow).where(DocumentRow.withdrawn.is_(False), DocumentRow.id > cursor)
    if nature:
        query = query.where(DocumentRow.nature == nature)
    asked = [ArticleRow.kind == kind] * bool(kind)
    if label:  # an unrelated article keeps the machine's best guess, but that is no label of it
        asked += [ArticleRow.label == label, ArticleRow.kind != taxonomy.UNRELATED]
    asked += [] if review is None else [ArticleRow.review.is_(review)]
    if asked:
        query = query.where(DocumentRow.id.in_(sa.select(ArticleRow.document_id).where(*asked)))
    if words.strip():
        keys = _search(session).keys(words)
        query = query.where(sa.false() if keys is None else DocumentRow.id.in_(keys))
    limit = max(1, min(limit, MOST))
    rows = list(session.scalars(query.order_by(DocumentRow.id).limit(limit + 1)))
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def articles_of(session: Session, document_id: str) -> Sequence[ArticleRow]:
    """The articles of a document in order."""
    return session.scalars(_ARTICLES_OF, {"document": document_id}).all()


def cases_of(session: Session, document_id: str) -> Sequence[CaseRow]:
    """The cases of a document in order."""
    return session.scalars(_CASES_OF, {"document": document_id}).all()


def inbox_of(session: Session, document_id: str) -> InboxRow | None:
    """How far a document got: state, attempts, error."""
    return session.scalar(_INBOX_OF, {"document": document_id})


def get_report(session: Session, report_id: str) -> ReportRow:
    """The report with this id, withdrawn ones too. Raises NotFoundError."""
    row = session.get(ReportRow, report_id)
    if row is None:
        raise NotFoundError("没有这件投诉", where=report_id)
    return row


def find_report(session: Session, *, external_id: str = "", idempotency_key: str = "") -> ReportRow | None:
    """The report with the sender's number or under the sender's key."""
    asked = ReportRow.external_id == external_id if external_id else ReportRow.idempotency_key == idempotency_key
    return session.scalar(sa.select(ReportRow).where(asked)) if external_id or idempotency_key else None


def list_reports(
    session: Session, *, state: str = "", reviewed: bool | None = None, cursor: str = "", limit: int = LIMIT
) -> tuple[list[ReportRow], str | None]:
    """Reports by id, and the cursor of the next page."""
    query = sa.select(ReportRow).where(ReportRow.id > cursor)
    if state:
        query = query.where(ReportRow.state == state)
    if reviewed is not None:
        query = query.where(ReportRow.reviewed_by != "" if reviewed else ReportRow.reviewed_by == "")
    limit = max(1, min(limit, MOST))
    rows = list(session.scalars(query.order_by(ReportRow.id).limit(limit + 1)))
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def _search(session: Session) -> Any:
    return search_for(session.get_bind().dialect.name)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A filter as conditions on `IncidentRow`. few: one of them alone lets at most `FEW` incidents through, and says so by their ids.

    unled: the same conditions for incidents that are taken by their ids, whatever they are taken by: a database begins with none of them.
    """

    conditions: tuple[Any, ...]
    few: bool
    unled: tuple[Any, ...]


def conditions(session: Session, wanted: IncidentFilter, viewer: str, *, led: bool = True) -> list[Any]:
    """The filter as conditions on `IncidentRow`, for other orders of the same list.

    led: a database may begin with one of them; else it goes along the order, which is soon done where many fit. What few fit always leads.
    """
    narrowed = narrow(session, wanted, viewer)
    return list(narrowed.conditions if led or narrowed.few else narrowed.unled)


def counting(session: Session, wanted: IncidentFilter, viewer: str) -> sa.Select[tuple[str]]:
    """Ids of the incidents that fit, to be counted: a place alone gives its incidents, and is not asked of every incident.

    Of a province among a million, 0.1 s instead of 0.35 s; with a type beside it, going through the type's is less than through the place's.
    """
    if not wanted.place.strip() or wanted != IncidentFilter(place=wanted.place):
        return sa.select(IncidentRow.id).where(*conditions(session, wanted, viewer))
    named = sa.select(IncidentPlaceRow.incident_id).join(IncidentRow, IncidentRow.id == IncidentPlaceRow.incident_id)
    return named.where(*_there(wanted, viewer)).distinct()


def narrow(session: Session, wanted: IncidentFilter, viewer: str) -> Narrowed:
    """The filter as conditions, the rare ones looked up first: what nothing fits is not looked for among a million."""
    # 1. What has an index of its own: how many meet it, counted no further than matters.
    asked = [*_placed(wanted, viewer), *_dated(wanted)]
    numbers = [
        session.scalar(sa.select(sa.func.count()).select_from(each.some.limit(FEW + 1).subquery())) or 0 for each in asked
    ]  # fmt: skip
    few = any(number <= FEW for number in numbers)

    def conditions_on(row: Any) -> tuple[Any, ...]:
        found: list[Any] = [
            sa.false() if not number else each.ids if number <= FEW else each.of(row)
            for each, number in zip(asked, numbers, strict=True)
        ]
        if wanted.labels:
            found.append(row.label.in_(wanted.labels))
        if wanted.kinds and "case" not in wanted.kinds:
            found.append(sa.false())
        for column, value in ((row.status, wanted.status), (row.basis, wanted.basis), (row.tlp, wanted.tlp)):
            if value:
                found.append(column == value)
        found += lost(wanted, row)
        if wanted.words.strip():
            held = index_for(session).numbers(Asked(wanted.words, asked_facets(IncidentFilter(), "", ANALYST)))
            found.append(sa.false() if held is None else IncidentRow.sequence.in_(held))
        return tuple(found)

    # 2. Taken by their ids, nothing else may lead: a database that begins with a type goes through all that are of it.
    unled = conditions_on(_Unled())
    return Narrowed(unled if few else conditions_on(IncidentRow), few, unled)


class _Unled:
    """Columns of `IncidentRow` that a database compares and begins with none of."""

    def __getattr__(self, name: str) -> Any:
        return sa.case((sa.true(), getattr(IncidentRow, name)))


@dataclass(frozen=True, slots=True)
class _Indexed:
    """A condition with an index of its own. some: one row a match; ids: by ids; of: asked of the columns of one incident."""

    some: sa.Select[Any]
    ids: Any
    of: Callable[[Any], Any]


def _placed(wanted: IncidentFilter, viewer: str) -> Iterator[_Indexed]:
    if wanted.place.strip():
        there = _there(wanted, viewer)
        one = sa.select(sa.literal(1)).where(*there)
        here = one.where(IncidentPlaceRow.incident_id == IncidentRow.id).exists()
        yield _Indexed(
            one, IncidentRow.id.in_(sa.select(IncidentPlaceRow.incident_id).where(*there)), lambda _row: here
        )


def _there(wanted: IncidentFilter, viewer: str) -> list[Any]:
    low, high = code_range(wanted.place)
    public = [] if mask.sees_all(viewer) else [IncidentPlaceRow.public.is_(True)]
    return [IncidentPlaceRow.code >= low, IncidentPlaceRow.code < high, *public]


def _dated(wanted: IncidentFilter) -> Iterator[_Indexed]:
    """One of several conditions each, with an index of its own, that no index has together."""

    for branches in date_branches(wanted):
        of = branches(IncidentRow)
        some = sa.union_all(*(sa.select(sa.literal(1).label("one")).where(branch) for branch in of)).subquery()
        ids = sa.union_all(*(sa.select(IncidentRow.id).where(branch) for branch in of))
        yield _Indexed(
            sa.select(some.c.one), IncidentRow.id.in_(ids), lambda row, branches=branches: sa.or_(*branches(row))
        )
