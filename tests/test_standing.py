"""What a person ruled holds while documents are read anew, whatever the machine finds in them this time, and can still be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from fake_analyzer import LABELS, FakeAnalyzer
from stores import fresh_store
from test_feed_sequence import document_id, listed
from test_worker import LUQUAN, complaint, put, told

from nlp.records import Reading, Verdict
from serving import filing, inbox, incidents, queries, reports, resolution, rulings, statistics
from serving.console import decisions
from serving.console.decisions import Decision
from serving.store import Store
from serving.store.tables import CaseRow, ReportRow


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = fresh_store(tmp_path)
    yield opened
    opened.close()


def as_it_is(reading: Reading) -> Reading:
    return reading


def nothing_in_it(reading: Reading) -> Reading:
    """Another model says that this is no case."""
    [found] = reading.analyses
    verdict = Verdict("unrelated", 0.9, LABELS[0], 0.8, {LABELS[0]: 0.8}, model="fake 2")
    return replace(reading, analyses=(replace(found, verdict=verdict, cases=(), mentions=()),))


def second_article(reading: Reading) -> Reading:
    """Another model cuts the first three characters off as an article of its own: the case has another number now."""
    [found] = reading.analyses
    ahead = replace(found, start=0, end=3, cases=(), mentions=(), verdict=replace(found.verdict, kind="advisory"))
    cases = tuple(replace(case, start=3) for case in found.cases)
    return replace(reading, analyses=(ahead, replace(found, start=3, cases=cases)))


def read_anew(store: Store, name: str, changed: Callable[[Reading], Reading] = as_it_is) -> None:
    identity = document_id(store, name)
    with store.writing() as session:
        document = inbox.as_document(queries.get_document(session, identity))
        reading = changed(next(FakeAnalyzer().analyze([document])))
        incidents.rebuild(session, filing.file_reading(session, identity, document, reading))


def together(store: Store, viewer: str = "analyst") -> list[list[str]]:
    """The names of the documents of each incident."""
    with store.reading() as session:
        assert statistics.held(session) == statistics.recount(session)
    return sorted(
        sorted(source["doc_id"] for source in incident["sources"]) for incident in listed(store, viewer).values()
    )


def incident_of(store: Store, name: str) -> str:
    with store.reading() as session:
        query = sa.select(CaseRow.incident_id).where(CaseRow.document_id == document_id(store, name))
        return str(session.scalars(query).one())


def two(store: Store) -> int:
    """甲 and 乙 have nothing in common; a person says they are one. Returns the decision."""
    put(store, told("甲报"), told("乙报", "胡某某", LUQUAN, 3460))
    assert together(store) == [["乙报"], ["甲报"]]
    first, second = incident_of(store, "甲报"), incident_of(store, "乙报")
    with store.writing() as session:
        return rulings.merge(session, second, into=first, by="编辑甲").id


@pytest.mark.parametrize("names", [("甲报",), ("乙报",), ("甲报", "乙报"), ("乙报", "甲报", "乙报")])
def test_a_merge_outlives_a_new_reading_of_its_documents(store: Store, names: tuple[str, ...]) -> None:
    decision = two(store)
    kept = incident_of(store, "甲报")
    for name in names:
        read_anew(store, name)
        assert together(store) == [["乙报", "甲报"]]
    assert incident_of(store, "乙报") == kept
    with store.writing() as session:
        rulings.undo(session, decision, by="编辑乙")
    assert together(store) == [["乙报"], ["甲报"]]
    # What was taken back does not return with the next reading.
    for name in names:
        read_anew(store, name)
    assert together(store) == [["乙报"], ["甲报"]]


def test_a_merge_waits_while_a_model_sees_no_case_and_holds_the_rest(store: Store) -> None:
    put(store, told("甲报"), told("乙报", "胡某某", LUQUAN, 3460), told("丙报", "胡某某", LUQUAN, 3460, "，警方介入"))
    assert together(store) == [["丙报", "乙报"], ["甲报"]]
    with store.writing() as session:
        rulings.merge(session, incident_of(store, "乙报"), into=incident_of(store, "甲报"), by="编辑甲")
    for name in ("乙报", "丙报"):
        read_anew(store, name, nothing_in_it)
        assert together(store) == [sorted({"甲报", "乙报", "丙报"} - {name})]
        read_anew(store, name)
        assert together(store) == [["丙报", "乙报", "甲报"]]
    # Nor does the rest fall apart when one of them is withdrawn.
    with store.writing() as session:
        incidents.withdraw_documents(session, [document_id(store, "乙报")])
    assert together(store) == [["丙报", "甲报"]]


def test_a_ruling_speaks_of_a_stretch_of_text_not_of_a_number(store: Store) -> None:
    decision = two(store)
    for name in ("甲报", "乙报"):
        read_anew(store, name, second_article)
        assert together(store) == [["乙报", "甲报"]]
    with store.writing() as session:
        rulings.undo(session, decision, by="编辑甲")
    assert together(store) == [["乙报"], ["甲报"]]


@pytest.mark.parametrize("name", ["甲报", "乙报", "丙报"])
def test_what_was_taken_apart_stays_apart_whichever_side_is_read_anew(store: Store, name: str) -> None:
    put(store, told("甲报"), told("乙报", more="，警方介入"), told("丙报", more="，案件正在办理"))
    assert together(store) == [["丙报", "乙报", "甲报"]]
    with store.writing() as session:
        whole = incident_of(store, "甲报")
        decision = rulings.split(session, whole, document_ids=[document_id(store, "乙报")], by="编辑甲").id
    for changed in (as_it_is, second_article, nothing_in_it, as_it_is):
        read_anew(store, name, changed)
    assert together(store) == [["丙报", "甲报"], ["乙报"]]
    with store.writing() as session:
        rulings.undo(session, decision, by="编辑甲")
    assert together(store) == [["丙报", "乙报", "甲报"]]
    read_anew(store, name)
    assert together(store) == [["丙报", "乙报", "甲报"]]


def test_one_case_is_taken_out(store: Store) -> None:
    put(store, told("甲报"), told("乙报", more="，警方介入"))
    with store.writing() as session:
        [case] = session.scalars(sa.select(CaseRow.id).where(CaseRow.document_id == document_id(store, "乙报")))
        rulings.split(session, incident_of(store, "甲报"), case_ids=[case], by="编辑甲")
    read_anew(store, "乙报")
    assert together(store) == [["乙报"], ["甲报"]]


def test_the_later_of_two_words_counts(store: Store) -> None:
    two(store)
    with store.writing() as session:
        ruled = rulings.split(
            session, incident_of(store, "甲报"), document_ids=[document_id(store, "乙报")], by="编辑乙"
        ).id
    for name in ("甲报", "乙报"):
        read_anew(store, name)
        assert together(store) == [["乙报"], ["甲报"]]
    with store.writing() as session:
        rulings.undo(session, ruled, by="编辑乙")
    for name in ("甲报", "乙报"):
        read_anew(store, name)
        assert together(store) == [["乙报", "甲报"]]


def test_a_corrected_complaint_stays_where_a_person_put_it(store: Store) -> None:
    put(store, complaint("我被骗了\n嫌疑人：钱大山\n损失：777"), told("甲报"))
    with store.reading() as session:
        [report] = session.scalars(sa.select(ReportRow))
    with store.writing() as session:
        # At the desk: the complaint belongs to the published case.
        done = decisions.decide(
            session, report.id, decisions.stamp(report), Decision("link", incident_id=incident_of(store, "甲报")), "甲"
        )
    assert together(store) == [["TS-1", "甲报"]]
    with store.writing() as session:
        reports.correct(session, report.id, by="乙", label=LABELS[3])
    assert together(store) == [["TS-1", "甲报"]]
    read_anew(store, "TS-1")
    read_anew(store, "甲报")
    assert together(store) == [["TS-1", "甲报"]]
    with store.reading() as session:
        [row] = rulings.listed(session, incident_of(store, "甲报"))
        assert (row.sort, row.by, done.rulings) == ("merge", "甲", (row.id,))


def test_what_was_closed_to_readers_is_not_opened_by_a_merge_or_a_split(store: Store) -> None:
    put(store, told("甲报"), told("乙报", "胡某某", LUQUAN, 3460))
    closed, other = incident_of(store, "乙报"), incident_of(store, "甲报")
    with store.writing() as session:
        rulings.mark(session, closed, tlp="amber", by="编辑甲")
        merged = rulings.merge(session, closed, into=other, by="编辑甲").id
    assert together(store, "reader") == []
    with store.writing() as session:
        rulings.split(session, other, document_ids=[document_id(store, "乙报")], by="编辑甲")
    assert together(store, "reader") == []
    assert len(together(store)) == 2
    with store.writing() as session:
        rulings.undo(session, rulings.listed(session)[0].id, by="编辑甲")
        rulings.undo(session, merged, by="编辑甲")
    assert together(store, "reader") == [["甲报"]]
    assert listed(store, "analyst")[closed]["tlp"] == "amber"


def test_a_merge_by_the_machine_does_not_open_it_either(store: Store) -> None:
    put(store, told("甲报"), told("乙报", "胡某某", LUQUAN, 3460))
    with store.writing() as session:
        rulings.mark(session, incident_of(store, "乙报"), tlp="red", by="编辑甲")
        resolution.merge(session, incident_of(store, "乙报"), into=incident_of(store, "甲报"))
        incidents.rebuild(session, [incident_of(store, "甲报"), incident_of(store, "乙报")])
    assert together(store, "reader") == []


def something_else(reading: Reading) -> Reading:
    """Another model reads other names, places and sums: the case has nothing in common with what it was."""
    [found] = reading.analyses
    cases = tuple(replace(case, persons=(), places=(), amounts=()) for case in found.cases)
    return replace(reading, analyses=(replace(found, cases=cases, mentions=()),))


@pytest.mark.parametrize("between", [as_it_is, nothing_in_it])
def test_a_case_that_leaves_a_closed_incident_by_a_new_reading_stays_closed(store: Store, between) -> None:
    put(store, told("甲报"), told("乙报", more="，警方介入"), told("丙报", "赵大山", LUQUAN, 5117))
    assert together(store, "reader") == [["丙报"], ["乙报", "甲报"]]
    incident = incident_of(store, "甲报")
    with store.writing() as session:
        rulings.mark(session, incident, tlp="amber", by="编辑甲")
    assert together(store, "reader") == [["丙报"]]
    # Read without names, places and sums, and as text of its own: nothing links it to the other any more.
    for name in ("甲报", "乙报"):
        read_anew(store, name, between)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filing, "signature", lambda _text: ())
        for name in ("甲报", "乙报"):
            read_anew(store, name, something_else)
        homes = {incident_of(store, name): name for name in ("甲报", "乙报")}
        assert len(homes) == 2
        assert together(store, "reader") == [["丙报"]]
        with store.reading() as session:
            marks = {row.incident_id: (row.details["tlp"], row.by) for row in rulings.listed(session)}
        assert {home: marks.get(home) for home in homes} == dict.fromkeys(homes, ("amber", "编辑甲"))
        # A person's later word on one of them counts, also after one more reading.
        opened, name = homes.popitem()
        with store.writing() as session:
            rulings.mark(session, opened, tlp="clear", by="编辑乙")
        assert [name] in together(store, "reader")
        read_anew(store, name, something_else)
        assert [name] in together(store, "reader")


def test_a_corrected_text_of_a_closed_complaint_stays_closed(store: Store) -> None:
    put(store, complaint("我被骗了\n嫌疑人：钱大山\n损失：777"))
    with store.writing() as session:
        [report] = session.scalars(sa.select(ReportRow))
        reports.review(session, report.id, by="值班员甲")
    assert together(store, "reader") == [[""]]  # a reader is not told its number
    with store.writing() as session:
        rulings.mark(session, incident_of(store, "TS-1"), tlp="red", by="编辑甲")
    for text in ("我被骗了\n嫌疑人：钱大川\n损失：80001", "更正：骗我的人\n嫌疑人：吴小林\n损失：19"):
        with store.writing() as session:
            reports.correct(session, report.id, by="乙", document=complaint(text))
        put(store)
        assert together(store, "reader") == []
        assert len(together(store)) == 1


def test_whoever_saw_an_older_revision_is_told(store: Store) -> None:
    from nlp.errors import ConflictError

    put(store, told("甲报"), told("乙报", "胡某某", LUQUAN, 3460))
    first, second = incident_of(store, "甲报"), incident_of(store, "乙报")
    with store.writing() as session:
        rulings.mark(session, first, tlp="green", by="编辑甲", seen=1)
    before = listed(store, "analyst")
    refused: list[Callable[..., object]] = [
        lambda session: rulings.mark(session, first, tlp="red", by="编辑乙", seen=1),
        lambda session: rulings.merge(session, second, into=first, by="编辑乙", seen=1, seen_into=1),
        lambda session: rulings.merge(session, first, into=second, by="编辑乙", seen=1),
        lambda session: rulings.split(session, first, document_ids=["d-0"], by="编辑乙", seen=1),
    ]
    for act in refused:
        with pytest.raises(ConflictError, match="第 2 版"), store.writing() as session:
            act(session)
    assert listed(store, "analyst") == before
