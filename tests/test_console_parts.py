"""What the incident's page says, part by part, from the view that the API gives: nothing is left out, nobody's word is lost."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any, cast

import pytest

from nlp.records import Document
from serving import queries, views
from serving.console import incident_parts as parts
from serving.store.tables import IncidentRow
from serving.worker import Worker
from tests.fake_analyzer import make
from tests.stores import fresh_store

VIEW = {
    "title": "某地 一案", "id": "i-0", "revision": 3, "revised_at": "2026-03-02T01:00:00Z", "first_date": "2024-05", "last_date": "2024-06-01",
    "published": "2024-07-01", "totals": [{"role": "loss", "min": 380e4, "max": 390e4}], "independent_sources": 2,
    "sources": [
        {"document_id": "d-1", "doc_id": "a.txt", "title": "通报", "publisher": "某报", "url": "https://e.invalid/1", "published": "2024-07-01",
         "nature": "published"},
        {"document_id": "d-2", "doc_id": "TS-1", "title": "", "publisher": "", "url": "", "published": "", "nature": "complaint"},
    ],
    "facts": [
        {"kind": "time", "role": "", "text": "2024-05", "value": {"from": "2024-05", "to": "2024-05"}, "confidence": 0.9, "sources": 1,
         "aliases": [], "evidence": [{"document_id": "d-1", "start": 1, "end": 5, "quote": "五月被骗", "quote_start": 0}]},
        {"kind": "time", "role": "", "text": "--06-03", "value": {"from": "--06-03", "to": "--06-03"}, "confidence": 0.9, "sources": 1,
         "aliases": [], "evidence": []},
        {"kind": "person", "role": "suspect", "text": "陈某<丰>", "value": {"name": "陈某丰", "age": 0}, "confidence": 0.5, "sources": 2,
         "aliases": ["陈某"], "evidence": [{"document_id": "d-1", "start": 7, "end": 10, "quote": "陈某丰", "quote_start": 0},
                                         {"document_id": "d-2", "start": 2, "end": 4, "quote": "陈某", "quote_start": 0}]},
    ],
    "contradictions": [{"field": "损失", "tellings": [{"text": "380万元", "sources": 1, "document_ids": ["d-1"]},
                                                    {"text": "40万元", "sources": 1, "document_ids": ["d-2"]}]}],
    "places": [{"region": "河南省/新乡市", "code": "410700", "role": "scene", "sources": 1}],
    "links": [{"first": "c-1", "second": "c-2", "score": 5.0, "decision": "same", "agreed": ["嫌疑人同为陈某丰", "嫌疑人同为陈某丰"],
               "contradicted": ["类型不同"], "decided_by": "甲"}],
}  # fmt: skip
CHANGES = [{"kind": "created", "revision": 1, "at": "2026-03-01T00:00:00Z", "sequence": 4}]
NAMES = {"d-1": "通报", "d-2": "投诉 TS-1", "c-1": "通报", "c-2": "投诉 TS-1"}


def words(html: object) -> str:
    return re.sub(r"<[^>]+>", " ", str(html))


def test_a_fact_names_every_place_it_stands_in():
    drawn = parts.facts(VIEW, quotes=False)
    assert 'data-refs="d-1:7-10 d-2:2-4"' in drawn
    assert "陈某&lt;丰&gt;" in drawn
    assert all(word in words(drawn) for word in ("嫌疑人", "又称陈某", "0岁", "把握 0.50", "2 源 · 2 处"))


def test_a_reader_gets_quotes_instead_of_places():
    drawn = parts.facts(VIEW, quotes=True)
    assert "data-refs" not in drawn
    assert "“五月被骗”" in drawn


def test_the_course_holds_case_publication_and_our_own_changes():
    told = words(parts.course(VIEW, CHANGES))
    assert told.index("6月3日") < told.index("2024-05") < told.index("发布：通报") < told.index("入库：建立")


def test_who_says_what_and_why_they_are_one():
    assert "380万元" in words(parts.contradictions(VIEW, NAMES))
    assert "投诉 TS-1" in words(parts.contradictions(VIEW, NAMES))
    told = words(
        parts.links(
            VIEW,
            NAMES,
            [{"id": "i-1", "title": "另一案", "score": 3.2, "agreed": ["手法同有跑分"], "contradicted": []}],
        )
    )
    assert told.count("嫌疑人同为陈某丰") == 1
    assert all(word in told for word in ("同一案件", "类型不同", "，甲", "待定", "另一案", "手法同有跑分"))


def test_a_citation_says_which_version_of_what_from_where():
    cited = parts.citation(VIEW, "http://x/console/incidents/i-0", "2026-03-05")
    assert cited == (
        "某地 一案［反诈事件 i-0，第 3 版，2026-03-02 修订］．http://x/console/incidents/i-0（2026-03-05 引用）．"
        "来源：某报，《通报》，2024-07-01，https://e.invalid/1；TS-1．"
    )


@pytest.mark.parametrize("quotes", [True, False])
def test_a_real_incident_is_drawn_whole(tmp_path, quotes):
    from serving import inbox

    store = fresh_store(tmp_path)
    with store.writing() as session:
        inbox.accept(session, Document("a", "刷单被骗 受害人：赵小红 损失：32800", origin="test"))
    Worker(store, make()).drain()
    with store.reading() as session:
        row = session.query(IncidentRow).one()
        view = views.incident_view(row, "admin")
        history = views.change_lines(queries.history_of(session, row.id, viewer="admin"), "admin", ())
    store.close()
    drawn = words(
        parts.join(
            parts.figures(view), parts.facts(view, quotes=quotes), parts.course(view, history), parts.history(history)
        )
    )
    assert all(word in drawn for word in ("赵小红", "3.28万元", "第 1 版", "建立"))


def test_a_run_shows_its_curve_how_long_it_still_takes_and_how_to_end_it():
    from serving.console import models_parts

    run = SimpleNamespace(
        title="完整训练（甲）", state="running", total=200, done=50, minutes_left=3.25, losses=[2.0, 1.0, 0.5], lines=["损失 0.5"], verb="train"
    )  # fmt: skip
    drawn = models_parts.running(cast(Any, run))
    assert "50/200" in drawn
    assert "约剩 3.2 分" in drawn
    assert 'data-rules="cancel"' in drawn
    # Worked by hand: 300 wide, the highest loss at 4, the lowest at 56.
    assert 'points="0.0,4.0 150.0,38.7 300.0,56.0"' in drawn
    assert "损失 2.000 → 0.500（最低 0.500）" in drawn
    ended = models_parts.running(cast(Any, SimpleNamespace(**vars(run) | {"state": "cancelled"})))
    assert "已取消" in ended
    assert "约剩" not in ended
    assert 'data-rules="cancel"' not in ended
    assert "都在这里" in models_parts.running(None)
