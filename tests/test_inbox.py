"""Accepted means on disk, claims end, and nothing goes in half."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from stores import fresh_store

from nlp.errors import ConflictError, InputError
from nlp.records import Document
from serving import batches, inbox, incidents, reports
from serving.store import Store
from serving.store.tables import DocumentRow, InboxRow, ReportRow


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = fresh_store(tmp_path)
    yield opened
    opened.close()


def article(number: int, **fields: object) -> Document:
    return Document(f"a{number}", f"第{number}篇文章", **fields)  # type: ignore[arg-type]


def complaint(number: str, text: str) -> Document:
    return Document(number, text, nature="complaint", metadata={"external_id": number})


def accept(store: Store, *documents: Document) -> list[inbox.Accepted]:
    with store.writing() as session:
        return [inbox.accept(session, document) for document in documents]


def claim(store: Store, owner: str = "host:1:x", **options: object) -> list[inbox.Claim]:
    with store.writing() as session:
        return inbox.claim(session, owner, **options)  # type: ignore[arg-type]


def test_what_comes_out_is_what_went_in(store: Store) -> None:
    document = Document(
        "x/1.md", "题\n正文", title="题", form="html", nature="complaint", origin="/x/1.md", url="https://a.example/1", publisher="报",
        published="2024-05-01", fetched="2024-06-01", licence="cc0", encoding="gb18030", sha256="ab" * 32, metadata={"k": "v"},
    )  # fmt: skip
    accept(store, document)
    assert claim(store)[0].document == document


def test_the_same_bytes_again_change_nothing(store: Store) -> None:
    first = accept(store, article(1))[0]
    again = accept(store, Document("other-name", "第1篇文章"))[0]
    assert (first.outcome, again.outcome, again.document_id) == ("new", "already", first.document_id)
    with store.reading() as session:
        assert session.get_one(DocumentRow, first.document_id).doc_id == "a1"
        assert session.scalar(sa.select(sa.func.count(InboxRow.id))) == 1


def test_document_and_inbox_row_go_in_together_or_not_at_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(inbox, "_enqueue", full)
    with pytest.raises(OSError, match="disk full"):
        accept(store, article(1))
    with store.reading() as session:
        assert session.scalar(sa.select(sa.func.count(DocumentRow.id))) == 0


@pytest.mark.parametrize("text", ["", "  \n\t ", "　"])
def test_a_document_without_text_is_refused(store: Store, text: str) -> None:
    with pytest.raises(InputError, match="没有文字"):
        accept(store, Document("a", text))


def test_characters_that_no_database_stores_spoil_nothing(store: Store) -> None:
    broken = Document("a\x00", "前\x00后\ud800尾", title="\udfff", metadata={"k\x00": "v\ud83d"})
    accept(store, broken)
    stored = claim(store)[0].document
    assert (stored.text, stored.doc_id, stored.title, stored.metadata) == ("前�后�尾", "a�", "�", {"k�": "v�"})


def test_claims_are_exclusive_and_in_order(store: Store) -> None:
    accept(store, *map(article, range(5)))
    first, second = claim(store, "host:1:x", limit=3), claim(store, "host:1:y", limit=3)
    assert [c.document.doc_id for c in first + second] == ["a0", "a1", "a2", "a3", "a4"]
    assert claim(store) == []


def test_a_lease_that_ran_out_gives_the_row_to_another_and_the_late_one_stores_nothing(store: Store) -> None:
    accept(store, article(1))
    late = claim(store, "elsewhere:1:x", lease_seconds=-1)[0]
    other = claim(store, "elsewhere:2:y")[0]
    assert (other.document_id, other.attempts) == (late.document_id, 2)
    with store.writing() as session:
        assert not inbox.finish(session, late)
        assert inbox.finish(session, other)


def test_a_clock_set_back_does_not_hold_a_row_for_ever(store: Store) -> None:
    accept(store, article(1))
    claim(store, "elsewhere:1:x", lease_seconds=10 * inbox.LEASE_SECONDS)
    assert len(claim(store, "elsewhere:2:y")) == 1


def test_rows_of_a_dead_process_of_this_machine_come_back_at_once(store: Store) -> None:
    accept(store, article(1), article(2))
    dead = next(pid for pid in range(2**22 - 1, 2, -1) if not Path(f"/proc/{pid}").exists())
    claim(store, f"{socket.gethostname()}:{dead}:x")
    with store.writing() as session:
        assert inbox.give_back_lost(session) == 2


@pytest.mark.parametrize(
    ("owner", "gone"),
    [
        (f"{socket.gethostname()}:{os.getpid()}:other", True),  # an earlier process under our pid
        (inbox.this_worker(), False),
        (f"{socket.gethostname()}:1:x", False),
        ("another-host:999999:x", False),
    ],
    ids=["earlier process of our pid", "ourselves", "process 1", "another machine"],
)
def test_who_is_gone(owner: str, gone: bool) -> None:
    assert inbox.is_gone(owner) is gone


def test_a_row_whose_worker_died_is_claimed_alone_and_set_aside_in_the_end(store: Store) -> None:
    accept(store, *map(article, range(4)))
    assert len(claim(store, "elsewhere:1:x", limit=2, lease_seconds=-1)) == 2
    for attempt in range(2, inbox.MAX_ATTEMPTS + 1):
        only = claim(store, "elsewhere:1:x", limit=10, lease_seconds=-1)
        assert [(c.document.doc_id, c.attempts) for c in only] == [("a0", attempt)]
    assert [c.document.doc_id for c in claim(store, limit=10)] == ["a1"]
    with store.reading() as session:
        row = session.scalars(sa.select(InboxRow).where(InboxRow.state == "set_aside")).one()
    assert "进程中断" in row.error


def test_a_graceful_stop_counts_as_never_tried(store: Store) -> None:
    accept(store, article(1))
    claims = claim(store)
    with store.writing() as session:
        inbox.give_back(session, claims)
    assert claim(store)[0].attempts == 1


def test_failed_rows_can_be_tried_again(store: Store) -> None:
    accept(store, article(1))
    with store.writing() as session:
        inbox.fail(session, inbox.claim(session, "h:1:x")[0], "不行")
    assert claim(store) == []
    with store.writing() as session:
        assert inbox.retry_failed(session) == 1
    assert claim(store)[0].attempts == 1


def test_a_complaint_gets_its_report_with_it(store: Store) -> None:
    accepted = accept(store, complaint("TS-1", "我被骗了"))[0]
    with store.reading() as session:
        report = session.get_one(ReportRow, accepted.report_id)
    assert (report.external_id, report.document_id, report.state) == ("TS-1", accepted.document_id, "received")


def test_one_number_for_two_complaints_is_refused_and_leaves_nothing(store: Store) -> None:
    with store.writing() as session:
        batch = batches.start(session, "test")
        rows = batches.add(
            session, batch, [complaint("TS-1", "我被骗了"), complaint("TS-1", "别的事"), complaint("TS-2", "再一件")]
        )
    assert [row.state for row in rows] == ["new", "refused", "new"]
    assert "TS-1" in (rows[1].error or {})["found"]
    with store.reading() as session:
        assert session.scalar(sa.select(sa.func.count(DocumentRow.id))) == 2
    with pytest.raises(ConflictError, match="PUT"):
        accept(store, complaint("TS-2", "又不同"))


def test_a_withdrawn_document_sent_again_comes_back(store: Store) -> None:
    accepted = accept(store, complaint("TS-1", "我被骗了"))[0]
    with store.writing() as session:
        incidents.withdraw_documents(session, [accepted.document_id])
    assert claim(store) == []
    again = accept(store, complaint("TS-1", "我被骗了"))[0]
    assert (again.outcome, again.report_id) == ("new", accepted.report_id)
    assert len(claim(store)) == 1


def test_a_batch_row_that_is_refused_keeps_its_reason(store: Store) -> None:
    refusal = InputError("文件为空", where="x.pdf", expected="有内容的文件", advice="请检查导出")
    with store.writing() as session:
        batch = batches.start(session, "test")
        batches.add(session, batch, [article(1), refusal])
        batches.add(session, batch, [article(1), article(2)])
        batches.finish(session, batch)
    with store.reading() as session:
        found = batches.rows(session, batch)
        row = batches.get(session, batch)
    assert [(r.number, r.state) for r in found] == [(1, "new"), (2, "refused"), (3, "already"), (4, "new")]
    assert (row.new, row.already, row.refused, row.state) == (2, 1, 1, "finished")
    assert batches.sentence(found[1].error or {}) == "x.pdf：文件为空；应为有内容的文件；请检查导出"


def test_many_senders_of_the_same_things_at_once(store: Store) -> None:
    failures: list[BaseException] = []
    outcomes: list[str] = []

    def send(order: int) -> None:
        try:
            documents = [article(n) for n in range(12)][::order]
            for n in range(4):
                with store.writing() as session:
                    batch = batches.start(session, "test")
                    rows = batches.add(session, batch, documents)
                with store.writing() as session:
                    received = reports.receive(
                        session, Document("x", f"第{n}件投诉"), external_id=f"T-{n}", idempotency_key=f"k-{n}"
                    )
                outcomes.extend(row.state for row in rows)
                outcomes.append("report" if received.new else "known")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=send, args=(order,)) for order in (1, -1, 1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert (outcomes.count("new"), outcomes.count("report")) == (12, 4)
    assert (outcomes.count("already"), outcomes.count("known")) == (16 * 12 - 12, 12)
