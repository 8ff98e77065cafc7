"""An article that is no case but speaks of one bears it out: a source more, no value of its own, no incident of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from stores import fresh_store

from nlp.records import Document
from nlp.resolve import Sketch, compare, signature
from nlp.resolve.features import read_features
from serving import incidents
from serving.store import Store, identity, open_store
from serving.store.tables import CaseKeyRow, CaseRow, DocumentRow
from tests.test_resolve import SPACE, amount, person, place
from tests.test_resolve import told as case
from tests.test_worker import LUQUAN, incident_rows, put, told, unlike


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = fresh_store(tmp_path)
    yield opened
    opened.close()


def comment(name: str = "评论", suspect: str = "陈某丰") -> Document:
    """A lesson in law that speaks of the case of `told`, and of a sum of another one."""
    text = f"{name}以案说法\n嫌疑人：{suspect}\n嫌疑人：庞某某\n地点：河南省/南阳市/邓州市 411381\n损失：38000\n损失：912345"
    return Document(name, text, title=name)


def facts(row) -> set[tuple[str, str]]:
    return {(fact["kind"], fact["text"]) for fact in row.data["facts"]}


@pytest.mark.parametrize("first", ["the case", "the comment"])
def test_it_joins_the_case_whichever_came_first(store: Store, first: str) -> None:
    documents = [told("甲报"), comment()]
    for document in documents if first == "the case" else documents[::-1]:
        put(store, document)
    (row,) = incident_rows(store)
    assert (row.sources, row.title, row.loss_max_fen) == (2, "甲报", 3_800_000)
    assert row.data["independent_sources"] == 2
    put(store, told("乙报", more=unlike(3)))
    (row,) = incident_rows(store)
    assert row.sources == 3


def test_it_brings_no_value_that_the_case_does_not_tell(store: Store) -> None:
    put(store, told("甲报"), comment())
    (row,) = incident_rows(store)
    assert facts(row) == {("person", "陈某丰"), ("place", "河南省/南阳市/邓州市"), ("amount", "3.8万元")}
    assert {fact["sources"] for fact in row.data["facts"]} == {2}
    assert not row.data["contradictions"]


def test_alone_or_with_its_like_it_is_no_incident(store: Store) -> None:
    put(store, comment(), comment("又一评"))
    assert incident_rows(store) == []


def test_it_is_no_bridge_between_two_cases(store: Store) -> None:
    """One comment on two cases joins the one that it fits best and leaves them two."""
    put(store, told("甲报"), told("乙报", "庞某某", LUQUAN, 912345), comment())
    assert sorted(row.sources for row in incident_rows(store)) == [1, 2]


def test_it_goes_where_the_case_goes_and_waits_when_that_is_withdrawn(store: Store) -> None:
    put(store, told("甲报"), comment())
    with store.writing() as session:
        name = session.scalars(sa.select(DocumentRow.id).where(DocumentRow.doc_id == "甲报")).one()
        incidents.withdraw_documents(session, [name])
    assert incident_rows(store) == []
    with store.reading() as session:
        assert session.scalars(sa.select(CaseRow.incident_id)).all() == [None]
    put(store, told("丙报", more="，警方介入"))
    (row,) = incident_rows(store)
    assert row.sources == 2


def test_of_a_complaint_nothing_is_retold(store: Store) -> None:
    put(store, told("甲报"), replace(comment(), nature="complaint", metadata={"external_id": "TS-9"}))
    (row,) = incident_rows(store)
    assert row.sources == 1


def test_cases_of_one_article_are_apart_whatever_their_texts(store: Store) -> None:
    def drawn(number: int, article: int) -> Sketch:
        sourced = case(number, **SPACE)
        return Sketch(f"c-{number}", "d-1", "标题", sourced.signature, read_features(sourced.case), article)

    assert compare(drawn(1, 0), drawn(2, 0)).decision == "apart"
    assert compare(drawn(1, 0), drawn(2, 1)).decision == "same"


def test_in_a_roundup_each_case_is_compared_by_its_own_part(store: Store) -> None:
    from nlp.records import Analysis, Case, Reading, Verdict
    from serving import changes, filing, inbox

    halves = ["".join(chr(0x5000 + 300 * n + at) for at in range(300)) for n in range(2)]
    document = Document("综述", "".join(halves), title="综述")
    found = (
        Case("", "", 0, 300, 0.9, (place("贵州省", "520000"),), (amount(1000, 1000, "loss"),), (person("赵某", "suspect"),)),
        Case("", "", 300, 600, 0.9),
    )  # fmt: skip
    reading = Reading("综述", (Analysis("综述", 0, 600, Verdict("case", 0.9, "", 0.9, {}), (), (), found),))
    with store.writing() as session:
        changes.lock(session)
        accepted = inbox.accept(session, document)
        incidents.rebuild(session, filing.file_reading(session, accepted.document_id, document, reading))
        kept = [
            session.get_one(CaseRow, identity.case_id(accepted.document_id, 0, number)).signature for number in (0, 1)
        ]
    assert [tuple(each) for each in kept] == [signature(half) for half in halves]


def test_a_store_of_before_gets_the_keys_that_new_cases_are_looked_up_by(store: Store) -> None:
    """Cases keep their order: of a key that thousands share the newest are compared."""
    put(store, *(told(f"报{n}", f"{name}六", more=unlike(n)) for n, name in enumerate("赵钱孙李")))

    def keys() -> list[tuple[str, str]]:
        with store.reading() as session:
            return session.execute(sa.select(CaseKeyRow.case_id, CaseKeyRow.key).order_by(CaseKeyRow.id)).all()

    today = keys()
    with store.writing() as session:
        session.execute(sa.delete(CaseKeyRow))
        for case_id in dict.fromkeys(case_id for case_id, _ in today):
            session.add(CaseKeyRow(key="label-city:of old", case_id=case_id))
            session.flush()
        session.execute(sa.text("ALTER TABLE documents DROP COLUMN expired_fields"))
        session.execute(sa.text("UPDATE alembic_version SET version_num = '0094'"))
        assert session.scalar(sa.select(sa.func.count()).select_from(CaseRow)) == 4
    open_store(store.engine.url.render_as_string(hide_password=False)).close()
    assert keys() == today
