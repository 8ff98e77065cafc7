"""What is only retold stands where its case stands: when that is read again, merged, split off, marked or withdrawn, and in any order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
import sqlalchemy as sa
from fake_analyzer import FakeAnalyzer
from stores import fresh_store

from nlp.errors import ConflictError
from nlp.incident import SourcedCase
from nlp.records import Document
from nlp.resolve import build_incident
from serving import changes, filing, inbox, incidents, likeness, rulings
from serving.console import ruling_parts
from serving.store import Store
from serving.store.tables import CaseRow, DocumentRow, IncidentRow
from tests.test_resolve import SPACE, mention, person
from tests.test_resolve import told as case
from tests.test_retold import comment
from tests.test_worker import LUQUAN, changes_of, incident_rows, put, told, unlike


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = fresh_store(tmp_path)
    yield opened
    opened.close()


def name_of(store: Store, doc_id: str) -> str:
    with store.reading() as session:
        return session.scalars(sa.select(DocumentRow.id).where(DocumentRow.doc_id == doc_id)).one()


def read_again(store: Store, doc_id: str) -> None:
    name = name_of(store, doc_id)
    with store.writing() as session:
        changes.lock(session)
        document = inbox.as_document(session.get_one(DocumentRow, name))
        (reading,) = FakeAnalyzer().analyze([document])
        incidents.rebuild(session, filing.file_reading(session, name, document, reading))


def sources(store: Store) -> list[tuple[str, list[str]]]:
    """Incidents and what tells them."""
    return sorted((row.id, sorted(s["doc_id"] for s in row.data["sources"])) for row in incident_rows(store))


def told_with(store: Store) -> list[list[str]]:
    return sorted(names for _, names in sources(store))


def lines(*more: str) -> str:
    return "\n".join(("评论以案说法", *more))


@pytest.mark.parametrize("doc_id", ["甲报", "乙报", "评论"])
def test_read_again_nothing_changes(store: Store, doc_id: str) -> None:
    put(store, told("甲报"), told("乙报", "胡某某", LUQUAN, 3460), comment())
    before, log = sources(store), changes_of(store)
    assert [names for _, names in before if len(names) == 2] == [["甲报", "评论"]]
    read_again(store, doc_id)
    assert (sources(store), changes_of(store)) == (before, log)


def test_it_stands_with_the_case_that_it_is_likest_to_in_any_order(tmp_path: Path) -> None:
    said = ("嫌疑人：陈某丰", "嫌疑人：庞大海", "地点：河南省/南阳市/邓州市 411381", "损失：38000", "损失：912345")
    documents = [
        told("甲报"),
        told("乙报", "庞大海", loss=912345, more=unlike(3)),
        replace(comment(), text=lines(*said)),
    ]
    for number, order in enumerate(permutations(documents)):
        store = fresh_store(tmp_path / str(number))
        for document in order:
            put(store, document)
        assert told_with(store) == [["乙报"], ["甲报", "评论"]], [document.doc_id for document in order]
        store.close()


def test_it_goes_to_another_case_when_its_own_is_withdrawn(store: Store) -> None:
    said = ("嫌疑人：陈某丰", "嫌疑人：庞大海", "地点：河南省/南阳市/邓州市 411381", "损失：38000", "损失：912345")
    put(store, told("甲报"), told("乙报", "庞大海", loss=912345, more=unlike(3)), replace(comment(), text=lines(*said)))
    with store.writing() as session:
        incidents.withdraw_documents(session, [name_of(store, "甲报")])
    assert told_with(store) == [["乙报", "评论"]]


def test_what_a_person_merged_stays_one_though_each_side_has_what_is_retold(store: Store) -> None:
    """Six comments on either side: the case with the smallest id, which the person's link once was put to, is one of them."""
    sides = [(told("甲报"), "陈某丰"), (told("乙报", "胡某某", LUQUAN, 3460), "胡某某")]
    place = {"陈某丰": "河南省/南阳市/邓州市 411381", "胡某某": LUQUAN}
    loss = {"陈某丰": 38000, "胡某某": 3460}
    for article, who in sides:
        said = (f"嫌疑人：{who}", f"地点：{place[who]}", f"损失：{loss[who]}")
        some = [Document(f"{who}{n}", lines(str(n), *said), title=f"{who}{n}") for n in range(6)]
        put(store, article, *some)
    first, second = (row.id for row in sorted(incident_rows(store), key=lambda row: row.title))
    with store.writing() as session:
        decision = rulings.merge(session, second, into=first, by="编辑甲").id
    for doc_id in ("甲报", "乙报", "陈某丰3", "胡某某0"):
        read_again(store, doc_id)
        assert [len(names) for names in told_with(store)] == [14], doc_id
    with store.writing() as session:
        rulings.undo(session, decision, by="编辑乙")
    assert [(incident, len(names)) for incident, names in sources(store)] == sorted([(first, 7), (second, 7)])


