"""From the inbox to incidents and the feed: once each, in order, whatever one document does."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from fake_analyzer import LABELS, FakeAnalyzer
from stores import fresh_store

from nlp.errors import ConflictError, FanzhaError, NotFoundError
from nlp.incident import Link
from nlp.records import Document, Reading
from nlp.resolve import Sketch
from serving import batches, filing, inbox, incidents, queries, reports, resolution, views
from serving.queries import IncidentFilter
from serving.store import Store, StoreError, identity
from serving.store.tables import ArticleRow, CaseKeyRow, CaseRow, IncidentRow, LinkRow
from serving.worker import Worker, WorkSummary
from tests.processes import wait_for

DENGZHOU = "河南省/南阳市/邓州市 411381"
LUQUAN = "云南省/昆明市/禄劝彝族苗族自治县 530128"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = fresh_store(tmp_path)
    yield opened
    opened.close()


def told(name: str, suspect: str = "陈某丰", place: str = DENGZHOU, loss: int = 38000, more: str = "") -> Document:
    """An article that the fake analyzer reads as one case."""
    return Document(name, f"{name}报道了一起骗局{more}\n嫌疑人：{suspect}\n地点：{place}\n损失：{loss}", title=name)


def unlike(number: int) -> str:
    """Filler that shares nothing with the filler of another number."""
    return "".join(chr(0x5000 + 300 * number + at) for at in range(300))


def complaint(text: str, number: str = "TS-1") -> Document:
    return Document(number, text, nature="complaint", metadata={"external_id": number})


def put(store: Store, *documents: Document, analyzer: FakeAnalyzer | None = None, batch: int = 32) -> WorkSummary:
    with store.writing() as session:
        for document in documents:
            inbox.accept(session, document)
    return Worker(store, analyzer or FakeAnalyzer(), batch=batch).drain()


def incident_rows(store: Store, viewer: str = "analyst", **wanted: object) -> list[IncidentRow]:
    with store.reading() as session:
        return list(queries.list_incidents(session, IncidentFilter(**wanted), viewer=viewer).rows)  # type: ignore[arg-type]


def changes_of(store: Store, viewer: str = "analyst") -> list[tuple[int, str]]:
    with store.reading() as session:
        return [(row.sequence, row.kind) for row in queries.list_changes(session, 0, viewer=viewer, limit=500).rows]


def test_two_tellings_of_one_case_are_one_incident_and_another_is_its_own(store: Store) -> None:
    summary = put(store, told("甲报"), told("乙报", more="，警方介入"), told("丙报", "胡某某", LUQUAN, 3460))
    assert summary == WorkSummary(done=3)
    rows = incident_rows(store)
    assert sorted(row.sources for row in rows) == [1, 2]
    shared = next(row for row in rows if row.sources == 2)
    assert (shared.loss_min_fen, shared.loss_max_fen, shared.public) == (3_800_000, 3_800_000, True)
    with store.reading() as session:
        link = session.scalars(sa.select(LinkRow)).one()
    assert link.decision in ("same", "reprint")
    assert link.data["agreed"]
    assert changes_of(store) == [(1, "created"), (2, "created")]


def test_an_article_about_something_else_makes_no_incident(store: Store) -> None:
    put(store, Document("煤", "矿上今年产煤很多"))
    assert incident_rows(store) == []
    with store.reading() as session:
        assert session.scalars(sa.select(ArticleRow.kind)).all() == ["unrelated"]


def test_a_poisonous_document_fails_alone_with_its_reason(store: Store) -> None:
    documents = [told(f"报{n}", f"赵{name}") for n, name in enumerate("甲乙丙丁戊")]
    summary = put(store, *documents[:2], Document("毒", "POISON 骗"), *documents[2:])
    assert (summary.done, summary.failed) == (5, 1)
    with store.reading() as session:
        row = queries.inbox_of(session, summary.failures[0][0])
        assert inbox.counts(session)["done"] == 5
    assert row is not None
    assert row.state == "failed"
    assert row.error == "ValueError: cannot read 138****5678"


def test_a_document_that_cannot_be_filed_fails_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = filing.file_reading

    def breaking(session: object, identity: str, document: Document, reading: Reading) -> set[str]:
        touched = real(session, identity, document, reading)  # type: ignore[arg-type]
        if document.doc_id == "坏":
            raise RuntimeError(f"half way in {document.text}")
        return touched

    monkeypatch.setattr(filing, "file_reading", breaking)
    summary = put(store, told("好"), told("坏", "王某", LUQUAN, 1), told("又好", "李某强", LUQUAN, 5))
    assert (summary.done, summary.failed) == (2, 1)
    assert len(incident_rows(store)) == 2
    with store.reading() as session:
        assert session.scalar(sa.select(sa.func.count(CaseRow.id))) == 2
    assert [number for number, _ in changes_of(store)] == [1, 2]
    # The log tells what broke and where, and not a word of the document.
    assert "RuntimeError" in caplog.text
    assert "in breaking" in caplog.text
    assert "王某" not in caplog.text
    with store.reading() as session, pytest.raises(sa.exc.SQLAlchemyError) as raised:
        session.execute(sa.text("SELECT * FROM nowhere WHERE name = :name"), {"name": "王某"})
    assert "王某" not in str(raised.value)


@pytest.mark.parametrize("failure", [sa.exc.TimeoutError("QueuePool limit reached: disk is full"), None])
def test_a_database_that_fails_is_no_documents_fault(
    store: Store, monkeypatch: pytest.MonkeyPatch, failure: Exception | None
) -> None:
    def broken(*_: object) -> None:
        raise failure or sa.exc.OperationalError("INSERT", {}, Exception("database or disk is full"))

    monkeypatch.setattr(filing, "file_reading", broken)
    with pytest.raises(StoreError, match="disk is full"):
        put(store, told("甲报"))
    monkeypatch.undo()
    with store.reading() as session:
        assert inbox.counts(session)["accepted"] == 1
    assert put(store).done == 1


def test_what_could_not_be_given_back_is_claimed_as_soon_as_the_database_is_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database goes down under a worker and takes with it the words that give the claims back."""

    def down(*_: object) -> None:
        raise sa.exc.OperationalError("UPDATE", {}, Exception("server closed the connection unexpectedly"))

    monkeypatch.setattr(filing, "file_reading", down)
    monkeypatch.setattr(inbox, "give_back", down)
    with pytest.raises(StoreError):
        put(store, told("甲报"), told("乙报"))
    monkeypatch.undo()
    with store.reading() as session:
        assert inbox.counts(session)["working"] == 2
    with store.writing() as session:
        assert {claimed.attempts for claimed in inbox.claim(session, inbox.this_worker())} == {
            1
        }  # counted as never tried
        session.rollback()  # nor is one forgotten whose claim was rolled back, or that is in another thread's hands
    assert Worker(store, FakeAnalyzer()).drain().done == 2


