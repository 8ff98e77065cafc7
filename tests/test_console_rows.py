"""The console's list in every order gives every row once, whatever is equal or missing; its pieces of HTML are escaped."""

from __future__ import annotations

from typing import get_args

import pytest

from nlp.divisions import lookup
from serving import queries, statistics
from serving.changes import ChangeKind
from serving.console import incident_rows, wording
from serving.console.html_parts import Html, join, tag
from serving.console.incident_rows import COUNTED, count, list_page
from serving.console.tile_map import TILES, step, tile_map
from serving.queries import IncidentFilter
from serving.store.tables import IncidentPlaceRow, IncidentRow
from tests.stores import fresh_store

LOSSES = [None, 500, 500, None, 900, 100, None, 900, 500, 100, 0]


@pytest.fixture
def store(tmp_path):
    opened = fresh_store(tmp_path)
    with opened.writing() as session:
        for number, loss in enumerate(LOSSES, 1):
            session.add(
                IncidentRow(
                    id=f"i-{number:016x}",
                    revision=1,
                    sequence=number,
                    reader_sequence=number if number % 2 == 0 else None,
                    label="x",
                    title=f"甲{number}",
                    public=number % 2 == 0,
                    data={},
                    loss_max_fen=loss,
                    last_date=f"2024-0{number % 3 + 1}" if number % 4 else None,
                    sources=number % 3,
                    created_at="",
                    revised_at="",
                )
            )
    yield opened
    opened.close()


def walk(session, wanted=IncidentFilter(), **asked):
    found, after = [], None
    for _ in range(50):
        page = list_page(session, wanted, after=after, limit=3, **asked)
        found += page.rows
        after = page.end
        if after is None:
            return found
    raise AssertionError("no end")


@pytest.mark.parametrize("order", ["changed", "loss", "date", "sources"])
@pytest.mark.parametrize("ascending", [True, False])
def test_every_row_comes_once_in_order_and_the_valueless_last(store, order, ascending):
    with store.reading() as session:
        rows = walk(session, viewer="admin", order=order, ascending=ascending)
    assert sorted(row.sequence for row in rows) == list(range(1, len(LOSSES) + 1))
    column = {"changed": "sequence", "loss": "loss_max_fen", "date": "last_date", "sources": "sources"}[order]
    values = [getattr(row, column) for row in rows]
    told = [value for value in values if value is not None]
    assert told == sorted(told, reverse=not ascending)
    assert values[: len(told)] == told


def test_a_reader_counts_and_sees_only_what_is_public(store):
    with store.reading() as session:
        assert {row.sequence for row in walk(session, viewer="reader", order="loss")} == {2, 4, 6, 8, 10}
        assert count(session, IncidentFilter(), viewer="reader") == (5, True)
        assert count(session, IncidentFilter(loss_min_fen=500), viewer="admin") == (5, True)


@pytest.mark.parametrize("few", [True, False])
@pytest.mark.parametrize("viewer", ["admin", "reader"])
def test_the_same_comes_whether_a_type_leads_or_the_order(store, monkeypatch, few, viewer):
    """Types that few incidents have are sorted, others are met along the order; a place is counted by its own table."""
    monkeypatch.setattr(incident_rows, "_few", lambda *_: few)
    monkeypatch.setattr(queries, "FEW", 0)  # no condition counts as rare by itself
    with store.writing() as session:
        for number in (1, 2, 4, 8):
            session.get(IncidentRow, f"i-{number:016x}").label = "y"
        session.add_all(
            IncidentPlaceRow(code=code, incident_id=f"i-{number:016x}", public=number != 4)
            for number, codes in ((2, ("410727", "410100")), (3, ("410727",)), (4, ("4107",)), (6, ("110101",)))
            for code in codes
        )
    public = {2, 4, 6, 8, 10}
    seen = set(range(1, 12)) if viewer == "admin" else public
    there = {2, 3, 4} if viewer == "admin" else {2}
    for order in ("loss", "date", "sources", "changed"):
        with store.reading() as session:
            for wanted, fitting in (
                (IncidentFilter(labels=("y",)), {1, 2, 4, 8} & seen), (IncidentFilter(place="41"), there),
                (IncidentFilter(labels=("y",), place="41"), there - {3}),
            ):  # fmt: skip
                rows = walk(session, wanted, viewer=viewer, order=order)
                assert sorted(row.sequence for row in rows) == sorted(fitting)
                assert count(session, wanted, viewer=viewer) == (len(fitting), True)


def test_types_are_few_by_the_maintained_totals(store):
    with store.writing() as session:
        session.get(IncidentRow, f"i-{1:016x}").label = "y"
        statistics.rebuild(session)
    with store.reading() as session:
        assert incident_rows._few(session, IncidentFilter(labels=("y",)), "admin", 3)  # 1 · 1 < 3 · 11
        assert not incident_rows._few(session, IncidentFilter(labels=("x",)), "admin", 3)  # 10 · 10 > 3 · 11
        assert incident_rows._few(session, IncidentFilter(place="41"), "admin", 3)


def test_counting_stops(store, monkeypatch):
    from serving.console import incident_rows

    assert COUNTED >= 1000
    monkeypatch.setattr(incident_rows, "COUNTED", 4)
    with store.reading() as session:
        assert count(session, IncidentFilter(), viewer="admin") == (4, False)


def test_whatever_comes_in_is_escaped():
    drawn = tag("a", "<b>&", [Html("<i>ok</i>"), None], href='"><script>', hidden=True, title=None, data_x=3)
    assert drawn == '<a href="&quot;&gt;&lt;script&gt;" hidden data-x="3">&lt;b&gt;&amp;<i>ok</i></a>'
    assert join("<", Html("<")) == "&lt;<"


def test_every_division_has_a_tile_of_its_own():
    assert len(TILES) == 34
    assert len({(column, row) for _, column, row in TILES.values()}) == 34
    for code, (name, _, _) in TILES.items():
        assert lookup(f"{code}0000").startswith(name), code


def test_tiles_are_darker_where_there_is_more():
    assert [step(number, 40) for number in (0, 1, 10, 11, 20, 30, 31, 40)] == [0, 1, 1, 2, 2, 3, 4, 4]
    assert step(0, 0) == 0
    drawn = tile_map({"41": 3}, address=lambda code: f"/x?place={code}")
    assert drawn.count("<a ") == 1
    assert 'href="/x?place=41"' in drawn


def test_every_change_has_a_word():
    assert set(wording.CHANGES) == set(get_args(ChangeKind))


def test_words_for_people():
    assert wording.day("--08-26") == "8月26日"
    assert wording.day("---15") == "15日"
    assert wording.day("--01") == "1月"
    assert wording.days("2024-05-06T10:00", "2024-05-06") == "2024-05-06"
    assert wording.short_place("河南省/新乡市/封丘县") == "新乡市封丘县"
    assert wording.money(186000, 186000) == "18.6万元"
    places = [
        {"region": "河南省/新乡市", "role": "scene", "sources": 1}, {"region": "河南省/新乡市/封丘县", "role": "scene", "sources": 3},
        {"region": "湖南省", "role": "arrest", "sources": 9},
    ]  # fmt: skip
    assert wording.places(places) == ["河南省/新乡市/封丘县"]
