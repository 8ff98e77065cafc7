"""The desk: what comes first, that two people never get the same complaint, that no decision is lost, and that each can be undone."""

from __future__ import annotations

from datetime import datetime

import pytest
import sqlalchemy as sa

from nlp import taxonomy
from nlp.errors import ConflictError
from nlp.records import Document
from serving import reports, views
from serving.console import decisions, desk_queue
from serving.console.decisions import Decision, decide, undo
from serving.console.desk_queue import Item, Queue, waiting
from serving.console.leases import LEASE_SECONDS
from serving.store.tables import ArticleRow, CaseRow, IncidentRow, ReportRow
from serving.worker import Worker
from tests.fake_analyzer import make
from tests.stores import fresh_store

TEXTS = (
    "刷单被骗 受害人：赵小红 损失：32800",
    "刷单被骗 受害人：钱小明 损失：500",
    "刷单被骗 受害人：孙小兰 损失：990000",
)


@pytest.fixture
def store(tmp_path):
    opened = fresh_store(tmp_path)
    with opened.writing() as session:
        for number, text in enumerate(TEXTS):
            reports.receive(session, Document(f"t{number}", text, origin="test"), external_id=f"TS-{number}")
    Worker(opened, make()).drain()
    yield opened
    opened.close()


def report_of(store, number):
    with store.reading() as session:
        return session.scalars(sa.select(ReportRow).where(ReportRow.external_id == f"TS-{number}")).one()


def state_of(store, number):
    """(kind, label, reviewed by, public incidents) of a report."""
    with store.reading() as session:
        report = session.scalars(sa.select(ReportRow).where(ReportRow.external_id == f"TS-{number}")).one()
        article = session.scalars(sa.select(ArticleRow).where(ArticleRow.document_id == report.document_id)).one()
        rows = session.scalars(
            sa.select(IncidentRow)
            .join(CaseRow, CaseRow.incident_id == IncidentRow.id)
            .where(CaseRow.document_id == report.document_id)
        ).all()
        return article.kind, article.label, report.reviewed_by, [(row.public, row.withdrawn) for row in rows]


def act(store, number, decision, by="甲", seen=None):
    report = report_of(store, number)
    with store.writing() as session:
        return decide(session, report.id, seen or decisions.stamp(report), decision, by)


def take_back(store, done, by="甲"):
    with store.writing() as session:
        undo(session, done, by)


def test_the_largest_loss_comes_first_and_says_why(store):
    with store.reading() as session:
        items = waiting(session, datetime(2030, 1, 1).astimezone())
    assert [item.report_id for item in items] == [report_of(store, number).id for number in (2, 0, 1)]
    assert any("损失大" in reason for reason in items[0].reasons)
    assert items[2].reasons == ()


def test_recent_and_doubtful_ones_come_before_larger_old_ones():
    today = datetime(2026, 3, 10).astimezone()
    old = desk_queue._ranked("r1", False, 900_000, "2024-01-01", False, today)
    hot = desk_queue._ranked("r2", False, 5_000, "2026-03-09", False, today)
    unsure = desk_queue._ranked("r3", True, 2_000, "2026-02-20", False, today)
    assert hot.points > old.points
    assert unsure.points > old.points
    assert hot.reasons == ("3 天内，或可止付",)


def test_two_people_never_get_the_same_one_until_the_lease_ends(store):
    now = [0.0]
    queue = Queue(lambda: store, lambda: now[0])
    first, second = queue.take("甲", 2), queue.take("乙", 2)
    assert len(first) == 2
    assert len(second) == 1
    assert not {item.report_id for item in first} & {item.report_id for item in second}
    assert queue.take("丙") == []
    assert queue.take("甲", 2) == first  # what he holds already
    now[0] = LEASE_SECONDS + 1
    assert len(queue.take("丙", 3)) == 3
    queue.leave("丙")
    assert len(queue.take("丁", 3)) == 3


def test_what_is_put_off_goes_to_others_and_comes_round_again(store):
    queue = Queue(lambda: store)
    [first] = queue.take("甲")
    queue.skip("甲", first.report_id)
    [second] = queue.take("甲")
    assert second != first
    assert queue.take("乙") == [first]
    queue.leave("乙")
    queue.done("甲", second.report_id)
    [third] = queue.take("甲")
    queue.done("甲", third.report_id)
    with store.writing() as session:  # decided, so the queue does not read them anew
        for item in (second, third):
            reports.review(session, item.report_id, by="甲")
    assert queue.take("甲") == [first]


def test_accepting_lets_the_incident_be_seen_and_undoing_hides_it(store):
    before = state_of(store, 0)
    done = act(store, 0, Decision("accept"))
    assert state_of(store, 0)[2:] == ("甲", [(True, False)])
    take_back(store, done)
    assert state_of(store, 0) == before


def test_correcting_and_rejecting_are_undone_to_what_was(store):
    before = state_of(store, 0)
    other = next(label.id for label in taxonomy.load().labels if label.id != before[1])
    done = act(store, 0, Decision("correct", label=other))
    assert state_of(store, 0)[:3] == ("case", other, "甲")
    take_back(store, done)
    assert state_of(store, 0) == before
    done = act(store, 0, Decision("reject"))
    assert state_of(store, 0)[0] == "unrelated"
    assert state_of(store, 0)[3] == []
    take_back(store, done)
    assert state_of(store, 0)[:3] == before[:3]
    assert state_of(store, 0)[3] == [(False, False)]


def test_linking_joins_the_incidents_and_undoing_parts_them(store):
    with store.reading() as session:
        homes = [
            session.scalars(
                sa.select(CaseRow.incident_id).where(CaseRow.document_id == report_of(store, number).document_id)
            ).one()
            for number in (0, 1)
        ]
    assert homes[0] != homes[1]
    done = act(store, 0, Decision("link", incident_id=homes[1]))
    with store.reading() as session:
        row = session.get(IncidentRow, homes[1])
        view = views.incident_view(row, "admin")
        assert len(view["sources"]) == 2
        assert view["links"][0]["decided_by"] == "person:甲"
        assert session.get(IncidentRow, homes[0]).merged_into == homes[1]
    take_back(store, done)
    with store.reading() as session:
        assert len(views.incident_view(session.get(IncidentRow, homes[1]), "admin")["sources"]) == 1
        mine = session.scalars(
            sa.select(CaseRow.incident_id).where(CaseRow.document_id == report_of(store, 0).document_id)
        ).one()
        assert mine != homes[1]
        assert not session.get(IncidentRow, mine).withdrawn


def test_the_second_of_two_deciders_is_told_and_changes_nothing(store):
    seen = decisions.stamp(report_of(store, 0))
    act(store, 0, Decision("accept"), by="甲")
    before = state_of(store, 0)
    with pytest.raises(ConflictError, match=r"甲 已在 .* 处理"):
        act(store, 0, Decision("reject"), by="乙", seen=seen)
    assert state_of(store, 0) == before


def test_an_undo_that_comes_after_another_s_decision_is_refused(store):
    done = act(store, 0, Decision("accept"))
    with store.writing() as session:
        reports.correct(session, done.report_id, by="乙", kind="unrelated")
    with pytest.raises(ConflictError, match="不能撤销"):
        take_back(store, done)
    assert state_of(store, 0)[0] == "unrelated"


def test_items_say_nothing_of_the_complaint():
    """What lies in memory for hours is ids and reasons, no text."""
    assert set(Item.__slots__) == {"report_id", "points", "reasons"}
