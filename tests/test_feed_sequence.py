"""The feed is one sequence to every follower, and what was, can be asked for: on SQLite here, on PostgreSQL by test_postgres.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fake_analyzer import LABELS
from stores import fresh_store
from test_worker import DENGZHOU, LUQUAN, complaint, put, told, unlike

from benchmarks import feed_sequence
from nlp.errors import ConflictError, NotFoundError
from nlp.incident import EVIDENCE_KEPT
from serving import changes, incidents, queries, reports, rulings, snapshots, sourced, views
from serving.queries import IncidentFilter
from serving.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = fresh_store(tmp_path)
    yield opened
    opened.close()


def lines(store: Store, viewer: str = "analyst", after: int = 0) -> list[dict]:
    with store.reading() as session:
        page = queries.list_changes(session, after, viewer=viewer, limit=500)
        return views.change_lines(page.rows, viewer, queries.public_among(session, views.told_of(page.rows)))


def last(store: Store) -> int:
    with store.reading() as session:
        return changes.last_number(session)


def listed(store: Store, viewer: str, as_of: int | None = None, **wanted: object) -> dict[str, dict]:
    """Every incident by id, page by page of two."""
    found: list[dict] = []
    cursor = None
    while True:
        with store.reading() as session:
            page = queries.list_incidents(
                session, IncidentFilter(**wanted), viewer=viewer, cursor=cursor, limit=2, as_of=as_of
            )
        found += [views.incident_view(row, viewer) for row in page.rows]
        if (cursor := page.cursor) is None:
            break
    numbers = [incident["sequence"] for incident in found]
    assert numbers == sorted(numbers, reverse=True)
    assert len({incident["id"] for incident in found}) == len(found)
    return {incident["id"]: incident for incident in found}


def document_id(store: Store, name: str) -> str:
    with store.reading() as session:
        return next(row.id for row in queries.list_documents(session, limit=500)[0] if row.doc_id == name)


@pytest.mark.slow
def test_four_writers_a_kill_and_four_followers(store: Store) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    told = feed_sequence.run(url, seconds=0, at_least=40)  # a minute of it: python -m benchmarks.feed_sequence
    assert told["killed"] == 1
    assert told["changes"] >= 40  # type: ignore[operator]


def test_a_complaint_that_nobody_reviewed_moves_nothing_for_readers(store: Store) -> None:
    put(store, told("甲报"))
    (before,) = listed(store, "reader").values()
    put(store, complaint(f"我被骗了\n嫌疑人：陈某丰\n地点：{DENGZHOU}\n损失：38000"))
    (incident,) = listed(store, "analyst").values()
    assert incident["revision"] == 2
    assert len(incident["sources"]) == 2
    assert list(listed(store, "reader").values()) == [before]
    assert [line["sequence"] for line in lines(store, "reader")] == [1]
    with store.writing() as session:
        reports.review(session, queries.list_reports(session)[0][0].id, by="值班员甲")
    (after,) = listed(store, "reader").values()
    assert (after["revision"], after["sequence"], len(after["sources"])) == (2, 3, 2)
    assert [(line["sequence"], line["revision"]) for line in lines(store, "reader")] == [(1, 1), (3, 2)]


def test_what_becomes_public_is_new_to_readers(store: Store) -> None:
    put(store, complaint("我被骗了\n嫌疑人：陈某丰\n损失：777"))
    with store.writing() as session:
        reports.correct(session, queries.list_reports(session)[0][0].id, by="编辑甲", label=LABELS[3])
    with store.writing() as session:
        reports.review(session, queries.list_reports(session)[0][0].id, by="值班员甲")
    assert [line["kind"] for line in lines(store)] == ["created", "revised", "revised"]
    (line,) = lines(store, "reader")
    assert (line["kind"], line["revision"], line["summary"]["before"]) == ("created", 1, None)


def test_as_of_gives_every_state_that_was(store: Store) -> None:
    states = {}
    for name, place in (("甲报", DENGZHOU), ("乙报", DENGZHOU), ("丙报", LUQUAN), ("丁报", DENGZHOU), ("戊报", LUQUAN)):
        put(store, told(name, place=place, loss=38000 if place == DENGZHOU else 5117))
        states[last(store)] = {viewer: listed(store, viewer) for viewer in ("analyst", "reader")}
    assert len(states[last(store)]["analyst"]) == 2
    for number, seen in states.items():
        for viewer, incidents_then in seen.items():
            assert listed(store, viewer, as_of=number) == incidents_then
            for incident_id, incident in incidents_then.items():
                with store.reading() as session:
                    row = snapshots.get(session, incident_id, number, viewer=viewer)
                assert views.incident_view(row, viewer) == incident
    assert listed(store, "reader", as_of=0) == {}
    assert len(listed(store, "reader", as_of=3, place="53")) == 1
    with store.reading() as session, pytest.raises(NotFoundError):
        snapshots.get(session, next(iter(states[last(store)]["analyst"])), 0)
    with store.reading() as session, pytest.raises(ConflictError):
        queries.list_incidents(session, IncidentFilter(words="骗局"), as_of=1)


def test_a_snapshot_never_brings_back_what_was_withdrawn(store: Store) -> None:
    put(store, told("甲报"))
    put(store, told("乙报", more="，警方介入"))
    put(store, told("丙报", "赵大山", LUQUAN, 5117))
    before = last(store)
    (other,) = listed(store, "reader", place="53")
    with store.writing() as session:
        incidents.withdraw_documents(session, [document_id(store, "乙报")])
    assert len(listed(store, "reader")) == 2
    # The state that quoted it is gone, also to those who see everything; the other incident is as it was.
    for viewer in ("reader", "analyst"):
        assert set(listed(store, viewer, as_of=before)) == {other}
    with store.writing() as session:
        incidents.withdraw_documents(session, [document_id(store, "丙报")], gone="expired")
    assert lines(store)[-1]["kind"] == "expired"
    assert listed(store, "reader", as_of=before) == {}


FILTERS: tuple[dict[str, object], ...] = (
    {"labels": (LABELS[0],)}, {"labels": (LABELS[3],)}, {"place": "4113"}, {"place": "53"}, {"loss_min_fen": 1_000_000},
    {"loss_max_fen": 600_000}, {"since": "2024-05"}, {"until": "2024-04"}, {"status": "alleged"}, {"tlp": "amber"}, {"words": "乙报"},
    {"words": "禄劝"}, {"words": "禄劝 丙报"}, {"words": "邓"}, {"words": "丁*", "place": "41"}, {"words": "钱某"}, {"words": "鬱"}, {"words": "，"},
)  # fmt: skip


def test_what_a_filtered_follower_is_told_adds_up_to_the_filtered_list(store: Store) -> None:
    put(store, replace(told("甲报"), published="2024-04-30"))
    put(store, replace(told("乙报", more="，警方介入"), published="2024-05-20"))
    put(store, replace(told("丙报", "赵大山", LUQUAN, 5117), published="2024-05-01"))
    put(store, replace(told("丁报", "孙小丁", DENGZHOU, 91_377, unlike(4)), published="2024-06"))
    put(store, complaint("我被骗了\n嫌疑人：钱大山\n地点：云南省/昆明市/禄劝彝族苗族自治县 530128\n损失：777"))
    with store.writing() as session:
        report = queries.list_reports(session)[0][0].id
        reports.correct(session, report, by="编辑甲", label=LABELS[3])
    with store.writing() as session:
        reports.review(session, report, by="值班员甲")
        rulings.mark(session, next(iter(listed(store, "reader", words="丁报"))), tlp="amber", by="编辑甲")
    withdrawn = 0
    for step in range(3):
        for viewer in ("analyst", "reader"):
            for wanted in FILTERS:
                held: dict[str, str] = {}
                after = 0
                while True:
                    with store.reading() as session:
                        page = queries.list_changes(
                            session, after, limit=2, wanted=IncidentFilter(**wanted), viewer=viewer
                        )
                        moved = views.change_lines(page.rows, viewer, (), page.movements)
                    for line in moved:
                        was = line["incident_id"] in held
                        if line["filter"] == "left":
                            held.pop(line["incident_id"], None)
                        else:
                            assert was == (line["filter"] == "within"), (viewer, wanted, line)
                            held[line["incident_id"]] = line["kind"]
                    if page.cursor == after or page.cursor == last(store):
                        break
                    after = page.cursor
                assert set(held) == set(listed(store, viewer, **wanted)), (step, viewer, wanted)
        with store.writing() as session:
            withdrawn += len(
                incidents.withdraw_documents(session, [document_id(store, ("乙报", "丙报", "丁报")[step])])
            )
    assert withdrawn == 3


def test_an_incident_that_fell_apart_says_into_what(store: Store) -> None:
    import sqlalchemy as sa

    from serving import resolution
    from serving.store.tables import LinkRow

    put(store, told("甲报"), told("乙报", more="，警方介入"))
    (parent,) = listed(store, "reader")
    with store.writing() as session:
        session.execute(sa.delete(LinkRow))
        incidents.rebuild(session, resolution.settle(session, {parent}))
    part = (set(listed(store, "reader")) - {parent}).pop()
    for viewer in ("reader", "analyst"):
        created, split = lines(store, viewer, after=1)
        assert (created["incident_id"], created["kind"], created["summary"]["parent"]) == (part, "created", parent)
        assert (split["incident_id"], split["kind"], split["summary"]["into"]) == (parent, "split", [part])


def test_dates_compare_by_byte_whatever_the_collation(store: Store) -> None:
    names = {"2024": "甲报", "2024-05": "乙报", "2024-05-20": "丙报", "2023-12-31": "丁报"}
    for number, (day, name) in enumerate(names.items()):
        document = told(name, f"{'赵钱孙李'[number]}六", LUQUAN, 1000 * 7**number, unlike(number))
        put(store, replace(document, published=day))

    def found(**wanted: str) -> set[str]:
        return {incident["title"] for incident in listed(store, "reader", **wanted).values()}

    assert found(until="2024-05") == {"甲报", "乙报", "丙报", "丁报"}
    assert found(until="2024-04") == {"甲报", "丁报"}
    assert found(until="2023") == {"丁报"}
    assert found(since="2024-05") == {"乙报", "丙报"}
    assert found(place="53") == found(place="5301") == set(names.values())
    # The filter over the log says the same as the filter over the rows.
    with store.reading() as session:
        for wanted in ({"until": "2024-04"}, {"until": "2023"}, {"since": "2024-05"}, {"place": "530128"}):
            page = queries.list_changes(session, wanted=IncidentFilter(**wanted))
            assert len(page.rows) == len(found(**wanted)), wanted


def test_thousands_of_tellings_are_read_once_and_quoted_in_part(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from serving.store import shapes

    put(store, *(told(f"报{n}", more=unlike(n)) for n in range(70)))
    read: list[int] = []
    real = shapes.load_case
    monkeypatch.setattr(sourced.shapes, "load_case", lambda data: read.append(1) or real(data))
    put(store, told("又一报", more=unlike(71)))
    (incident,) = listed(store, "reader").values()
    assert len(incident["sources"]) == 71
    place = next(fact for fact in incident["facts"] if fact["kind"] == "place")
    assert (len(place["evidence"]), place["evidence_total"]) == (EVIDENCE_KEPT, 71)
    assert not read  # neither its own record, which was here a moment ago, nor any of the seventy
