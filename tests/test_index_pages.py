"""Pages that the index of incidents finds are those of a plain statement, however many numbers it takes at a time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from benchmarks.large_store import fill
from nlp import taxonomy
from serving import incidents, index_pages, queries
from serving.queries import IncidentFilter
from serving.store import Store, incident_index
from serving.store.tables import IncidentRow
from tests.stores import fresh_store

NUMBER = 400
LABELS = tuple(label.id for label in taxonomy.load().labels)[:3]
FILTERS = (
    IncidentFilter(words="被骗"), IncidentFilter(words="一"), IncidentFilter(words="网 2023"), IncidentFilter(words="客服", place="4"),
    IncidentFilter(words="被骗", since="2024"), IncidentFilter(words="被骗", until="2023-06", loss_min_fen=10_000_000),
    IncidentFilter(words="没有这个"), IncidentFilter(words="被骗", place="99"), IncidentFilter(place="4"), IncidentFilter(since="2025-03-02"),
    IncidentFilter(until="2021"), IncidentFilter(since="2022-05", until="2022-05"), IncidentFilter(since="2099"),
    IncidentFilter(since="2023", place="5", status="detained"), IncidentFilter(words="被骗", since="1985", until="1990"),
    IncidentFilter(place="44", until="1989"), IncidentFilter(place="5", loss_min_fen=50_000_000, loss_max_fen=900_000_000),
    IncidentFilter(place="44", labels=LABELS[:1]), IncidentFilter(place="4401", labels=LABELS[:1]), IncidentFilter(place="5", labels=LABELS),
    IncidentFilter(place="51", labels=LABELS, since="2021", until="2023-05", loss_min_fen=2_000_000),
    IncidentFilter(words="被骗", since="2023-04", until="2023-07"), IncidentFilter(words="被骗", since="1985", until="1986", labels=LABELS),
    IncidentFilter(words="被骗", since="2023", until="2021"), IncidentFilter(words="被骗", since="2021", until="2026"),
    IncidentFilter(words="被骗", basis="police", tlp="clear"), IncidentFilter(place="440", since="2040"), IncidentFilter(words="——"),
)  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Some incidents are hidden from readers, some have another number to them, some are gone; stretches are short."""
    patch = pytest.MonkeyPatch()
    patch.setattr(incident_index, "STRETCHES", (1, 3, 5))
    opened = fresh_store(tmp_path_factory.mktemp("pages"))
    fill(opened, NUMBER)
    with opened.writing() as session:
        rows = session.scalars(sa.select(IncidentRow).order_by(IncidentRow.sequence)).all()
        stood = {row.id: incidents.numbers_of(row) for row in rows}
        for row in rows[::17]:
            row.public = False
        for row in rows[3::23]:
            row.loss_min_fen = row.loss_max_fen = None
        for row in rows[4::31]:
            row.first_date, row.last_date = "1985", "1985-06"
        for row in rows[7::31]:
            row.first_date = row.last_date = None
        for row in rows[8::31]:  # over years
            row.first_date, row.last_date = "2021-11-30", "2024"
        for row in rows[10::37]:  # what is told otherwise elsewhere
            row.first_date, row.last_date = "2024-02", "2022-06"
        highest = NUMBER
        for row in rows[5::19]:  # changed since, but not to readers
            highest += 1
            row.sequence = highest
        session.flush()
        for row in rows:
            incidents.enter(session, row, stood[row.id], row.title, *incidents.codes_of(session, row.id))
        for row in rows[9::29]:
            row.withdrawn = True
            incident_index.index_for(session).remove(session, incidents.numbers_of(row))
    yield opened
    patch.undo()


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
    for limit in (1, 3, 60):
        with monkeypatch.context() as patch:
            patch.setattr(queries, "FEW", limit)
            patch.setattr(index_pages, "TAKEN", limit)
            patch.setattr(index_pages, "LOOKED_AT", limit)
            patch.setattr(incident_index, "NEWEST", limit)
            assert pages(store, wanted, viewer) == few


def test_some_of_these_have_something_to_find(store: Store) -> None:
    assert sum(bool(pages(store, wanted, "reader")) for wanted in FILTERS) >= len(FILTERS) - 6


def test_what_is_rare_is_asked_for_twice_and_no_oftener(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL reads the whole of a short list for every stretch it is asked for."""
    monkeypatch.setattr(incident_index, "NEWEST", 8)
    with store.reading() as session:
        index = incident_index.index_for(session)
        row = session.scalars(sa.select(IncidentRow).order_by(IncidentRow.sequence).offset(20).limit(1)).one()
        asked = index_pages.asked_of(IncidentFilter(place=row.place_code or "", labels=(row.label,)), "analyst")
        pieces = list(index.newest(session, asked, None, 51))
    assert row.sequence in [number for piece in pieces for number in piece]
    assert len(pieces) <= 2
