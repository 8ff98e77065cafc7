"""What went with time does not come back: by reading late, reading again, correcting, or by a reading that was under way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import kept_world
import pytest
import sqlalchemy as sa
from fake_analyzer import FakeAnalyzer
from stores import everything, fresh_store
from test_worker import complaint, put, told, unlike

from corpora.judgments import Judgment
from nlp import taxonomy
from nlp.errors import ConflictError
from serving import inbox, queries, reports, shadow
from serving.annotation import exchanging, queueing, saving
from serving.keeping import held, retention
from serving.keeping.retention import Rule
from serving.store import Store
from serving.store.tables import CaseRow, DocumentRow, InboxRow
from serving.worker import Worker, claim_batch, file_readings, read_through

VICTIM = "欧阳小测"
TELLING = f"我在网上被骗了，{unlike(9)}\n受害人：{VICTIM}\n嫌疑人：陈大丰\n地点：{kept_world.LUQUAN}\n损失：7000"
NAMES = Rule("办案", "complaint", days=99, fields={"names": 5})
TEXTS = Rule("办案", "complaint", days=99, fields={"names": 5, "text": 10, "quotes": 10})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = fresh_store(tmp_path)
    yield opened
    opened.close()


def later(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def after(store: Store, days: float, rule: Rule = TEXTS) -> retention.Retained:
    return retention.run(store, [rule], actor="测试", at=later(days))


def waits(store: Store, number: str = "TS-1") -> str:
    """A complaint on disk that nobody has read."""
    with store.writing() as session:
        return inbox.accept(session, complaint(TELLING, number)).document_id


def state(store: Store, document_id: str) -> tuple[str, str]:
    with store.reading() as session:
        row = session.scalars(sa.select(InboxRow).where(InboxRow.document_id == document_id)).one()
        return row.state, row.error


def test_names_of_a_document_that_nobody_has_read_go_once_it_is_read(store: Store) -> None:
    document_id = waits(store)
    assert after(store, 6, NAMES).personal == []  # nobody knows yet whom it names
    Worker(store, FakeAnalyzer()).drain()
    assert VICTIM in str(everything(store))
    assert after(store, 6, NAMES).personal == [document_id]
    assert VICTIM not in str(everything(store))


@pytest.mark.parametrize("failed_before", [False, True])
def test_a_document_whose_text_went_is_set_aside_and_never_read(store: Store, failed_before: bool) -> None:
    document_id = waits(store)
    if failed_before:
        (claimed,) = claim_batch(store, 1)
        file_readings(store, [claimed], [ValueError("POISON")])
    after(store, 11)
    assert VICTIM not in str(everything(store))
    with store.writing() as session:
        assert inbox.retry_failed(session) == 0
    put(store, told("甲"))  # what stands behind it is read all the same
    assert Worker(store, FakeAnalyzer()).drain().done == 0
    how, why = state(store, document_id)
    assert how in ("set_aside", "failed")
    if not failed_before:
        assert "全文" in why
        with store.writing() as session:
            assert inbox.retry_failed(session) == 0
    with store.reading() as session:
        assert queries.articles_of(session, document_id) == []
        assert [row.doc_id for row in queries.list_documents(session, words="骗局")[0]] == ["甲"]


@pytest.mark.parametrize("how", ["text", "names", "erased"])
def test_a_reading_of_words_that_went_meanwhile_is_not_filed(store: Store, how: str) -> None:
    """A worker holds the document while names or its text are taken out: what it read still knows them."""
    put(store, complaint(TELLING))
    with store.writing() as session:  # as after an upgrade that reads what had failed
        session.execute(sa.update(InboxRow).values(state="failed"))
        inbox.retry_failed(session)
    claims = claim_batch(store, 8)
    readings = read_through(FakeAnalyzer(), [claimed.document for claimed in claims])
    if how == "erased":
        held.erase(store, [VICTIM], actor="测试", reason="本人申请")
    else:
        after(store, 11 if how == "text" else 6)
    assert file_readings(store, claims, readings).done == 0
    assert VICTIM not in str(everything(store))
    again = Worker(store, FakeAnalyzer()).drain()
    assert again.done == (0 if how == "text" else 1)
    assert VICTIM not in str(everything(store))
    assert state(store, claims[0].document_id)[0] == ("set_aside" if how == "text" else "done")


def test_a_correction_does_not_bring_together_what_has_no_text(store: Store) -> None:
    other = TELLING.replace(unlike(9), unlike(4)).replace("7000", "5100").replace("陈大丰", "钱某军")
    put(store, complaint(TELLING, "TS-1"),
        complaint(other.replace(VICTIM, "司马小验").replace(kept_world.LUQUAN, kept_world.DENGZHOU), "TS-2"))  # fmt: skip
    after(store, 11)
    with store.reading() as session:
        ids = [report.id for report in queries.list_reports(session)[0]]
        before = dict(session.execute(sa.select(CaseRow.document_id, CaseRow.signature)).all())
    for report_id in ids:
        with store.writing() as session:
            reports.correct(session, report_id, by="小赵", label=taxonomy.load().label_ids[1])
    with store.reading() as session:
        homes = session.scalars(sa.select(CaseRow.incident_id)).all()
        assert len(set(homes)) == 2
        assert dict(session.execute(sa.select(CaseRow.document_id, CaseRow.signature)).all()) == before
        assert len({tuple(sketch) for sketch in before.values()}) == 2


def test_nobody_compares_models_on_it_annotates_it_or_trains_on_it(store: Store) -> None:
    put(store, complaint(TELLING, "TS-1"), complaint(TELLING.replace(unlike(9), unlike(4)), "TS-2"))
    with store.reading() as session:
        ids = [row.id for row in queries.list_documents(session)[0]]
    judgment = Judgment("case", taxonomy.load().label_ids[0])
    with store.writing() as session:
        saving.save(session, ids[0], judgment, by="小赵", seen=0)
    rule = replace(TEXTS, source="*TS*")
    with store.writing() as session:
        session.execute(sa.update(DocumentRow).values(origin="TS"))
    with store.reading() as session:
        assert len(list(exchanging.given_out(session))) == 1
        assert len(queueing.waiting(session, "小钱", "unsure", 0.0)) >= 1
    assert len(after(store, 11, rule).personal) == 2
    with store.reading() as session:
        assert shadow.newest(session, "documents", 9) == shadow.newest(session, "reports", 9) == []
        assert list(exchanging.given_out(session)) == []
        for mode in queueing.MODES:
            assert queueing.waiting(session, "小钱", mode, 1.0) == []
    with store.writing() as session, pytest.raises(ConflictError, match="全文"):
        saving.save(session, ids[1], judgment, by="小赵", seen=0)
