"""How many incidents and how much lost, by time, type and place: daily totals kept up with every change.

In: an open write transaction and an incident's facets before and after a change; or a reading session and what to group by. Out: totals
as ranges, yuan in fen. An incident counts once, on its first day (of publication where no day is told) and at its main place. `recount`
builds the same from the incidents themselves: a test and a benchmark hold the two against each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import mask
from serving.queries import IncidentFilter, code_range
from serving.store.feed_tables import DailyTotalRow
from serving.store.tables import IncidentRow

Group = Literal["year", "month", "day", "label", "province", "city", "county"]
_TIME = {"year": 4, "month": 7, "day": 10}
_PLACE = {"province": 2, "city": 4, "county": 6}
# A loss beyond 10 trillion yuan is a misreading; a thousand of them would not fit the column.
_MOST = 10**15
# Rows of one answer: 20 years of months × 18 types are 4,320.
ROWS = 5000
_KEY = ("public", "day", "label", "code")
_SUMS = ("incidents", "with_loss", "loss_min_fen", "loss_max_fen")


@dataclass(frozen=True, slots=True)
class Totals:
    """One group: `keys` in the order asked for; of `incidents` so many tell a loss, together between these bounds (fen)."""

    keys: tuple[str, ...]
    incidents: int
    with_loss: int
    loss_min_fen: int
    loss_max_fen: int


def keep(session: Session, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> None:
    """Take an incident's contribution out of the totals and put its new one in; None where there was or is none."""
    added: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for facets, sign in ((before, -1), (after, 1)):
        if facets is not None:
            key, sums = _contribution(facets)
            added[key] = [held + sign * value for held, value in zip(added[key], sums, strict=True)]
    rows = [dict(zip((*_KEY, *_SUMS), (*key, *sums), strict=True)) for key, sums in added.items() if any(sums)]
    if not rows:
        return
    if session.get_bind().dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    statement = insert(DailyTotalRow)
    columns = {name: getattr(DailyTotalRow, name) + getattr(statement.excluded, name) for name in _SUMS}
    session.execute(statement.on_conflict_do_update(index_elements=list(_KEY), set_=columns), rows)


def _contribution(facets: Mapping[str, Any]) -> tuple[tuple[Any, ...], tuple[int, ...]]:
    day = (facets["first_date"] or facets.get("published") or "")[:10]
    low, high = facets["loss_min_fen"], facets["loss_max_fen"]
    told = low is not None and high is not None
    key = (facets["public"], day, facets["label"], facets.get("place_code") or "")
    return key, (1, int(told), min(low, _MOST) if told else 0, min(high, _MOST) if told else 0)


def totals(
    session: Session, by: Iterable[Group] = ("month",), wanted: IncidentFilter = IncidentFilter(), *,
    viewer: str = mask.DEFAULT_VIEWER,
) -> list[Totals]:  # fmt: skip
    """Totals by these groups, sorted by their keys; no groups give one total. Of the filter: labels, place, since, until.

    A day that the texts tell less precisely than asked stands by itself: 2024 among the months is "some time in 2024".
    """
    groups = tuple(by)
    keys = [_expression(group) for group in groups]
    sums = [sa.func.coalesce(sa.func.sum(getattr(DailyTotalRow, name)), 0) for name in _SUMS]
    query = sa.select(*keys, *sums).where(DailyTotalRow.incidents > 0)
    if not mask.sees_all(viewer):
        query = query.where(DailyTotalRow.public.is_(True))
    if wanted.labels:
        query = query.where(DailyTotalRow.label.in_(wanted.labels))
    if wanted.place.strip():
        low, high = code_range(wanted.place)
        query = query.where(DailyTotalRow.code >= low, DailyTotalRow.code < high)
    if wanted.since:
        shorter = [wanted.since[:cut] for cut in (4, 7) if len(wanted.since) > cut]
        query = query.where((DailyTotalRow.day >= wanted.since) | DailyTotalRow.day.in_(shorter))
    if wanted.until:
        query = query.where(DailyTotalRow.day != "", DailyTotalRow.day <= wanted.until + "~")
    if keys:
        query = query.group_by(*keys).order_by(*keys)
    found = session.execute(query.limit(ROWS)).all()
    width = len(groups)
    return [Totals(tuple(row[:width]), *(int(value) for value in row[width:])) for row in found]


def _expression(group: str) -> Any:
    if group in _TIME:
        return sa.func.substr(DailyTotalRow.day, 1, _TIME[group])
    if group in _PLACE:
        return sa.func.substr(DailyTotalRow.code, 1, _PLACE[group])
    return DailyTotalRow.label


def recount(session: Session) -> dict[tuple[Any, ...], tuple[int, ...]]:
    """The daily totals as the incidents themselves give them: key → sums. Reads every incident."""
    counted: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    columns = (
        IncidentRow.public, IncidentRow.first_date, IncidentRow.published_last.label("published"), IncidentRow.label,
        IncidentRow.place_code, IncidentRow.loss_min_fen, IncidentRow.loss_max_fen,
    )  # fmt: skip
    for row in session.execute(sa.select(*columns).where(IncidentRow.withdrawn.is_(False))).mappings():
        key, sums = _contribution(row)
        counted[key] = [held + value for held, value in zip(counted[key], sums, strict=True)]
    return {key: tuple(sums) for key, sums in counted.items()}


def held(session: Session) -> dict[tuple[Any, ...], tuple[int, ...]]:
    """The daily totals as they are kept, in the form of `recount`; groups that are empty again are left out."""
    rows = session.scalars(sa.select(DailyTotalRow))
    kept = {tuple(getattr(row, name) for name in _KEY): tuple(getattr(row, name) for name in _SUMS) for row in rows}
    return {key: sums for key, sums in kept.items() if any(sums)}


def rebuild(session: Session) -> int:
    """Count everything anew, for a store from before there were totals; how many groups."""
    session.execute(sa.delete(DailyTotalRow))
    rows = [dict(zip((*_KEY, *_SUMS), (*key, *sums), strict=True)) for key, sums in recount(session).items()]
    if rows:
        session.execute(sa.insert(DailyTotalRow), rows)
    return len(rows)