def test_what_another_thread_works_on_is_not_taken_for_forgotten(store: Store) -> None:
    with store.writing() as session:
        inbox.accept(session, told("甲报"))
        (mine,) = inbox.claim(session, inbox.this_worker())
    with store.writing() as session:
        assert inbox.give_back_lost(session) == 0
        assert inbox.claim(session, inbox.this_worker()) == []
        assert inbox.finish(session, mine)


def test_stopping_in_the_middle_gives_everything_back(store: Store) -> None:
    class Interrupted(FakeAnalyzer):
        def analyze(self, documents: Iterable[Document]) -> Iterator[Reading]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        put(store, told("甲报"), told("乙报"), analyzer=Interrupted())
    with store.reading() as session:
        assert inbox.counts(session)["accepted"] == 2


def test_filing_twice_changes_nothing(store: Store) -> None:
    document = told("甲报")
    put(store, document, told("乙报"))
    reading = next(FakeAnalyzer().analyze([document]))
    before = [(row.id, row.revision, row.data) for row in incident_rows(store)]
    with store.reading() as session:
        identity = next(row.id for row in queries.list_documents(session)[0] if row.doc_id == "甲报")
    with store.writing() as session:
        incidents.rebuild(session, filing.file_reading(session, identity, document, reading))
    assert [(row.id, row.revision, row.data) for row in incident_rows(store)] == before
    assert changes_of(store) == [(1, "created")]


def test_process_answers_for_its_documents_only(store: Store) -> None:
    with store.writing() as session:
        first, second = (inbox.accept(session, told(name)).document_id for name in ("甲报", "乙报"))
    assert Worker(store, FakeAnalyzer()).process([second]) == WorkSummary(done=1)
    with store.reading() as session:
        found = [queries.inbox_of(session, identity) for identity in (first, second)]
    assert [row.state for row in found if row] == ["accepted", "done"]


