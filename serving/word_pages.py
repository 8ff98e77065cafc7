"""A page of the incidents that hold words, newest change first, however many hold them.

In: the words, the list without them. Out: ids in the list's order. It ranks nothing.

Few matches are taken all. Of many, a database would take all as well, a million for fifty: here the list is walked in its order, some
hundred incidents at a time, and the index is asked for that stretch of its numbers alone. Search numbers grow with every filing, as the
list's own do, so such a stretch is short; where they do not agree (an index made by an older program) it is longer, never wrong.
PostgreSQL reads its own index for each incident that it comes by and needs no help.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from serving.store.search import Fts5Search, search_for
from serving.store.tables import IncidentRow, SearchKeyRow

# Matches that are taken at once; see `serving.queries.FEW`.
FEW = 2000
# Rows of which the index is asked at a time.
ASKED = 200
# One look at a number of its own costs 70 µs, going through a stretch 0.2 µs a number where two in five hold the word.
SCATTERED = 300
# Incidents of one stretch: the first is enough for a common word, then longer, so that a rare combination costs few questions.
STRETCH, LONGEST = 200, 6400


def ids(session: Session, words: str, query: sa.Select[Any], order: Any, newest: Any, limit: int) -> list[str]:
    """The first `limit` ids of `query` that hold the words. order: its column, descending; newest: how it is sorted by it."""
    search = search_for(session.get_bind().dialect.name)
    keys = search.keys("incident", words)
    if keys is None:
        return []
    if not isinstance(search, Fts5Search):
        return list(session.scalars(query.where(IncidentRow.id.in_(keys)).order_by(newest).limit(limit)))
    # Numbers first, then what they are of, then the rows: in one statement SQLite goes through every number there is.
    numbers = search.numbers(session, words, FEW + 1)
    if len(numbers) <= FEW:
        held = search.named(session, "incident", numbers)
        few = query.where(IncidentRow.id.in_(held)).order_by((order + 0).desc())
        return list(session.scalars(few.limit(limit))) if held else []
    return _walked(session, search, words, query, order, newest, limit)


def _walked(
    session: Session, search: Fts5Search, words: str, query: sa.Select[Any], order: Any, newest: Any, limit: int
) -> list[str]:
    found: list[str] = []
    # A list that is sorted anew for each stretch is walked in one.
    stretch, below = LONGEST if newest.element is not order else STRETCH, None
    here = query.add_columns(order)
    while len(found) < limit:
        walked = here if below is None else here.where(order < below)
        rows = session.execute(walked.order_by(newest).limit(stretch)).all()
        for start in range(0, len(rows), ASKED):  # what was walked in one is asked for no further than the page goes
            part = rows[start : start + ASKED] if len(found) < limit else []
            # Apart: joined, the database begins with every number there is.
            named = sa.select(SearchKeyRow.key, SearchKeyRow.id).where(
                SearchKeyRow.sort == "incident", SearchKeyRow.key.in_([row[0] for row in part])
            )
            numbers = dict(session.execute(named).all()) if part else {}
            held = _held(session, search, words, numbers.values())
            found += [row[0] for row in part if numbers.get(row[0]) in held]
        below = rows[-1][1] if rows else None
        if len(rows) < stretch:
            break
        stretch = min(LONGEST, 2 * stretch)
    return found[:limit]


def _held(session: Session, search: Fts5Search, words: str, numbers: Collection[int]) -> set[int]:
    """Which of these numbers stand for something that holds the words: those of a short stretch together, scattered ones one by one."""
    if not numbers:
        return set()
    first, last = min(numbers), max(numbers)
    if last - first < SCATTERED * len(numbers):
        return search.among(session, words, first, last)
    return search.of(session, words, numbers)
