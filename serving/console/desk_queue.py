"""The desk's queue: which complaint comes next, and that two people never get the same one.

In: the store, a token for each browser that works at the desk. Out: ids of reports with the reasons why they come now.
First comes what the machine is unsure of or what is urgent: large, recent, the money still within reach. Leases are kept in this
process (the console is one); what was decided is in the store, and a decision on a report that somebody else decided meanwhile is
refused there (`serving.console.decisions`).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from serving.console import wording
from serving.console.leases import Leases
from serving.store import Store
from serving.store.tables import ArticleRow, CaseRow, DocumentRow, IncidentRow, LinkRow, ReportRow

# The order is looked at anew after this long; between, it is the list as it was less what was decided.
FRESH_SECONDS = 15.0
# Reports ranked at a time, the newest first: an older backlog moves up as these are done.
RANKED = 2000
# Banks and payment firms stop transfers within hours, seldom after days; within a month a freeze may still hold.
HOT_DAYS, WARM_DAYS = 3, 30
LARGE_YUAN = 100_000


@dataclass(frozen=True, slots=True)
class Item:
    """A report that waits, how urgent it is, and why, in words."""

    report_id: str
    points: float
    reasons: tuple[str, ...]


class Queue:
    """The queue of one process. Methods may be called from any thread."""

    def __init__(self, store: Callable[[], Store], clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        self._lock = threading.Lock()
        self._items: list[Item] = []
        self._read_at = -math.inf
        self._leases = Leases(clock)

    def take(self, who: str, number: int = 1) -> list[Item]:
        """The first `number` items that nobody else holds, leased to `who`; what he holds already comes first."""
        with self._lock:
            now = self._clock()
            if now - self._read_at > FRESH_SECONDS or len(self._free(who)) < number:
                self._read(now)
            found = self._free(who)
            if not found and self._leases.forgive(who):
                found = self._free(who)  # all that is left was put off: it comes round again
            held = [item for item in found if self._leases.has(who, item.report_id)]
            taken = (held + [item for item in found if item not in held])[:number]
            for item in taken:
                self._leases.take(who, item.report_id)
            return taken

    def skip(self, who: str, report_id: str) -> None:
        """Put one off: others may get it, `who` gets it when nothing else is left."""
        with self._lock:
            self._leases.put_off(who, report_id)

    def done(self, who: str, report_id: str) -> None:
        """It was decided."""
        with self._lock:
            self._items = [item for item in self._items if item.report_id != report_id]
            self._leases.let_go(who, report_id)

    def again(self) -> None:
        """Something came back into the queue: read it at the next taking."""
        with self._lock:
            self._read_at = -math.inf

    def leave(self, who: str) -> None:
        """`who` went away: what he held is free."""
        with self._lock:
            self._leases.leave(who)

    def __len__(self) -> int:
        return len(self._items)

    def _free(self, who: str) -> list[Item]:
        return [item for item in self._items if self._leases.free(who, item.report_id)]

    def _read(self, now: float) -> None:
        with self._store().reading() as session:
            self._items = waiting(session)
        self._read_at = now


def waiting(session: Session, today: datetime | None = None) -> list[Item]:
    """Analysed complaints that nobody reviewed, most pressing first. Loss in yuan is that of the incident they belong to."""
    open_ones = (
        sa.select(ReportRow.id, ReportRow.document_id, ReportRow.received_at)
        .where(ReportRow.reviewed_by == "", ReportRow.state.in_(("analysed", "corrected")))
        .order_by(ReportRow.received_at.desc(), ReportRow.id)
        .limit(RANKED)
        .subquery()
    )
    query = (
        sa.select(
            open_ones.c.id, open_ones.c.received_at, DocumentRow.published, _any(ArticleRow.review), sa.func.min(ArticleRow.confidence),
            sa.func.max(IncidentRow.loss_max_fen), sa.func.max(IncidentRow.last_date),
        )
        .join(DocumentRow, DocumentRow.id == open_ones.c.document_id)
        .outerjoin(ArticleRow, ArticleRow.document_id == open_ones.c.document_id)
        .outerjoin(CaseRow, CaseRow.document_id == open_ones.c.document_id)
        .outerjoin(IncidentRow, IncidentRow.id == CaseRow.incident_id)
        .group_by(open_ones.c.id, open_ones.c.received_at, DocumentRow.published)
    )  # fmt: skip
    rows = session.execute(query).all()
    doubtful = _undecided(session, sa.select(open_ones.c.document_id))
    items = [
        _ranked(
            report_id, bool(unsure), (loss or 0) / 100, last_date or published[:10] or "", report_id in doubtful, today
        )
        for report_id, _, published, unsure, _, loss, last_date in rows
    ]
    return sorted(items, key=lambda item: (-item.points, item.report_id))


def _ranked(report_id: str, unsure: bool, loss: float, happened: str, doubtful: bool, today: datetime | None) -> Item:
    """Points: one for every power of ten of the loss, four where the money may still be stopped, two within a month, three for doubt."""
    points, reasons = math.log10(loss) if loss > 1 else 0.0, []
    now = today or datetime.now(UTC).astimezone()
    if loss >= LARGE_YUAN:
        reasons.append(f"损失大（{wording.about_money(loss, loss)}）")
    if happened >= (now - timedelta(days=HOT_DAYS)).date().isoformat():
        points += 4
        reasons.append(f"{HOT_DAYS} 天内，或可止付")
    elif happened >= (now - timedelta(days=WARM_DAYS)).date().isoformat():
        points += 2
        reasons.append(f"{WARM_DAYS} 天内")
    if unsure:
        points += 3
        reasons.append("机器拿不准类型")
    if doubtful:
        points += 1
        reasons.append("或与他案为同一案")
    return Item(report_id, points, tuple(reasons))


def _any(column: sa.ColumnElement[bool] | sa.orm.InstrumentedAttribute[bool]) -> sa.ColumnElement[int]:
    return sa.func.max(sa.case((column.is_(True), 1), else_=0))


def _undecided(session: Session, documents: sa.Select[tuple[str]]) -> set[str]:
    """Reports with a case that may be another incident's."""
    mine = sa.select(CaseRow.id).where(CaseRow.document_id.in_(documents))
    found: set[str] = set()
    for side in (LinkRow.first, LinkRow.second):
        query = (
            sa.select(ReportRow.id)
            .join(CaseRow, CaseRow.document_id == ReportRow.document_id)
            .join(LinkRow, side == CaseRow.id)
            .where(LinkRow.decision == "undecided", CaseRow.id.in_(mine))
        )
        found.update(session.scalars(query))
    return found


def similar(session: Session, case_ids: Sequence[str]) -> list[tuple[str, LinkRow]]:
    """(incident, best link) of every other case that one of these may be the same as or was joined with, best first."""
    best: dict[str, LinkRow] = {}
    for near, far in ((LinkRow.first, LinkRow.second), (LinkRow.second, LinkRow.first)):
        query = (
            sa.select(LinkRow, CaseRow.incident_id)
            .join(CaseRow, CaseRow.id == far)
            .where(near.in_(case_ids), far.not_in(case_ids))
        )
        for link, incident_id in session.execute(query):
            if incident_id not in best or best[incident_id].score < link.score:
                best[incident_id] = link
    return sorted(best.items(), key=lambda item: (-item[1].score, item[0]))
