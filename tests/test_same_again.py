"""The same thing sent again: as something stricter, after a correction, in another import; and which failures are the database's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from nlp.records import Document
from serving import batches, inbox, incidents, queries, reports
from serving.store import Store
from serving.store.outage import is_outage
from serving.store.tables import BatchEntryRow, InboxRow, IncidentRow
from serving.worker import Worker
from tests.fake_analyzer import FakeAnalyzer
from tests.stores import fresh_store

TEXT = "刷单骗案 受害人：赵小红 地点：云南省/昆明市 530100 损失：32810"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = fresh_store(tmp_path)
    yield opened
    opened.close()


def article(**more) -> Document:
    return Document("a.txt", TEXT, sha256="a" * 64, **more)


def work(store: Store) -> None:
    Worker(store, FakeAnalyzer()).drain()


def visible(store: Store) -> int:
    with store.reading() as session:
        return len(queries.list_incidents(session, viewer="reader").rows)


# f. stricter ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("analysed", [True, False])
def test_an_article_that_comes_again_as_a_complaint_is_one_from_then_on(store, analysed):
    with store.writing() as session:
        inbox.accept(session, article())
    if analysed:
        work(store)
        assert visible(store) == 1
    with store.writing() as session:
        again = inbox.accept(session, article(nature="complaint"))
        assert (again.outcome, again.restricted) == ("already", True)
    assert visible(store) == 0  # at once, not when somebody looks at it
    work(store)
    assert visible(store) == 0
    with store.reading() as session:
        document = queries.get_document(session, again.document_id)
        report = queries.get_report(session, again.report_id)
        assert (document.nature, report.state, report.reviewed_by) == ("complaint", "analysed", "")
        (row,) = session.scalars(sa.select(IncidentRow)).all()
        assert (row.public, row.basis) == (False, "complaint")
        if analysed:
            assert [change.kind for change in queries.history_of(session, row.id)] == ["created", "restricted"]
    with store.writing() as session:
        reports.review(session, again.report_id, by="值班员")
    assert visible(store) == 1


def test_a_complaint_that_comes_again_as_an_article_stays_one(store):
    with store.writing() as session:
        inbox.accept(session, article(nature="complaint"))
    work(store)
    with store.writing() as session:
        again = inbox.accept(session, article())
        assert (again.outcome, again.restricted) == ("already", False)
    work(store)
    assert visible(store) == 0


def test_a_withdrawn_article_that_comes_back_as_a_complaint_is_one(store):
    with store.writing() as session:
        first = inbox.accept(session, article())
    work(store)
    with store.writing() as session:
        incidents.withdraw_documents(session, [first.document_id])
        inbox.accept(session, article(nature="complaint"))
    work(store)
    assert visible(store) == 0


def test_an_import_can_make_complaints_of_articles(store):
    with store.writing() as session:
        batches.add(session, batches.start(session, "网页"), [article()])
    work(store)
    assert visible(store) == 1
    with store.writing() as session:
        (row,) = batches.add(session, batches.start(session, "工单", "complaint"), [article(nature="complaint")])
        assert row.state == "already"
    assert visible(store) == 0


# g. after a correction -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["GD-1", ""])
@pytest.mark.parametrize("corrections", [1, 2])
def test_a_table_that_comes_again_after_a_correction_changes_nothing(store, number, corrections):
    row = Document(
        "t.csv#2", TEXT, sha256="b" * 64, nature="complaint", metadata={"external_id": number} if number else {}
    )
    with store.writing() as session:
        (first,) = batches.add(session, batches.start(session, "工单"), [row])
        assert first.state == "new"
        report = inbox.accept(session, row).report_id
    work(store)
    for turn in range(corrections):
        with store.writing() as session:
            reports.correct(session, report, by="值班员", document=replace(row, text=f"{TEXT} 更正{turn}", sha256=""))
        work(store)
    with store.writing() as session:
        (again,) = batches.add(session, batches.start(session, "工单"), [row])
        assert (again.state, again.error) == ("already", None)
        assert again.document_id == queries.get_report(session, report).document_id
    with store.reading() as session:
        assert "更正" in queries.get_document(session, again.document_id).text  # the correction stands


# h. counts of an heir, and whose fault a failure is ----------------------------------------------------------------------


def test_the_import_that_inherits_a_document_counts_it(store):
    with store.writing() as session:
        first, second = batches.start(session, "一"), batches.start(session, "二")
        batches.add(session, first, [article()])
        batches.add(session, second, [article()])
        batches.undo(session, first)
    with store.reading() as session:
        heir = batches.get(session, second)
        states = session.scalars(sa.select(BatchEntryRow.state).where(BatchEntryRow.batch_id == second)).all()
        assert (heir.new, heir.already, states) == (1, 0, ["new"])


def failure(code: int) -> sa.exc.OperationalError:
    error = sqlite3.OperationalError("x")
    error.sqlite_errorcode = code
    return sa.exc.OperationalError("INSERT", {}, error)


@pytest.mark.parametrize("code", [5, 6, 8, 10, 13, 14, 10 | 3 << 8])
def test_locked_full_and_broken_disks_are_outages(code):
    assert is_outage(failure(code))


def test_a_statement_that_can_never_work_is_no_outage(store):
    assert not is_outage(failure(1))
    with pytest.raises(sa.exc.OperationalError) as raised, store.reading() as session:
        session.execute(sa.text("SELECT nothing FROM nowhere"))
    assert not is_outage(raised.value)
    assert not is_outage(ValueError())


def test_a_document_that_the_database_cannot_take_fails_alone_and_does_not_stop_the_others(store, monkeypatch):
    """Its claim was given back for ever: nothing behind it was ever done."""
    from serving import filing

    whole = filing.file_reading

    def cannot(session, document_id, document, reading):
        if "不能入库" in document.text:
            session.execute(sa.text("SELECT nothing FROM nowhere"))
        return whole(session, document_id, document, reading)

    monkeypatch.setattr(filing, "file_reading", cannot)
    with store.writing() as session:
        for number in range(4):
            text = f"{TEXT} {number}" + " 不能入库" * (number == 1)
            inbox.accept(session, Document(f"{number}", text))
    work(store)
    with store.reading() as session:
        states = dict(session.execute(sa.select(InboxRow.state, sa.func.count()).group_by(InboxRow.state)).all())
    assert states == {"done": 3, "failed": 1}