def test_a_background_worker_finishes_what_comes_and_stops(store: Store) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=Worker(store, FakeAnalyzer()).run, args=(stop,))
    thread.start()
    with store.writing() as session:
        inbox.accept(session, told("甲报"))
    try:
        wait_for(lambda: incident_rows(store))
    finally:
        stop.set()
    thread.join(60)
    assert not thread.is_alive()
    assert len(incident_rows(store)) == 1


def test_an_unreviewed_complaint_is_for_nobody_outside(store: Store) -> None:
    put(store, complaint("我被骗了\n受害人：张小丽\n地点：" + DENGZHOU + "\n损失：777"))
    assert incident_rows(store, "reader") == []
    assert changes_of(store, "reader") == []
    row = incident_rows(store)[0]
    with store.reading() as session, pytest.raises(NotFoundError):
        queries.get_incident(session, row.id)
    with store.writing() as session:
        report = queries.list_reports(session)[0][0]
        assert report.state == "analysed"
        reports.review(session, report.id, by="编辑甲")
    seen = incident_rows(store, "reader")[0]
    shown = str(views.incident_view(seen))
    assert "张小丽" not in shown
    assert "TS-1" not in shown
    assert "张某" in shown
    assert "张小丽" in str(views.incident_view(seen, "analyst"))
    assert changes_of(store, "reader") == [(2, "revised")]


def test_a_name_cannot_be_confirmed_by_searching_incidents(store: Store) -> None:
    put(store, told("陈大丰设局", "陈大丰"))
    assert len(incident_rows(store, words="骗局")) == 1
    assert incident_rows(store, words="陈大丰") == []
    with store.reading() as session:
        assert len(queries.list_documents(session, words="陈大丰")[0]) == 1


def test_correcting_a_label_moves_the_incident_and_withdrawing_buries_it(store: Store) -> None:
    put(store, complaint("我被骗了\n受害人：张小丽\n损失：777"))
    with store.writing() as session:
        report = reports.correct(
            session, queries.list_reports(session)[0][0].id, by="编辑甲", label=LABELS[3], note="是贷款"
        )
    assert (report.state, incident_rows(store)[0].label) == ("corrected", LABELS[3])
    with store.writing() as session:
        reports.correct(session, report.id, by="编辑甲", kind="unrelated")
    assert incident_rows(store) == []
    with store.writing() as session:
        corrected = reports.correct(session, report.id, by="编辑甲", kind="case")
    assert incident_rows(store)[0].label == LABELS[3]
    assert len(corrected.correction["earlier"]) == 2  # type: ignore[index]
    with store.writing() as session:
        reports.withdraw(session, report.id)
        reports.withdraw(session, report.id)
    assert incident_rows(store) == []
    assert changes_of(store) == [
        (1, "created"), (2, "revised"), (3, "withdrawn"), (4, "restored"), (5, "withdrawn"),
    ]  # fmt: skip
    with store.writing() as session, pytest.raises(ConflictError):
        reports.review(session, report.id, by="编辑甲")


def test_what_a_person_said_outlives_a_new_analysis(store: Store) -> None:
    put(store, complaint("我被骗了\n受害人：张小丽"))
    with store.writing() as session:
        report = reports.correct(session, queries.list_reports(session)[0][0].id, by="编辑甲", label=LABELS[3])
        document = inbox.as_document(queries.get_document(session, report.document_id))
        reading = next(FakeAnalyzer().analyze([document]))
        incidents.rebuild(session, filing.file_reading(session, report.document_id, document, reading))
    assert incident_rows(store)[0].label == LABELS[3]


def test_a_corrected_text_is_analysed_anew_under_the_same_report(store: Store) -> None:
    put(store, complaint("我被骗了\n损失：777"))
    with store.writing() as session:
        before = queries.list_reports(session)[0][0]
        old = before.document_id
        after = reports.correct(session, before.id, by="编辑甲", document=Document("x", "我被骗了\n损失：888"))
        assert (after.id, after.state, after.external_id) == (before.id, "received", "TS-1")
        assert after.document_id != old
    put(store)
    assert [row.loss_max_fen for row in incident_rows(store)] == [88800]
    with store.reading() as session:
        assert queries.get_document(session, old).withdrawn


