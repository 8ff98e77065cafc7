"""How many incidents and how much lost, by time, type and place: daily totals kept up with every change.

In: an open write transaction and an incident's facets before and after a change; or a reading session and what to group by. Out: totals
as ranges, yuan in fen. An incident counts once, on its first day (of publication where no day is told) and at its main place. `recount`
builds the same from the incidents themselves: a test and a benchmark hold the two against each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import mask
from serving.fitting import IncidentFilter, code_range
from serving.store.feed_tables import CoarseTotalRow, DailyTotalRow
from serving.store.tables import IncidentRow

Group = Literal["year", "month", "day", "label", "province", "city", "county"]
_TIME = {"year": 4, "month": 7, "day": 10}
_PLACE = {"province": 2, "city": 4, "county": 6}
# A loss beyond 10 trillion yuan is a misreading; a thousand of them would not fit the column.
_MOST = 10**15
# Rows of one answer: 20 years of months × 18 types are 4,320.
ROWS = 5000
_KEY = ("public", "day", "label", "code")
_COARSE_KEY = ("grain", "public", "code", "day", "label")
# Wider groups that are kept as well: letters of the day and digits of the code that are left. A million incidents are nearly as many
# groups of day, type and county; months and provinces are 50,000, days of the whole country 40,000, years of counties 250,000, which
# one seldom asks for without naming a province (some 8,000 then).
GRAINS = {"month": (7, 2), "day": (10, 0), "year": (4, 12)}
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
    keep_many(session, [(before, after)])


def keep_many(session: Session, changed: Iterable[tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]]) -> None:
    """The same for many incidents at once: (before, after) of each."""
    added: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for facets, sign in (side for before, after in changed for side in ((before, -1), (after, 1))):
        if facets is not None:
            key, sums = _contribution(facets)
            added[key] = [held + sign * value for held, value in zip(added[key], sums, strict=True)]
    for model, names, groups in ((DailyTotalRow, _KEY, added), (CoarseTotalRow, _COARSE_KEY, _coarse(added))):
        rows = [dict(zip((*names, *_SUMS), (*key, *sums), strict=True)) for key, sums in groups.items() if any(sums)]
        if rows:
            session.execute(_added(session.get_bind().dialect.name, model, names), rows)


@cache
def _added(dialect: str, model: Any, names: tuple[str, ...]) -> Any:
    """Rows into a table of totals, added to what stands under their keys: put together once, it is needed for every incident."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    table = sa.inspect(model).local_table
    statement = insert(table)
    columns = {name: table.c[name] + statement.excluded[name] for name in _SUMS}
    return statement.on_conflict_do_update(index_elements=list(names), set_=columns)


def _coarse(groups: Mapping[tuple[Any, ...], Iterable[int]]) -> dict[tuple[Any, ...], list[int]]:
    """Daily groups added up to every grain, in one order, so that two writers never wait for each other's rows crosswise."""
    added: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for (public, day, label, code), sums in groups.items():
        for grain, (letters, digits) in GRAINS.items():
            key = (grain, public, code[:digits], day[:letters], label)
            added[key] = [held + value for held, value in zip(added[key], sums, strict=True)]
    return dict(sorted(added.items()))


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
    table = _narrowest(groups, wanted)
    keys = [_expression(group, table) for group in groups]
    sums = [sa.func.coalesce(sa.func.sum(getattr(table, name)), 0) for name in _SUMS]
    query = sa.select(*keys, *sums).where(table.incidents > 0)
    if table is not DailyTotalRow:
        query = query.where(table.grain == _grain(groups, wanted))
    if not mask.sees_all(viewer):
        query = query.where(table.public.is_(True))
    if wanted.labels:
        query = query.where(table.label.in_(wanted.labels))
    if wanted.place.strip():
        low, high = code_range(wanted.place)
        query = query.where(table.code >= low, table.code < high)
    if wanted.since:
        shorter = [wanted.since[:cut] for cut in (4, 7) if len(wanted.since) > cut]
        query = query.where((table.day >= wanted.since) | table.day.in_(shorter))
    if wanted.until:
        query = query.where(table.day != "", table.day <= wanted.until + "~")
    if keys:
        query = query.group_by(*keys).order_by(*keys)
    found = session.execute(query.limit(ROWS)).all()
    width = len(groups)
    return [Totals(tuple(row[:width]), *(int(value) for value in row[width:])) for row in found]


def _grain(groups: Iterable[str], wanted: IncidentFilter) -> str:
    """The first grain fine enough for these groups and this filter, "" where only the days are."""
    groups = tuple(groups)
    letters = max([_TIME.get(group, 0) for group in groups] + [len(wanted.since), len(wanted.until)])
    place = len(code_range(wanted.place)[0]) if wanted.place.strip() else 0
    digits = max([_PLACE.get(group, 0) for group in groups] + [place])
    return next((grain for grain, (day, code) in GRAINS.items() if letters <= day and digits <= code), "")


def _narrowest(groups: Iterable[str], wanted: IncidentFilter) -> Any:
    return CoarseTotalRow if _grain(groups, wanted) else DailyTotalRow


def _expression(group: str, table: Any) -> Any:
    if group in _TIME:
        return sa.func.substr(table.day, 1, _TIME[group])
    if group in _PLACE:
        return sa.func.substr(table.code, 1, _PLACE[group])
    return table.label


def recount(session: Session) -> dict[tuple[Any, ...], tuple[int, ...]]:
    """The totals, daily and coarse, as the incidents themselves give them: key → sums. Reads every incident."""
    counted: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    columns = (
        IncidentRow.public, IncidentRow.first_date, IncidentRow.published_last.label("published"), IncidentRow.label,
        IncidentRow.place_code, IncidentRow.loss_min_fen, IncidentRow.loss_max_fen,
    )  # fmt: skip
    for row in session.execute(sa.select(*columns).where(IncidentRow.withdrawn.is_(False))).mappings():
        key, sums = _contribution(row)
        counted[key] = [held + value for held, value in zip(counted[key], sums, strict=True)]
    return {key: tuple(sums) for key, sums in (counted | _coarse(counted)).items()}


def held(session: Session) -> dict[tuple[Any, ...], tuple[int, ...]]:
    """The totals as they are kept, in the form of `recount`; groups that are empty again are left out."""
    kept = {
        tuple(row[: len(names)]): tuple(row[len(names) :])
        for model, names in ((DailyTotalRow, _KEY), (CoarseTotalRow, _COARSE_KEY))
        for row in session.execute(sa.select(*(getattr(model, name) for name in (*names, *_SUMS))))
    }
    return {key: sums for key, sums in kept.items() if any(sums)}


def rebuild(session: Session) -> int:
    """Count everything anew, for a store from before there were totals; how many groups."""
    # Migration 0032 counts before there are coarse ones.
    coarse = sa.inspect(session.connection()).has_table(CoarseTotalRow.__tablename__)
    counted = recount(session)
    for model, names in ((DailyTotalRow, _KEY), (CoarseTotalRow, _COARSE_KEY))[: 1 + coarse]:
        session.execute(sa.delete(model))
        rows = [
            dict(zip((*names, *_SUMS), (*key, *sums), strict=True)) for key, sums in counted.items() if len(key) == len(names)
        ]  # fmt: skip
        if rows:
            session.execute(sa.insert(model), rows)
    return len(counted)
