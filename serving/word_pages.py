"""A page of the incidents that hold words, newest change first, however many hold them.

In: the words, the list without them. Out: ids in the list's order. It ranks nothing.

Few matches are taken all. Of many, a database would take all as well, a million for fifty: here the list is walked in its order, some
hundred incidents at a time, and the index is asked for that stretch of its numbers alone. Search numbers grow with every filing, as the
list's own do, so such a stretch is short; where they do not agree (an index made by an older program) it is longer, never wrong.
PostgreSQL reads its own index for each incident that it comes by and needs no help.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from serving.store.search import Fts5Search, search_for
from serving.store.tables import IncidentRow, SearchKeyRow

# Matches that are taken at once; see `serving.queries.FEW`.
FEW = 2000
# One look at a number of its own costs 70 µs, going through a stretch 0.2 µs a number where two in five hold the word.
SCATTERED = 300
# Where fewer than one in so many of a stretch hold the words, they are looked up and the stretch is not read.
RARE = 4
# Incidents of one stretch: the first is enough for a common word, then longer, so that a rare combination costs few questions.
STRETCH, LONGEST = 200, 6400


@dataclass(frozen=True, slots=True)
class Asked:
    """A list and words. query: ids of the list without the words, unsorted; by_ids: the same to be taken by ids; order: the column that
    both are sorted by, descending; few: as `serving.queries.Narrowed` says."""

    words: str
    query: sa.Select[Any]
    by_ids: sa.Select[Any]
    order: Any
    few: bool


def ids(session: Session, asked: Asked, limit: int) -> list[str]:
    """The first `limit` ids of the list that hold the words."""
    search = search_for(session.get_bind().dialect.name)
    keys = search.keys("incident", asked.words)
    if keys is None:
        return []
    if not isinstance(search, Fts5Search):
        newest = (asked.order + 0 if asked.few else asked.order).desc()
        return list(session.scalars(asked.query.where(IncidentRow.id.in_(keys)).order_by(newest).limit(limit)))
    # Numbers first, then what they are of, then the rows: in one statement SQLite goes through every number there is.
    numbers = search.numbers(session, asked.words, FEW + 1)
    if len(numbers) <= FEW:
        return [name for name, _ in _among(session, search, asked, numbers, limit)]
    return _walked(session, search, asked, limit)


def _among(
    session: Session, search: Fts5Search, asked: Asked, numbers: Sequence[int], limit: int, *within: Any
) -> list[tuple[str, int]]:
    """Of what stands under these numbers, what is on the list: (id, place), newest first."""
    held = search.named(session, "incident", numbers)
    these = asked.by_ids.add_columns(asked.order).where(IncidentRow.id.in_(held), *within)
    rows = session.execute(these.order_by((asked.order + 0).desc()).limit(limit)).all() if held else []
    return [(name, place) for name, place in rows]


def _walked(session: Session, search: Fts5Search, asked: Asked, limit: int) -> list[str]:
    found: list[str] = []
    # A list that is sorted anew for each stretch is walked in one.
    order, below = asked.order, None
    newest, stretch = ((order + 0).desc(), LONGEST) if asked.few else (order.desc(), STRETCH)
    here = asked.query.add_columns(order.label("place"))
    while len(found) < limit:
        walked = (here if below is None else here.where(order < below)).order_by(newest).limit(stretch).subquery()
        # The outer join keeps the walk first: a database that may choose begins with every number there is.
        of_walk = (SearchKeyRow.sort == "incident") & (SearchKeyRow.key == walked.c.id)
        span = sa.select(
            sa.func.count(), sa.func.min(walked.c.place), sa.func.min(SearchKeyRow.id), sa.func.max(SearchKeyRow.id)
        )  # fmt: skip
        count, lowest, first, last = session.execute(span.select_from(walked).outerjoin(SearchKeyRow, of_walk)).one()
        if first is not None:
            near = last - first < SCATTERED * count
            held = search.among(session, asked.words, first, last) if near else set()
            if near and RARE * len(held) < count:
                # 1. Few there hold the words: what of them lies in this stretch and is on the list.
                within = [order + 0 >= lowest] + ([] if below is None else [order + 0 < below])
                found += [name for name, _ in _among(session, search, asked, sorted(held), limit, *within)]
            else:
                # 2. Many do, or the list is scattered over the index: row after row, and no further than the page goes.
                numbered = sa.select(walked.c.id, SearchKeyRow.id).outerjoin(SearchKeyRow, of_walk)
                rows = session.execute(numbered.order_by(walked.c.place.desc())).all()
                for start in range(0, len(rows), STRETCH):
                    part = dict(rows[start : start + STRETCH] if len(found) < limit else ())
                    if not near:
                        held = search.of(session, asked.words, [each for each in part.values() if each is not None])
                    found += [name for name, number in part.items() if number in held]
        if count < stretch:
            break
        below, stretch = lowest, min(LONGEST, 2 * stretch)
    return found[:limit]
