"""Pages of a filtered list are the same whichever way they are found: few taken at once, many walked in the list's order."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from benchmarks.large_store import fill
from serving import queries, word_pages
from serving.queries import IncidentFilter
from serving.store import Store
from serving.store.search import search_for
from serving.store.tables import IncidentRow
from tests.stores import fresh_store

NUMBER = 400
FILTERS = (
    IncidentFilter(words="被骗"), IncidentFilter(words="一"), IncidentFilter(words="网 2023"), IncidentFilter(words="客服", place="4"),
    IncidentFilter(words="被骗", since="2024"), IncidentFilter(words="被骗", until="2023-06", loss_min_fen=10_000_000),
    IncidentFilter(words="没有这个"), IncidentFilter(words="被骗", place="99"), IncidentFilter(place="4"), IncidentFilter(since="2025-03-02"),
    IncidentFilter(until="2021"), IncidentFilter(since="2022-05", until="2022-05"), IncidentFilter(since="2099"),
    IncidentFilter(since="2023", place="5", status="detained"),
)  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Some incidents are hidden from readers, some have another number to them, some stand in the index under a number of old."""
    opened = fresh_store(tmp_path_factory.mktemp("words"))
    fill(opened, NUMBER)
    index = search_for(opened.engine.dialect.name)
    with opened.writing() as session:
        rows = session.scalars(sa.select(IncidentRow).order_by(IncidentRow.sequence)).all()
        for row in rows[::17]:
            row.public = False
        for row in rows[3::23]:
            index.put(session, "incident", row.id, f"{row.title} {row.summary}")
        highest = NUMBER
        for row in rows[5::19]:  # changed since, but not to readers
            highest += 1
            row.sequence = highest
        for row in rows[9::29]:
            row.withdrawn = True
    return opened


def pages(store: Store, wanted: IncidentFilter, viewer: str) -> list[str]:
    """Every id of the list, page by page."""
    found: list[str] = []
    cursor = None
    with store.reading() as session:
        while True:
            page = queries.list_incidents(session, wanted, viewer=viewer, cursor=cursor, limit=7)
            found += [row.id for row in page.rows]
            cursor = page.cursor
            if cursor is None:
                return found


def plainly(store: Store, wanted: IncidentFilter, viewer: str) -> list[str]:
    """The same by one plain statement."""
    order = IncidentRow.sequence if viewer == "analyst" else IncidentRow.reader_sequence
    with store.reading() as session:
        query = sa.select(IncidentRow.id).where(
            IncidentRow.withdrawn.is_(False), *queries.conditions(session, wanted, viewer)
        )
        if viewer == "reader":
            query = query.where(IncidentRow.public.is_(True))
        return list(session.scalars(query.order_by(order.desc())))


@pytest.mark.parametrize("wanted", FILTERS, ids=range(len(FILTERS)))
@pytest.mark.parametrize("viewer", ["reader", "analyst"])
def test_both_ways_give_the_same_pages(
    store: Store, wanted: IncidentFilter, viewer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = pages(store, wanted, viewer)
    assert len(set(few)) == len(few)
    assert few == plainly(store, wanted, viewer)
    for limit in (0, 3, 60):
        with monkeypatch.context() as patch:
            patch.setattr(queries, "FEW", limit)
            patch.setattr(word_pages, "FEW", limit)
            patch.setattr(word_pages, "STRETCH", 2)
            patch.setattr(word_pages, "LONGEST", 16)
            assert pages(store, wanted, viewer) == few


def test_some_of_these_have_something_to_find(store: Store) -> None:
    assert sum(bool(pages(store, wanted, "reader")) for wanted in FILTERS) >= len(FILTERS) - 4