@pytest.mark.parametrize("wrong", [{"label": "no-such"}, {"kind": "novel"}, {}])
def test_a_correction_that_says_nothing_valid_changes_nothing(store: Store, wrong: dict[str, str]) -> None:
    put(store, complaint("我被骗了"))
    with pytest.raises(FanzhaError) as raised, store.writing() as session:
        reports.correct(session, queries.list_reports(session)[0][0].id, by="编辑甲", **wrong)
    assert raised.value.status == 422
    assert changes_of(store) == [(1, "created")]


def test_sending_a_complaint_again_answers_as_before(store: Store) -> None:
    first = Document("x", "我被骗了")
    with store.writing() as session:
        a = reports.receive(session, first, external_id="TS-9", idempotency_key="k-1")
    with store.writing() as session:
        assert reports.receive(session, first, external_id="TS-9", idempotency_key="k-1") == replace(a, new=False)
        assert reports.receive(session, first, external_id="TS-9", idempotency_key="k-2") == replace(a, new=False)
    for other in ({"external_id": "TS-9"}, {"idempotency_key": "k-1"}):
        with store.writing() as session, pytest.raises(ConflictError):
            reports.receive(session, Document("x", "别的事"), **other)  # type: ignore[arg-type]
    with store.writing() as session:  # two people may tell the same story
        assert reports.receive(session, first, external_id="TS-10").report_id != a.report_id


def test_undoing_an_import_takes_back_what_only_it_brought(store: Store) -> None:
    shared, own = told("甲报"), told("丙报", "胡某某", LUQUAN, 3460)
    with store.writing() as session:
        first, second = batches.start(session, "一"), batches.start(session, "二")
        batches.add(session, first, [shared, own])
        batches.add(session, second, [shared])
    Worker(store, FakeAnalyzer()).drain()
    with store.writing() as session:
        undone = batches.undo(session, first)
    assert (undone.withdrawn, undone.kept) == (1, 1)
    assert [row.title for row in incident_rows(store)] == ["甲报"]
    with store.writing() as session:
        assert batches.undo(session, second).withdrawn == 1
    assert incident_rows(store) == []
    with store.writing() as session, pytest.raises(ConflictError):
        batches.undo(session, second)
    with store.reading() as session:
        for table in (CaseRow, CaseKeyRow, LinkRow, ArticleRow):
            assert session.scalar(sa.select(sa.func.count()).select_from(table)) == 0
    assert [number for number, _ in changes_of(store)] == [1, 2, 3, 4]


def test_undoing_an_import_takes_a_corrected_complaint_with_it(store: Store) -> None:
    with store.writing() as session:
        batch = batches.start(session, "一")
        batches.add(session, batch, [complaint("我被骗了\n损失：777")])
        reports.correct(
            session, queries.list_reports(session)[0][0].id, by="编辑甲", document=Document("x", "我被骗了\n损失：888")
        )
    put(store)
    assert [row.loss_max_fen for row in incident_rows(store)] == [88800]
    with store.writing() as session:
        assert batches.undo(session, batch).withdrawn == 1
    assert incident_rows(store) == []
    with store.reading() as session:
        assert queries.list_reports(session)[0][0].state == "withdrawn"


def test_undoing_before_analysis_leaves_nothing_to_analyse(store: Store) -> None:
    with store.writing() as session:
        batch = batches.start(session, "一")
        batches.add(session, batch, [told("甲报")])
    with store.writing() as session:
        batches.undo(session, batch)
    assert put(store) == WorkSummary()


def test_an_incident_whose_links_are_gone_falls_apart(store: Store) -> None:
    put(store, told("甲报"), told("乙报", more="，警方介入"))
    incident = incident_rows(store)[0].id
    with store.writing() as session:
        session.execute(sa.delete(LinkRow))
        incidents.rebuild(session, resolution.settle(session, {incident}))
    assert len(incident_rows(store)) == 2
    assert incident in {row.id for row in incident_rows(store)}