def test_what_a_person_took_out_waits_and_no_machine_brings_it_back(store: Store) -> None:
    put(store, told("甲报"), comment())
    (row,) = incident_rows(store)
    with store.writing() as session:
        decision = rulings.split(session, row.id, document_ids=[name_of(store, "评论")], by="编辑甲")
        assert decision.details["into"] is None
        assert "移出转述的来源" in str(ruling_parts.sentence(decision, row.id))
        number = decision.id
    assert sources(store) == [(row.id, ["甲报"])]
    read_again(store, "评论")
    put(store, told("丙报", more="，警方介入"))
    read_again(store, "甲报")
    assert sources(store) == [(row.id, ["丙报", "甲报"])]
    with store.writing() as session:
        rulings.undo(session, number, by="编辑乙")
    assert sources(store) == [(row.id, ["丙报", "甲报", "评论"])]


def test_no_incident_is_left_to_what_is_only_retold(store: Store) -> None:
    put(store, told("甲报"), comment())
    (row,) = incident_rows(store)
    with store.writing() as session, pytest.raises(ConflictError, match="拆分"):
        rulings.split(session, row.id, document_ids=[name_of(store, "甲报")], by="编辑甲")


def test_one_that_waits_is_read_again_though_its_incident_was_closed(store: Store) -> None:
    put(store, told("甲报"), comment())
    (row,) = incident_rows(store)
    with store.writing() as session:
        rulings.mark(session, row.id, tlp="amber", by="编辑甲")
    read_again(store, "评论")
    with store.writing() as session:
        incidents.withdraw_documents(session, [name_of(store, "甲报")])
    read_again(store, "评论")
    assert sources(store) == []
    with store.reading() as session:
        assert session.scalars(sa.select(CaseRow.incident_id)).all() == [None]


def test_when_it_becomes_a_complaint_it_goes(store: Store) -> None:
    put(store, told("甲报"), comment())
    put(store, replace(comment(), nature="complaint", metadata={"external_id": "TS-9"}))
    assert told_with(store) == [["甲报"]]


def test_it_decides_neither_the_total_nor_a_contradiction_nor_who_somebody_is(store: Store) -> None:
    """The case tells of 38,000 yuan and of 8,000 among them, a newer comment of the 8,000 alone."""
    article = told("甲报")
    said = ("嫌疑人：陈某丰", "地点：河南省/南阳市/邓州市 411381", "损失：8000")
    put(
        store,
        replace(article, text=f"{article.text}\n损失：8000", published="2024-01-01"),
        replace(comment(), text=lines(*said), published="2024-02-01"),
    )
    (row,) = incident_rows(store)
    assert (row.sources, row.loss_max_fen) == (2, 3_800_000)
    assert not row.data["contradictions"]
    own, other = case(1, **SPACE), case(2, persons=(replace(SPACE["persons"][0], age=61, origin="重庆人"),))
    built = build_incident("i", [own, replace(other, retold=True)])
    assert {(fact.value.age, fact.value.origin) for fact in built.facts if fact.kind == "person"} == {
        (each.age, each.origin) for each in SPACE["persons"]
    }


def test_all_evidence_is_of_what_the_record_tells(store: Store) -> None:
    put(store, told("甲报"), comment())
    (row,) = incident_rows(store)
    with store.reading() as session:
        told_of = {each["text"] for each in likeness.evidence(session, session.get_one(IncidentRow, row.id), "analyst")}
    assert told_of == {fact["text"] for fact in row.data["facts"]}


def test_no_quote_of_it_ends_within_a_name_that_it_does_not_bear_out() -> None:
    """Masking knows 陈大丰; it does not know 陈大."""

    def quotes(length: int) -> list[str]:
        text = f"嫌疑人唐某某说{'很' * length}陈大丰来了{'好' * 200}"
        at, other = text.index("唐某某"), text.index("陈大丰")
        persons = (
            replace(person("唐某某", "suspect"), mentions=(replace(mention("person", None), surface="唐某某", start=at, end=at + 3),)),
            replace(person("陈大丰", "victim"), mentions=(replace(mention("person", None), surface="陈大丰", start=other, end=other + 3),)),
        )  # fmt: skip
        own: SourcedCase = case(1, persons=persons[:1])
        told_again = case(2, persons=persons)
        told_again = replace(told_again, text=text, retold=True, case=replace(told_again.case, start=0, end=len(text)))
        built = build_incident("i", [own, told_again])
        return [
            evidence.quote
            for fact in built.facts
            for evidence in fact.evidence
            if evidence.document_id == told_again.source.document_id
        ]

    found = [quote for length in range(20, 130) for quote in quotes(length)]
    assert any("陈大丰" in quote for quote in found)
    assert not [quote for quote in found if "陈" in quote and "陈大丰" not in quote]
