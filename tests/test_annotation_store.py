"""Annotations are kept: everybody's own, every version, nobody's overwritten unseen; what is not of the text or the taxonomy is refused."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa

from corpora.judgments import Judgment, MarkedSpan, as_data, check, from_data
from nlp import taxonomy
from nlp.errors import ConflictError, InputError, NotFoundError, TaxonomyError
from nlp.records import Document
from serving import inbox, incidents
from serving.annotation import saving
from serving.annotation.proposing import probabilities, propose
from serving.store.tables import ArticleRow
from serving.store.tables_annotation import AnnotationRow, AnnotationVersionRow
from serving.worker import Worker
from tests.fake_analyzer import make
from tests.stores import fresh_store

TEXT = "刷单被骗 受害人：赵小红 损失：32800"
FIRST, SECOND, *_ = taxonomy.load().label_ids
EMPTY = taxonomy.load().empty.id
SPANS = (MarkedSpan(9, 12, "person", "victim"), MarkedSpan(16, 21, "amount", "loss"))
SAID = Judgment("case", FIRST, spans=SPANS)


@pytest.fixture
def store(tmp_path):
    opened = fresh_store(tmp_path)
    with opened.writing() as session:
        inbox.accept(session, Document("t", TEXT, origin="test"))
    Worker(opened, make()).drain()
    yield opened
    opened.close()


@pytest.fixture
def document_id(store):
    with store.reading() as session:
        return session.scalars(sa.select(ArticleRow.document_id)).one()


def save(store, document_id, judgment=SAID, by="甲", seen=0, **more):
    with store.writing() as session:
        return saving.save(session, document_id, judgment, by=by, seen=seen, **more)


def held(store, document_id, by="甲", part=saving.JUDGED):
    with store.reading() as session:
        row = saving.held(session, document_id, by, part)
        return saving.judgment_of(row) if row is not None else None


def test_what_is_saved_comes_back_and_says_what_the_machine_said(store, document_id):
    row = save(store, document_id)
    assert (row.revision, row.state, row.annotator) == (1, "held", "甲")
    assert held(store, document_id) == SAID
    assert row.machine["label"] == FIRST
    assert row.machine["labels"][EMPTY] + sum(
        p for label, p in row.machine["labels"].items() if label != EMPTY
    ) == pytest.approx(0.05 + 0.8 * 0.95)


def test_one_changes_his_own_and_every_version_stays(store, document_id):
    save(store, document_id)
    save(store, document_id, replace(SAID, label=SECOND), seen=1)
    save(store, document_id, replace(SAID, label=SECOND, also=(FIRST,)), by="乙")
    assert held(store, document_id).label == SECOND
    with store.reading() as session:
        row = saving.held(session, document_id, "甲")
        assert [version.content["label"] for version in saving.versions(session, row)] == [FIRST, SECOND]
        assert [row.annotator for row in saving.all_of(session, document_id)] == ["甲", "乙"]


def test_the_second_of_two_savers_is_told_and_nothing_of_either_is_lost(store, document_id):
    save(store, document_id)
    save(store, document_id, replace(SAID, label=SECOND), seen=1)
    with pytest.raises(ConflictError, match="在别处又保存过"):
        save(store, document_id, replace(SAID, kind="advisory"), seen=1)
    assert held(store, document_id) == replace(SAID, label=SECOND)
    save(store, document_id, replace(SAID, kind="advisory"), seen=2)  # he has seen both and means it
    assert held(store, document_id).kind == "advisory"


def test_two_savings_at_the_same_moment_leave_one_and_one_refusal(store, document_id):
    outcomes = []
    start = threading.Barrier(2)

    def race(label):
        start.wait()
        try:
            outcomes.append(save(store, document_id, replace(SAID, label=label)).label)
        except ConflictError:
            outcomes.append("told")

    threads = [threading.Thread(target=race, args=(label,)) for label in (FIRST, SECOND)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("told") == 1
    assert held(store, document_id).label in outcomes


def test_undoing_goes_back_step_by_step_and_keeps_what_was_undone(store, document_id):
    for seen, label in enumerate((FIRST, SECOND, FIRST)):
        save(store, document_id, replace(SAID, label=label), seen=seen)
    found = []
    for seen in (3, 4, 5):
        with store.writing() as session:
            row = saving.take_back(session, document_id, by="甲", seen=seen)
            found.append((row.state, row.label))
    assert found == [("held", SECOND), ("held", FIRST), ("withdrawn", FIRST)]
    assert held(store, document_id) is None
    with store.writing() as session, pytest.raises(NotFoundError):
        saving.take_back(session, document_id, by="甲", seen=6)
    with store.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(AnnotationVersionRow)) == 6
        assert saving.revision_of(session, document_id, "甲") == 6
    save(store, document_id, seen=6)
    with store.writing() as session:
        assert saving.take_back(session, document_id, by="甲", seen=7).state == "withdrawn"


def test_an_undo_that_another_saving_overtook_is_refused(store, document_id):
    save(store, document_id)
    save(store, document_id, replace(SAID, label=SECOND), seen=1)
    with store.writing() as session, pytest.raises(ConflictError, match="没有撤销"):
        saving.take_back(session, document_id, by="甲", seen=1)
    assert held(store, document_id).label == SECOND


def test_a_settlement_is_one_whoever_writes_it(store, document_id):
    save(store, document_id, by="甲", part=saving.SETTLED)
    row = save(store, document_id, replace(SAID, label=SECOND), by="乙", seen=1, part=saving.SETTLED)
    assert (row.annotator, row.revision) == ("乙", 2)
    assert held(store, document_id, by="丙", part=saving.SETTLED).label == SECOND
    with store.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(AnnotationRow)) == 1
    with store.writing() as session:
        assert saving.take_back(session, document_id, by="丙", seen=2, part=saving.SETTLED).annotator == "甲"


def test_a_document_that_was_withdrawn_takes_no_annotation(store, document_id):
    with store.writing() as session:
        incidents.withdraw_documents(session, [document_id])
    with pytest.raises(ConflictError, match="已撤回"):
        save(store, document_id)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "story"}, "未知种类"), ({"kind": "unrelated"}, "矛盾"), ({"label": EMPTY}, "矛盾"), ({"also": (FIRST,)}, "第二类型"),
        ({"also": (SECOND, SECOND)}, "第二类型"), ({"tactics": ("x" * 41,)}, "手法"), ({"tactics": ("跑分", "跑分")}, "手法"),
        ({"spans": (MarkedSpan(0, len(TEXT) + 1, "person"),)}, "不在原文"), ({"spans": (MarkedSpan(3, 3, "person"),)}, "不在原文"),
        ({"spans": (MarkedSpan(-1, 3, "person"),)}, "不在原文"), ({"spans": (MarkedSpan(0, 2, "car"),)}, "未知的标注类别"),
        ({"spans": (MarkedSpan(0, 2, "person", "loss"),)}, "没有作用"), ({"spans": (MarkedSpan(0, 2, "time", "loss"),)}, "没有作用"),
        ({"spans": (MarkedSpan(0, 2, "person"), MarkedSpan(0, 2, "person", "victim"))}, "标了两次"),
    ],
)  # fmt: skip
def test_what_is_not_of_the_text_or_the_taxonomy_is_refused(change, told):
    with pytest.raises(InputError, match=told):
        check(replace(SAID, **change), TEXT, "d")


def test_an_unknown_label_or_version_is_refused():
    with pytest.raises(TaxonomyError):
        check(replace(SAID, label="no-such-type"), TEXT)
    with pytest.raises(TaxonomyError):
        check(replace(SAID, taxonomy="1999.1"), TEXT)


@pytest.mark.parametrize(
    "data",
    [{}, {"kind": "case"}, {"kind": "case", "label": FIRST, "spans": [{"start": "1", "end": 2, "type": "person"}]},
     {"kind": "case", "label": FIRST, "spans": [{"start": True, "end": 2, "type": "person"}]}, {"kind": "case", "label": FIRST, "spans": 5},
     {"kind": "case", "label": FIRST, "spans": [[1, 2]]}],
)  # fmt: skip
def test_values_of_a_wrong_sort_are_one_clear_error(data):
    with pytest.raises(InputError, match="不成形的标注"):
        from_data(data)


def test_a_judgment_goes_to_json_and_back():
    full = replace(SAID, also=(SECOND,), tactics=("跑分",))
    assert from_data(as_data(full)) == full


def test_the_machine_s_proposal_is_where_a_person_starts(store, document_id):
    with store.reading() as session:
        proposal = propose(session.scalars(sa.select(ArticleRow)).all())
    assert proposal.judgment == replace(SAID)
    assert TEXT[9:12] == "赵小红"
    check(proposal.judgment, TEXT)


def test_the_probabilities_sum_to_one_whatever_the_model_gives():
    from nlp.records import Verdict

    even = dict.fromkeys(taxonomy.load().label_ids, 1 / 17)
    told = Verdict("case", 0.7, FIRST, 0.5, even, kinds={"case": 0.7, "advisory": 0.1, "unrelated": 0.2})
    assert probabilities(told)[EMPTY] == 0.2
    assert sum(probabilities(told).values()) == pytest.approx(1)
    assert probabilities(replace(told, kinds={}, kind="unrelated"))[EMPTY] == 0.7
