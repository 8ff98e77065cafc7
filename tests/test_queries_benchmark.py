"""The benchmark of queries asks what it says: a small store of invented incidents, every query of the mix once, nothing timed."""

from __future__ import annotations

import json
import tomllib

import pytest
import sqlalchemy as sa

from benchmarks import queries
from benchmarks.large_store import fill
from serving import statistics
from serving.queries import IncidentFilter
from serving.store import Store, shapes
from serving.store.tables import IncidentRow
from tests.stores import fresh_store

NUMBER = 300


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    opened = fresh_store(tmp_path_factory.mktemp("large"))
    assert fill(opened, NUMBER - 100) == NUMBER - 100
    assert fill(opened, NUMBER) == 100  # what is there stays
    return opened


def test_the_incidents_are_whole_and_of_real_size(store: Store) -> None:
    with store.reading() as session:
        rows = session.scalars(sa.select(IncidentRow).order_by(IncidentRow.sequence)).all()
    assert [row.sequence for row in rows] == list(range(1, NUMBER + 1))
    for row in rows[:50]:
        incident = shapes.load_incident({key: value for key, value in row.data.items() if key != "names"})
        assert (incident.id, incident.title) == (row.id, row.title)
        assert row.title in {source.title for source in incident.sources}
        assert "§" not in json.dumps(row.data, ensure_ascii=False)
    evidence = [sum(len(json.dumps(fact["evidence"]).encode()) for fact in row.data["facts"]) for row in rows]
    assert sum(evidence) / NUMBER >= 1000


def test_every_query_of_the_mix_is_asked(store: Store) -> None:
    mix = tomllib.loads(queries.MIX.read_text(encoding="utf-8"))
    asked = {measured.name: measured for measured in queries.ask(store, mix["query"], 2)}
    assert len(asked) == len(mix["query"]) >= 20
    for name, measured in asked.items():
        assert len(measured.wall) == len(measured.cpu) == 2
        assert measured.rows == 0 or "没有" not in name, name
    assert (
        sum(measured.rows > 0 for measured in asked.values()) >= 15
    )  # of 300 incidents, not every county has its like
    assert all(measured.rows for measured in queries.ask_stats(store, mix["stats"], 2))


def test_totals_equal_a_recount_and_pieces_of_titles_find_their_incident(store: Store) -> None:
    assert queries.totals_hold(store)
    queries.change(store)
    assert queries.totals_hold(store)
    with store.writing() as session:  # and it would tell
        session.execute(sa.text("UPDATE daily_totals SET incidents = incidents + 1"))
    assert not queries.totals_hold(store)
    with store.writing() as session:
        statistics.rebuild(session)
    assert queries.pieces_found(store, 200) == (200, 200)


def test_what_is_kept_for_wide_groups_says_what_the_days_say(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.reading() as session:
        row = session.scalars(sa.select(IncidentRow).where(IncidentRow.last_date.is_not(None)).limit(1)).one()
        code, day = row.place_code or "", row.last_date or ""
        filters = [
            IncidentFilter(), IncidentFilter(labels=(row.label,)), IncidentFilter(place=code[:2]), IncidentFilter(place=code),
            IncidentFilter(since=day[:4]), IncidentFilter(since=day[:7], until=day[:7]), IncidentFilter(until=day),
            IncidentFilter(place=code[:4], since=day),
        ]  # fmt: skip
        times, places = ((), ("year",), ("month",), ("day",)), ((), ("province",), ("city",), ("county",))
        asked = [(*when, *where, *more) for when in times for where in places for more in ((), ("label",))]
        for wanted in filters:
            for by in asked:
                for viewer in ("reader", "analyst"):
                    quick = statistics.totals(session, by, wanted, viewer=viewer)
                    with monkeypatch.context() as patch:
                        patch.setattr(statistics, "GRAINS", {})
                        assert statistics.totals(session, by, wanted, viewer=viewer) == quick, (by, wanted)
        assert statistics.totals(session)[0].incidents
