"""Pages of a list that the index of incidents finds: words, places, and whatever else is asked with them.

In: a filter, who asks, where the page begins. Out: numbers of the list's order, newest first. It ranks nothing.

The index is asked for what can fit; days and sums of what it finds are looked at once more. A page
costs what it takes to come by fifty that fit, however many more there are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import mask
from serving.fitting import IncidentFilter, code_range, date_branches, lost
from serving.store.incident_index import ANALYST, READER, TAKEN, Asked, asked_facets, index_for
from serving.store.tables import IncidentRow

# Numbers put into one statement: PostgreSQL takes 65,535, SQLite no fewer than 32,766.
LOOKED_AT = 3200


def asked_of(wanted: IncidentFilter, viewer: str) -> Asked:
    """What of a filter the index is asked."""
    place = code_range(wanted.place)[0] if wanted.place.strip() else ""
    return Asked(wanted.words, asked_facets(wanted, place, ANALYST if mask.sees_all(viewer) else READER))


def page(
    session: Session, wanted: IncidentFilter, viewer: str, below: int | None, limit: int, as_of: int | None = None
) -> list[int]:
    """The numbers of the first `limit` incidents of a list below this number, in the list's order."""
    found: list[int] = []
    for numbers in _fitting(session, wanted, viewer, below, limit, as_of):
        found += numbers
        if len(found) >= limit:
            break
    return found[:limit]


def _fitting(
    session: Session, wanted: IncidentFilter, viewer: str, below: int | None, limit: int, as_of: int | None
) -> Iterator[Sequence[int]]:  # fmt: skip
    if wanted.kinds and "case" not in wanted.kinds:
        return
    conditions = _second_look(wanted, as_of)
    order = IncidentRow.sequence if mask.sees_all(viewer) else IncidentRow.reader_sequence
    for numbers in index_for(session).newest(session, asked_of(wanted, viewer), below, TAKEN if conditions else limit):
        for at in range(0, len(numbers), LOOKED_AT):
            part = numbers[at : at + LOOKED_AT]
            yield _looked_at(session, order, part, conditions) if conditions else part


def _second_look(wanted: IncidentFilter, as_of: int | None) -> list[Any]:
    """What the index tells in steps or not at all: days, sums, and what stood at a time."""
    found = [sa.or_(*branches(IncidentRow)) for branches in date_branches(wanted)] + lost(wanted, IncidentRow)
    return found + ([] if as_of is None else [IncidentRow.sequence <= as_of])


def _looked_at(session: Session, order: Any, numbers: Sequence[int], conditions: Sequence[Any]) -> list[int]:
    # Along the index that a list is walked by, which holds all that is asked: a row of some kilobytes is read for the page alone. The numbers
    # go in as one value, so that the statement is put together once.
    if session.get_bind().dialect.name == "sqlite":
        told = sa.func.json_each(json.dumps(list(numbers))).table_valued("value")
        query = sa.select(order).where(order.in_(sa.select(told.c.value)), *conditions)
        query = query.with_hint(IncidentRow, f"INDEXED BY ix_incidents_walk_{order.key}", "sqlite")
    else:
        query = sa.select(order).where(order == sa.any_(sa.cast(list(numbers), sa.ARRAY(sa.BigInteger))), *conditions)
    return sorted(session.scalars(query), reverse=True)