def test_a_bridge_joins_two_incidents_and_leaves_them_when_withdrawn(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    between = identity.document_id(identity.content_hash(told("桥").text))

    def linked(first: Sketch, second: Sketch) -> Link:
        bridged = between in (first.document_id, second.document_id)
        return Link(first.case_id, second.case_id, 5.0 if bridged else 3.5, "same" if bridged else "undecided")

    monkeypatch.setattr(resolution, "compare", linked)
    put(store, told("甲报"), told("乙报"))
    before = {row.id for row in incident_rows(store)}
    put(store, told("桥"))
    merged = incident_rows(store)
    assert [row.sources for row in merged] == [3]
    gone = (before - {merged[0].id}).pop()
    with store.reading() as session:
        assert queries.get_incident(session, gone, viewer="analyst").id == merged[0].id
        assert [row.redirect for row in queries.history_of(session, gone, viewer="analyst")][-1] == merged[0].id
        bridge = next(row.id for row in queries.list_documents(session)[0] if row.doc_id == "桥")
    with store.writing() as session:
        incidents.withdraw_documents(session, [bridge])
    assert sorted(row.sources for row in incident_rows(store)) == [1, 1]


def test_pages_neither_lose_nor_repeat(store: Store) -> None:
    put(
        store, *(told(f"报{n}", f"{name}六", LUQUAN, 1000 * 7**n, unlike(n)) for n, name in enumerate("赵钱孙李周吴郑"))
    )
    everyone = {row.id for row in incident_rows(store)}
    assert len(everyone) >= 5
    seen: list[str] = []
    cursor = None
    with store.reading() as session:
        while True:
            page = queries.list_incidents(session, viewer="analyst", cursor=cursor, limit=2)
            seen += [row.id for row in page.rows]
            if (cursor := page.cursor) is None:
                break
    assert len(seen) == len(everyone)
    assert set(seen) == everyone


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, {"甲报", "丙报"}), ({"place": "41"}, {"甲报"}), ({"place": "410000"}, {"甲报"}), ({"place": "411381"}, {"甲报"}),
        ({"place": "4113"}, {"甲报"}), ({"place": "42"}, set()), ({"loss_min_fen": 400000}, {"甲报"}), ({"loss_max_fen": 400000}, {"丙报"}),
        ({"words": "骗局 丙报"}, {"丙报"}), ({"words": "，。"}, set()), ({"labels": (LABELS[1],)}, set()),
        ({"labels": (LABELS[0],)}, {"甲报", "丙报"}),
        ({"since": "2024-05"}, {"丙报"}), ({"until": "2023"}, {"甲报"}), ({"since": "2023", "until": "2023-12"}, {"甲报"}),
        ({"kinds": ("case",)}, {"甲报", "丙报"}), ({"kinds": ("advisory",)}, set()), ({"status": "convicted"}, set()),
        ({"basis": "published"}, {"甲报", "丙报"}),
    ],
)  # fmt: skip
def test_filters_narrow(store: Store, wanted: dict[str, object], found: set[str]) -> None:
    first = replace(told("甲报"), published="2023-06-01")
    put(store, first, replace(told("丙报", "胡某某", LUQUAN, 3460), published="2024-06-01"))
    assert {row.title for row in incident_rows(store, **wanted)} == found


def test_a_follower_with_a_filter_hears_that_an_incident_left_it(store: Store) -> None:
    put(store, complaint("我被骗了\n损失：777"))
    with store.writing() as session:
        reports.correct(session, queries.list_reports(session)[0][0].id, by="编辑甲", label=LABELS[3])
    with store.reading() as session:
        for label, numbers in ((LABELS[0], [1, 2]), (LABELS[3], [2]), (LABELS[5], [])):
            page = queries.list_changes(session, wanted=IncidentFilter(labels=(label,)), viewer="analyst")
            assert [row.sequence for row in page.rows] == numbers
            assert page.cursor == 2


def test_four_writers_and_a_follower_see_one_sequence(store: Store) -> None:
    failures: list[BaseException] = []

    def write(writer: int) -> None:
        try:
            worker = Worker(store, FakeAnalyzer(), batch=3)
            for n in range(6):
                with store.writing() as session:
                    inbox.accept(
                        session, told(f"报{writer}-{n}", f"陈某{'甲乙丙丁'[writer]}", LUQUAN, 1000 + writer * 977 + n)
                    )
                worker.drain()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    followed: list[int] = []
    while any(thread.is_alive() for thread in threads) or not followed or followed[-1] < _last(store):
        with store.reading() as session:
            page = queries.list_changes(session, followed[-1] if followed else 0, viewer="analyst")
            followed += [row.sequence for row in page.rows]
    assert failures == []
    assert followed == list(range(1, len(followed) + 1))
    with store.reading() as session:
        assert inbox.counts(session)["done"] == 24


def _last(store: Store) -> int:
    from serving import changes

    with store.reading() as session:
        return changes.last_number(session)
