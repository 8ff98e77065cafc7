"""The list of incidents in other orders than the feed's, page by page, forwards, with a count that stops counting in time.

In: a session, a filter of `serving.queries`, an order, where the page before ended. Out: rows, the end of this page, a count.
Pages are found by the last row's value and number, never by an offset: the thousandth page costs what the first does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import mask
from serving import queries, statistics
from serving.queries import IncidentFilter
from serving.store.tables import IncidentRow

PAGE = 50
# Counting stops here: nobody reads on from ten thousand, and counting a million rows takes seconds.
COUNTED = 10_000
Order = Literal["changed", "loss", "date", "sources"]
_COLUMNS = {"loss": IncidentRow.loss_max_fen, "date": IncidentRow.last_date, "sources": IncidentRow.sources}
# The last row of a page: the value it is ordered by (None among those without one) and its number.
End = tuple[Any, int]


@dataclass(frozen=True, slots=True)
class Stretch:
    """One page of rows; `end` is None where nothing follows."""

    rows: Sequence[IncidentRow]
    end: End | None


def list_page(
    session: Session, wanted: IncidentFilter, *, viewer: str = mask.DEFAULT_VIEWER, order: Order = "changed",
    ascending: bool = False, after: End | None = None, limit: int = PAGE,
) -> Stretch:  # fmt: skip
    """Rows in this order behind `after`; those without a value come last, newest change first."""
    column = _COLUMNS.get(order)
    led = column is None or _few(session, wanted, viewer, limit)
    conditions = queries.conditions(session, wanted, viewer, led=led)
    base = _visible(sa.select(IncidentRow).where(*conditions), viewer)
    rows: list[IncidentRow] = []
    # 1. Those that have the value, by it; equal ones by their number.
    if column is not None and (after is None or after[0] is not None):
        query = base.where(column.is_not(None))
        if after is not None:
            value, number = after
            # Written so that an index is walked from here on: "less, or equal and …" makes SQLite read and sort everything.
            at_least, beyond = (column >= value, column > value) if ascending else (column <= value, column < value)
            query = query.where(at_least, beyond | (IncidentRow.sequence < number))
        ordered = query.order_by(column.asc() if ascending else column.desc(), IncidentRow.sequence.desc())
        rows += session.scalars(ordered.limit(limit + 1))
    # 2. The rest, or everything, by number.
    if len(rows) <= limit:
        query = base if column is None else base.where(column.is_(None))
        upwards = ascending and column is None
        if after is not None and (column is None or after[0] is None):
            query = query.where(IncidentRow.sequence > after[1] if upwards else IncidentRow.sequence < after[1])
        by_number = IncidentRow.sequence.asc() if upwards else IncidentRow.sequence.desc()
        rows += session.scalars(query.order_by(by_number).limit(limit + 1 - len(rows)))
    more, rows = len(rows) > limit, rows[:limit]
    value = getattr(rows[-1], column.key) if rows and column is not None else None
    return Stretch(rows, (value, rows[-1].sequence) if more else None)


def count(session: Session, wanted: IncidentFilter, *, viewer: str = mask.DEFAULT_VIEWER) -> tuple[int, bool]:
    """How many fit, and whether that is all: (10000, False) means that many and more."""
    some = _visible(queries.counting(session, wanted, viewer), viewer).limit(COUNTED + 1).subquery()
    number = session.scalar(sa.select(sa.func.count()).select_from(some)) or 0
    return min(number, COUNTED), number <= COUNTED


def _few(session: Session, wanted: IncidentFilter, viewer: str, limit: int) -> bool:
    """Are there so few incidents of these types that sorting them all is less than going along the order until a page of them is found?

    n of N incidents: n rows to sort, against limit · N / n to go through. The maintained totals know both numbers.
    """
    if not wanted.labels:
        return True  # nothing here that a database would begin with wrongly
    everything = sum(row.incidents for row in statistics.totals(session, (), viewer=viewer))
    fitting = statistics.totals(session, (), IncidentFilter(labels=wanted.labels), viewer=viewer)
    return sum(row.incidents for row in fitting) ** 2 < limit * everything


def _visible(query: sa.Select[Any], viewer: str) -> sa.Select[Any]:
    query = query.where(IncidentRow.withdrawn.is_(False))
    return query if mask.sees_all(viewer) else query.where(IncidentRow.public.is_(True))
