"""A small store in which every table holds something: what the tests of backup, sealing, retention and erasure share."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

from stores import address_of, copied, fresh_store
from test_worker import DENGZHOU, LUQUAN, complaint, put, told, unlike

from corpora.judgments import Judgment
from corpora.page_links import Link
from nlp import taxonomy
from nlp.errors import InputError
from nlp.records import Document
from serving import audit, batches, hooks, incidents, queries, reports, rulings, watch_pages, watch_sources
from serving.annotation import saving
from serving.console import saved_views
from serving.people import api_keys, attempts, logins, roster
from serving.queries import IncidentFilter
from serving.store import Store
from serving.store.feed_tables import RuledCaseRow
from serving.store.watch_tables import WatchedHostRow, WatchedSourceRow

PASSWORD = "a long enough password"
# Invented; what a complaint says and nobody outside may see.
VICTIM = "欧阳测试"
PHONE = "13900001111"
COMPLAINT = f"我被骗子骗了，{unlike(7)}\n受害人：{VICTIM}\n嫌疑人：{PHONE}\n地点：{LUQUAN}\n损失：5000"


def fill(store: Store) -> dict[str, str]:
    """Put something into every table; returns the ids that tests ask for."""
    # 1. An import with a refusal, two tellings of one case, another one, and a complaint.
    with store.writing() as session:
        batch = batches.start(session, "导入.csv")
        batches.add(
            session,
            batch,
            [told("甲", more=unlike(1)), InputError("文件为空", where="空.csv"), told("乙", more=unlike(1))],
        )
        batches.finish(session, batch)
    put(store, told("丙", suspect="钱某军", place=LUQUAN, loss=700, more=unlike(3)), Document("丁", "今年大丰收"))
    put(store, complaint(COMPLAINT, "TS-77"))
    with store.reading() as session:
        rows, _ = queries.list_reports(session)
        report = rows[0].id
    # 2. People decide: a review with a correction, a merge and its undoing, a withdrawal.
    with store.writing() as session:
        reports.review(session, report, by="小赵")
        reports.correct(session, report, by="小赵", kind="case", note="核对过")
    with store.reading() as session:
        page = queries.list_incidents(session, IncidentFilter(), viewer="analyst")
        first, second = sorted(row.id for row in page.rows)[:2]
    with store.writing() as session:
        decision = rulings.merge(session, second, into=first, by="小赵", note="同一伙人")
    with store.writing() as session:
        rulings.undo(session, decision.id, by="小赵")
    put(store, told("戊", suspect="孙某海", place=DENGZHOU, loss=99, more=unlike(5)))
    with store.reading() as session:
        gone = next(row.id for row in queries.list_documents(session)[0] if row.doc_id == "戊")
        kept = next(row.id for row in queries.list_documents(session)[0] if row.doc_id == "TS-77")
    with store.writing() as session:
        incidents.withdraw_documents(session, [gone])
    with store.writing() as session:
        saving.save(session, kept, Judgment("case", taxonomy.load().label_ids[0]), by="小赵", seen=0)
        # What a ruling said of a text that is gone, as it stands in the store.
        session.add(RuledCaseRow(decision_id=decision.id, document_id=gone, moved=True, start=0, end=9))
    # 3. People themselves, a key, a log-in, a failed one, a webhook with what waits for it, an audit line.
    with store.writing() as session:
        person = roster.add(session, "小赵", "admin", PASSWORD)
        api_keys.add(session, person, role="analyst", scopes=("read",), name="平台", days=9)
        hook = hooks.register(
            session, "https://receiver.example/x", IncidentFilter(), viewer="analyst", by="小赵", after=0
        )
        hooks.line_up(session)
        attempts.failed(session, "小赵", "127.0.0.1")
        saved_views.save(session, "小赵", "河南", {"place": "41"})
        audit.record(session, "小赵", "admin", "read", kept)
    logins.log_in(store, "小赵", PASSWORD, "127.0.0.1")
    # 4. A page that is watched, what is known of its host, who read its source.
    source = watch_sources.Source("通报", "feed", ("https://news.example/rss",))
    with store.writing() as session:
        watch_pages.remember(session, source, "page", [Link("https://news.example/1.html", "2026-03-01")])
        session.add(WatchedHostRow(origin="https://news.example", robots="User-agent: *"))
        session.add(WatchedSourceRow(name="通报", holder="elsewhere:1:0011", until=1.0))
    return {"report": report, "document": kept, "webhook": hook.id, "withdrawn": gone}


def filled(folder: Path) -> str:
    """The address of a filled store of one's own: filled once a process, copied for every test."""
    return copied(_template(os.environ.get("FANZHA_TEST_POSTGRES", ""))[0], folder)


def ids() -> dict[str, str]:
    """The ids that `fill` returned for every store of `filled`."""
    return _template(os.environ.get("FANZHA_TEST_POSTGRES", ""))[1]


@cache
def _template(_server: str) -> tuple[str, dict[str, str]]:
    folder = Path(tempfile.mkdtemp(prefix="fanzha-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    store = fresh_store(folder)
    found = fill(store)
    address = address_of(store)
    store.close()  # folds the journal into the file
    return address, found


def same_again(name: str, text: str) -> Document:
    """Another document with the same words under another name."""
    return replace(Document(name, text), title=name)
